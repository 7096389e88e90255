import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { runCli as run } from '../../support/run-cli.ts'
import { runHere } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { openStore } from '../../../src/db/open.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { systemClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'

/** The words of every command, as the help tells them. */
async function commandsBelow(path: readonly string[]): Promise<string[]> {
  const { out } = await run(testFolder(), [...path, '--help'])
  const [, listed = ''] = /\nCommands:\n([^]*)/.exec(out) ?? []
  const names = [...listed.matchAll(/^ {2}(\S+)/gm)].map(([, name = '']) => name)
  const below = names
    .filter((name) => name !== 'help')
    .map((name) => commandsBelow([...path, name]))
  const found = (await Promise.all(below)).flat()
  // `backup` does something, and has a command below.
  return found.length === 0 || path.at(-1) === 'backup' ? [path.join(' '), ...found] : found
}

/** In an order in which each finds what it needs. What stands under a refusal is not for a server's database. */
const walk = [
  'tenant create acme',
  'tenant create globex',
  'tenant list',
  'key create --tenant acme --site erp',
  'key list',
  'key update KEY --bridge-version 2021-06-01',
  'key rotate KEY',
  'key revoke KEY --yes',
  'site list --tenant acme',
  'site show erp --tenant acme',
  'site update erp --tenant acme --origin https://erp.acme.test --webhook-url https://erp.acme.test/hook',
  'site secret erp --tenant acme',
  'site portal-link erp --tenant acme',
  'site portal-link erp --tenant acme --end',
  'site rotate-secret erp --tenant acme',
  'site allow-target erp --tenant acme 10.1.0.0/16',
  'user list --site erp',
  'request list --since 2h',
  'item list',
  'call list --status 4xx --tenant acme',
  'event list --item 7',
  'webhook list',
  'webhook replay --tenant acme --since 2027-01-01T00:00Z',
  'webhook enable erp --tenant acme',
  'usage',
  'console login --as anne',
  'console sessions',
  'member list',
  'audit list',
  'tenant export acme',
  'tenant disable globex',
  'tenant enable globex',
  'purge --yes',
  'rekey',
  'site delete erp --tenant acme --yes',
  'tenant delete acme --yes',
  'import FILE --tenant globex',
  'apply DECLARED',
]

/** What these say on an installation that has not seen a server or a webhook yet, or on no file. */
const refused = {
  quota: 'has written nothing down',
  'webhook show dlv_1': 'There is no',
  'webhook test erp --tenant acme': 'There is no tenant named acme',
  'explain nothing': 'Nothing here has the id',
  'item show 7': 'is held by nobody here',
  backup: 'pg_dump: see docs/postgresql.md',
  'backup verify FILE': 'pg_dump: see docs/postgresql.md',
  'restore FILE': 'pg_dump: see docs/postgresql.md',
  'migrate-to-postgres': 'There is no database at',
  'sandbox trigger item.refreshed': 'This is for the sandbox in the box',
  'sandbox advance 12h': 'This is for the sandbox in the box',
} as const

/** An environment for commands on a database that is ready for them. */
async function anEnvironment(server: string) {
  const env = {
    DATABASE_URL: await testDatabase(server),
    BRIDGE_CLIENT_ID: 'id',
    BRIDGE_CLIENT_SECRET: 'secret',
    BRIDGE_BASE_URL: `http://127.0.0.1:${await freePort()}`,
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    ALLOWED_TARGETS: '10.0.0.0/8',
    CONSOLE: 'true',
  }
  const config = loadConfig(env)
  const store = await openStore(config.secrets.database)
  await unlockInstance(store, { config, clock: systemClock })
  await store.close()
  return env
}

withPostgres((it, server) => {
  it('every command works on PostgreSQL, or says in one sentence why not', async () => {
    const folder = testFolder()
    const file = join(folder, 'users.csv')
    writeFileSync(file, 'site,user,user_uuid\nerp,ada,5bd2e9b2-1d2c-4f9c-9a3b-0d8f1f3b2a10\n')
    const declared = join(folder, 'tenants.json')
    writeFileSync(declared, JSON.stringify({ tenants: [{ tenant: 'initech' }] }))
    const env = await anEnvironment(server)
    let key = ''
    const said = async (line: string) => {
      const given: Record<string, string> = { KEY: key, FILE: file, DECLARED: declared }
      const words = line.split(' ').map((word) => given[word] ?? word)
      const ran = await runHere(words, { cwd: folder, env })
      key = /^api_key +(key_\S+)/m.exec(ran.out)?.[1] ?? key
      return { line, code: ran.code, err: ran.err }
    }

    const worked = []
    for (const line of walk) worked.push(await said(line))
    const not = []
    for (const line of Object.keys(refused)) not.push(await said(line))
    const examined = await said('doctor')

    expect(worked).toEqual(walk.map((line) => ({ line, code: 0, err: '' })))
    for (const { line, code, err } of not) {
      expect({ line, code }).toEqual({ line, code: 1 })
      expect(err, line).toContain(refused[line as keyof typeof refused])
      expect(err.trimEnd().split('\n'), line).toHaveLength(1)
    }
    expect(examined).toMatchObject({ code: 2, err: '' }) // no server runs
    // `webhook listen` asks a server, and no database.
    const walked = [...walk, ...Object.keys(refused), 'doctor', 'webhook listen']
    for (const command of await commandsBelow([])) {
      expect(
        walked.some((line) => `${line} `.startsWith(`${command} `)),
        command,
      ).toBe(true)
    }
  })

  it('keys are listed of more tenants than may wait for the database', async () => {
    const env = await anEnvironment(server)
    const client = new Client(env.DATABASE_URL)
    await client.connect()
    await client.query(`
      INSERT INTO tenants (id, name, created_at)
      SELECT 'ten_' || n, 'tenant ' || n, 1 FROM generate_series(1, 2050) AS n`)
    await client.end()
    const cwd = testFolder()
    await runHere(['key', 'create', '--tenant', 'tenant 2050'], { cwd, env })

    const { code, out, err } = await runHere(['key', 'list', '--json'], { cwd, env })

    expect([code, err]).toEqual([0, ''])
    expect(JSON.parse(out)).toMatchObject([{ tenant: 'tenant 2050' }])
  })
})
