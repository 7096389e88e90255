import Sqlite from 'better-sqlite3'
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

it('an export that cannot be noted leaves nothing', async () => {
  const { folder, environment } = await anInstallation()
  const targets = testFolder()
  const database = new Sqlite(join(folder, 'bank-api.sqlite'))
  database.exec(
    `CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'not noted'); END`,
  )
  database.close()

  const args = ['tenant', 'export', 'acme', '--to', join(targets, 'acme.json')]
  const ran = await runCli(folder, args, environment)

  expect(ran.code).not.toBe(0)
  expect(readdirSync(targets)).toEqual([])
})
