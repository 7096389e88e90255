import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { dataDirectory, firstStart, runCli, startGateway, type Env } from '../../support/gateway.ts'
import { writeEarlierDatabase } from '../../support/earlier-database.ts'
import { blocksOf, read, typedIn, wordsOf } from './guides.ts'

/** What the server of test/fixtures/database-0.1.0.sql was told. */
const earlierEnvironment: Env = {
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  BRIDGE_CLIENT_ID: 'client-id-of-the-operator',
  BRIDGE_CLIENT_SECRET: 'client-secret-of-the-operator',
  BRIDGE_BASE_URL: 'http://127.0.0.1:9', // discard: Bridge is not needed
}

/** Runs a command of a guide in `env`, with what its reader fills in; `--yes` where a reader would be asked. */
async function typeIn(env: Env, command: string, filled: Record<string, string> = {}) {
  const words = wordsOf(command).map((word) => filled[word] ?? word)
  const isAsked = ['restore', 'revoke'].some((verb) => words.slice(0, 2).includes(verb))
  return runCli(env, ...words, ...(isAsked ? ['--yes'] : []))
}

test('the commands of backups.md make copies, verify them, and bring them back', async () => {
  const env = dataDirectory(onTestFinished)
  const other = join(env['HOME']!, 'other')
  await firstStart(env)
  await runCli(env, 'tenant', 'create', 'acme')
  const made = await runCli(env, 'key', 'create', '--tenant', 'acme', '--site', 'erp', '--json')
  const { api_key: key } = JSON.parse(made.stdout) as { api_key: string }
  const filled: Record<string, string> = { '/mnt/other': other, KEY: key, TENANT: 'acme' }
  const commands = typedIn('docs/backups.md').filter((command) => command.startsWith('bank-api '))

  const failed = []
  for (const command of commands) {
    if (command.includes('verify FILE') && filled['FILE'] === undefined) {
      const [copy = ''] = readdirSync(other)
      filled['FILE'] = join(other, copy)
      filled['/mnt/other/bank-api-2026-03-17T02-00-00Z.sqlite'] = join(other, copy)
    }
    if (command.includes('--allow-unsigned')) filled['FILE'] = unsignedCopy(env)
    filled['/tmp/restored.sqlite'] = filled['FILE'] ?? ''
    const { code, stderr } = await typeIn(env, command, filled)
    if (code !== 0) failed.push([command, stderr])
    if (command.includes('--disable-tenants'))
      expect(await acme(env)).toMatchObject({ disabled: expect.any(String) as string })
  }

  expect(failed).toEqual([])
  expect(commands.length).toBeGreaterThan(8)
  expect(await acme(env)).toMatchObject({ disabled: null })
})

async function acme(env: Env): Promise<unknown> {
  const { stdout } = await runCli(env, 'tenant', 'list', '--json')
  return (JSON.parse(stdout) as unknown[])[0]
}

/** A copy as Litestream makes one: the same rows, and no signature. */
function unsignedCopy(env: Env): string {
  const file = join(env['HOME']!, `unsigned-${readdirSync(env['HOME']!).length}.sqlite`)
  const database = new Sqlite(join(env['DATA_DIR']!, 'bank-api.sqlite'), { readonly: true })
  database.exec(`VACUUM INTO '${file}'`)
  database.close()
  return file
}

test('the master key changes as keys.md tells, and a copy from before comes back as backups.md tells', async () => {
  const [old, young] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'))
  const masterKeysIn = (page: string): string[] =>
    [...read(page).matchAll(/`(?:MASTER_KEY=)?([\w-]+:<[^`]*>)`/g)].map(([, keys = '']) =>
      keys.replace('<old key>', old!).replace(/<(?:new )?key>/, young!),
    )
  const [[both, alone], [forCopy]] = [masterKeysIn('docs/keys.md'), masterKeysIn('docs/backups.md')]
  const env: Env = { ...earlierEnvironment, ...dataDirectory(onTestFinished), MASTER_KEY: old! }
  await firstStart(env)
  const { stdout } = await runCli(env, 'backup', '--json')
  const { copy } = JSON.parse(stdout) as { copy: string }

  const ran = []
  ran.push(await runCli({ ...env, MASTER_KEY: both! }, 'rekey'))
  ran.push(await runCli({ ...env, MASTER_KEY: alone! }, 'tenant', 'create', 'acme'))
  const backup = read('docs/keys.md').match(/^4\. `bank-api (backup)`/m)
  ran.push(await runCli({ ...env, MASTER_KEY: alone! }, ...backup!.slice(1)))
  const { stdout: examined } = await runCli({ ...env, MASTER_KEY: alone! }, 'doctor', '--json')
  const findings = JSON.parse(examined) as { code: string; level: string }[]
  const ofCopies = findings.filter(({ code }) => code.startsWith('backup.'))
  expect(new Set(ofCopies.map(({ level }) => level))).toEqual(new Set(['ok']))
  ran.push(await runCli({ ...env, MASTER_KEY: forCopy! }, 'restore', copy, '--yes'))

  expect(ran.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    ran.map(() => ({ code: 0, stderr: '' })),
  )
})

test('after an upgrade the copy from before it is there, and comes back as upgrading.md tells', async () => {
  const env: Env = { ...dataDirectory(onTestFinished), ...earlierEnvironment }
  const { database, rows } = writeEarlierDatabase('database-0.1.0')
  mkdirSync(env['DATA_DIR']!)
  copyFileSync(database, join(env['DATA_DIR']!, 'bank-api.sqlite'))
  const backups = join(env['DATA_DIR']!, 'backups')

  const server = await startGateway(env, onTestFinished)
  const ready = await fetch(`${server.url}/ready`)
  await server.end('SIGTERM')
  const [before = ''] = readdirSync(backups).filter((file) => file.includes('before'))
  const [command = ''] = typedIn('docs/upgrading.md')
  const named = wordsOf(command).at(-1)!
  const restored = await typeIn(env, command, { [named]: join(backups, before) })
  const { stdout } = await runCli(env, 'tenant', 'list', '--json')

  expect(ready.status).toBe(200)
  expect(before).toMatch(/^bank-api-before-migration-\d{4}\.sqlite$/)
  expect(restored).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toHaveLength(rows['tenants']!)
})

test('the commands of moving.md take over the users of its own example', async () => {
  const env = dataDirectory(onTestFinished)
  await firstStart(env)
  const [users = ''] = blocksOf('docs/moving.md', 'csv')
  writeFileSync(join(env['HOME']!, 'users.csv'), users.replaceAll(/^ +/gm, ''))

  const ran = []
  for (const command of typedIn('docs/moving.md')) ran.push(await typeIn(env, command))

  expect(ran.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    ran.map(() => ({ code: 0, stderr: '' })),
  )
  const { stdout } = await runCli(env, 'user', 'list', '--tenant', 'acme', '--json')
  expect(JSON.parse(stdout)).toHaveLength(2)
})
