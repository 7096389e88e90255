import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCli } from '../../support/run-cli.ts'
import { anInstallation } from '../../support/installation.ts'
import { testFolder } from '../../support/store.ts'

it('an export has its name only once it is whole, also where one before it was stopped', async () => {
  const { folder, environment } = await anInstallation()
  const targets = testFolder()
  const file = join(targets, 'acme.json')
  writeFileSync(`${file}.part`, 'half of an export that was stopped')

  const sizes = new Set<number>()
  const look = (): void => {
    if (existsSync(file)) sizes.add(statSync(file).size)
    looking = setImmediate(look)
  }
  let looking = setImmediate(look)
  const ran = await runCli(folder, ['tenant', 'export', 'acme', '--to', file], environment)
  clearImmediate(looking)

  expect(ran).toMatchObject({ code: 0, err: '' })
  sizes.delete(statSync(file).size)
  expect([...sizes]).toEqual([])
  expect(readdirSync(targets)).toEqual(['acme.json'])
})
