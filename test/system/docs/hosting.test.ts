import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { databasePath, loadConfig } from '../../../src/config.ts'
import { systemClock } from '../../../src/clock.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { runCli } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'

const guide = readFileSync(new URL('../../../docs/hosting.md', import.meta.url), 'utf8')

test('the file of the guide is applied by the commands of the guide', async () => {
  const [, declared = ''] = /```json\n([\s\S]*?)```/.exec(guide) ?? []
  const commands = [...guide.matchAll(/^bank-api (apply .*)$/gm)].map(([, words = '']) => words)
  const folder = testFolder()
  const config = loadConfig({ DATA_DIR: folder })
  const store = createSqliteStore(databasePath(config))
  await unlockInstance(store, { config, clock: systemClock })
  await store.close()
  writeFileSync(join(folder, 'hosted.json'), declared)

  const ran = []
  for (const words of commands) ran.push(await runCli(folder, words.split(' ')))

  expect(ran.map(({ code, err }) => ({ code, err }))).toEqual([
    { code: 0, err: '' },
    { code: 0, err: '' },
  ])
  expect(ran[0]!.out).toContain('\nnothing was changed: a dry run\n')
  for (const line of ran.flatMap(({ out }) => out.split('\n'))) {
    expect(line.length, line).toBeLessThanOrEqual(80)
  }
  const [, secrets = ''] = /--secrets (\S+)/.exec(commands[1]!) ?? []
  expect(existsSync(join(folder, secrets))).toBe(true)
  expect(statSync(join(folder, secrets)).mode & 0o777).toBe(0o600)
  const again = await runCli(folder, ['apply', 'hosted.json'])
  expect(again).toMatchObject({ code: 0, out: 'nothing to change\n' })
})
