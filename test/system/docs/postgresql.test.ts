import { execFile } from 'node:child_process'
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { environment, secretVariables } from '../../../src/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { dataDirectory, firstStart, runCli, startGateway, type Env } from '../../support/gateway.ts'
import { startPostgres } from '../../support/postgres-server.ts'
import { blocksOf, read, typedIn, wordsOf } from './guides.ts'

/** The blocks of the guide in a language, in order. */
const blocks = (language: string): string[] => blocksOf('docs/postgresql.md', language)

const isOurs = (command: string): boolean => command.startsWith('bank-api ')

const statements = (text = ''): string[] =>
  text
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** Debian's, with `pg_dump`; the package that other tests run on brings the server alone. */
const programs = '/usr/lib/postgresql/15/bin'
const isMissing = !existsSync(`${programs}/pg_dump`) && process.env['CI'] !== 'true'

const shell = (
  command: string,
  env: Env,
  options: { cwd?: string | undefined; uid?: number; gid?: number },
) =>
  promisify(execFile)('sh', ['-ec', command], {
    ...options,
    env: { PATH: `${programs}:${process.env['PATH']}`, ...env },
  })

test.skipIf(isMissing)(
  'what the guide says of PostgreSQL works: the role, two instances, a dump and its restoring',
  async () => {
    const { url, stop } = await startPostgres({ programs })
    onTestFinished(stop)
    const asOperator = async (sql: readonly string[]) => {
      const client = new Client(`${url}/postgres`)
      await client.connect()
      for (const one of sql) await client.query(one)
      await client.end()
    }
    const [role, timeouts] = blocks('sql')
    const urlOf = (database: string) => url.replace('postgres@', 'bank_api:pw@') + `/${database}`
    const { DATA_DIR: _, ...home } = dataDirectory(onTestFinished)
    const env: Env = {
      ...home,
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://bank.example.test',
      BRIDGE_CLIENT_ID: 'id',
      BRIDGE_CLIENT_SECRET: 'secret',
      BRIDGE_BASE_URL: 'http://127.0.0.1:1',
      MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
      DATABASE_URL: urlOf('bank_api'),
    }
    const jsonOf = async (given: Env, ...words: string[]) =>
      JSON.parse((await runCli(given, ...words, '--json')).stdout) as Record<string, unknown>[]

    await asOperator(statements(role))
    const [one, two] = [
      await startGateway(env, onTestFinished),
      await startGateway(env, onTestFinished),
    ]
    const ready = await Promise.all([one, two].map((each) => fetch(`${each.url}/ready`)))
    await jsonOf(env, 'tenant', 'create', 'acme')
    const members = await jsonOf(env, 'member', 'list')
    await asOperator(statements(timeouts))
    const findings = await jsonOf(env, 'doctor')

    expect(ready.map(({ status }) => status)).toEqual([200, 200])
    expect(members.map(({ state }) => state)).toEqual(['living', 'living'])
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'postgresql role', level: 'ok' }),
    )
    expect(findings).toContainEqual(expect.objectContaining({ check: 'servers', level: 'ok' }))

    const RESTORED_URL = urlOf('restored')
    await asOperator(['CREATE DATABASE restored OWNER bank_api'])
    const [dump = ''] = blocks('sh')
    await shell(dump, { DATABASE_URL: urlOf('bank_api'), RESTORED_URL }, { cwd: home['HOME'] })
    await shell(blocks('sh')[3] ?? '', { RESTORED_URL }, {})
    const restored = await jsonOf({ ...env, DATABASE_URL: RESTORED_URL }, 'tenant', 'list')

    const { DATABASE_URL: __, ...onFile } = env
    const file: Env = { ...onFile, DATA_DIR: join(home['HOME']!, 'data') }
    await firstStart(file)
    await runCli(file, 'tenant', 'create', 'moved')
    await asOperator([
      'CREATE DATABASE moved OWNER bank_api',
      'GRANT CREATE ON DATABASE moved TO bank_api',
    ])
    const moved = []
    for (const command of typedIn('docs/postgresql.md').filter((line) => isOurs(line))) {
      moved.push(await runCli({ ...file, DATABASE_URL: urlOf('moved') }, ...wordsOf(command)))
    }
    const onServer = await jsonOf({ ...env, DATABASE_URL: urlOf('moved') }, 'tenant', 'list')

    expect(moved.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ])
    expect(onServer).toMatchObject([{ tenant: 'moved' }])
    expect(dump).toContain('pg_restore')
    expect(restored).toMatchObject([{ tenant: 'acme' }])
    expect(await nextEvent(RESTORED_URL)).toBeGreaterThan(Date.now() * 9)
  },
)

test.skipIf(isMissing)(
  'PostgreSQL goes back to the moment that is named, as the guide tells, and the program serves it',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bank-api-archive-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    // As root, PostgreSQL runs as nobody: it refuses to be root.
    const owner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    if (owner.uid) chownSync(folder, owner.uid, owner.gid)
    const [, archiving = '', recovery = ''] = blocks('ini').slice(-3)
    const [, copy = '', back = '', numbers = ''] = blocks('sh')
    const data = join(folder, 'data')
    const asOwner = (command: string, env: Env = {}) =>
      shell(
        command.replaceAll('/archive', folder),
        { PGDATA: data, ...env },
        { cwd: folder, ...owner },
      )
    let server = ''
    const start = async () => {
      // Another program may have taken the port while the server was stopped.
      const port = await freePort()
      await asOwner(`pg_ctl start --wait --silent --log="$PGDATA/log" --options=-p${port}`)
      server = `postgres://postgres@127.0.0.1:${port}/postgres`
    }
    const stop = () => asOwner('pg_ctl stop --mode=immediate --silent')
    const configure = (text: string) =>
      appendFileSync(join(data, 'postgresql.conf'), `\n${text.replaceAll('/archive', folder)}`)
    const ask = async (sql: string) => {
      const client = new Client(server)
      await client.connect()
      const { rows } = await client.query<{ answer: string }>(sql)
      await client.end()
      return rows[0]?.answer ?? ''
    }
    const { DATA_DIR: _, ...rest } = dataDirectory(onTestFinished)
    const envOf = (database: string): Env => ({
      ...rest,
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://bank.example.test',
      BRIDGE_CLIENT_ID: 'id',
      BRIDGE_CLIENT_SECRET: 'secret',
      BRIDGE_BASE_URL: 'http://127.0.0.1:1',
      MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
      DATABASE_URL: database,
    })

    await asOwner('initdb --username=postgres --auth=trust')
    configure(`${archiving}unix_socket_directories = ''\n`)
    await start()
    onTestFinished(async () => void (await stop().catch(() => {})))
    const first = await startGateway(envOf(server), onTestFinished)
    await asOwner(copy, { REPLICATION_URL: server })
    await runCli(envOf(server), 'tenant', 'create', 'before')
    const moment = await ask('SELECT clock_timestamp()::text AS answer')
    await runCli(envOf(server), 'tenant', 'create', 'after')
    await ask('SELECT pg_switch_wal()::text AS answer')
    await archived(ask)
    await first.end('SIGTERM')
    await stop()
    const [base = ''] = readdirSync(folder).filter((name) => name.startsWith('base-'))
    await asOwner(back.replace(/base-\S+/, base))
    configure(recovery.replace('2027-03-01 09:30:00+01', moment))
    await start()
    await expect.poll(() => ask('SELECT pg_is_in_recovery()::text AS answer')).toBe('false')
    await asOwner(numbers, { RESTORED_URL: server })
    const next = await nextEvent(server)
    const { url } = await startGateway(envOf(server), onTestFinished)
    const ready = await fetch(`${url}/ready`)
    const { stdout } = await runCli(envOf(server), 'tenant', 'list', '--json')

    expect(ready.status).toBe(200)
    expect(JSON.parse(stdout)).toMatchObject([{ tenant: 'before' }])
    expect(next).toBeGreaterThan(Date.now() * 9)
  },
)

/** The number of the event that comes next. */
async function nextEvent(database: string): Promise<number> {
  const client = new Client(database)
  await client.connect()
  const { rows } = await client.query<{ seq: string }>(
    `INSERT INTO events (id, dedupe_key, type, occurred_at, received_at)
     VALUES ('evt_next', 'next', 'x', 0, 0) RETURNING seq`,
  )
  await client.end()
  return Number(rows[0]?.seq)
}

/** Waits until all segments of the log that are full lie in the archive. */
async function archived(ask: (sql: string) => Promise<string>): Promise<void> {
  const sql = `SELECT count(*) AS answer FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'`
  while ((await ask(sql)) !== '0') await setTimeout(100)
}

test('compose.postgres.yaml runs two equal instances, whose balancer asks for /ready, by a role without powers', () => {
  const text = read('compose.postgres.yaml')
  const [, block = ''] = /^ {2}environment:\n((?: {4}.*\n)+)/m.exec(text) ?? []
  const names = [...block.matchAll(/^ {4}([A-Z_]+):/gm)].map(([, name = '']) => name)
  const known = [
    ...Object.keys(environment.shape),
    ...secretVariables.map((name) => `${name}_FILE`),
    'NODE_OPTIONS',
  ]
  const numberIn = (pattern: RegExp) => Number(pattern.exec(text)?.[1])

  expect(text).toContain('\n  bank-api-1: *instance\n  bank-api-2: *instance\n')
  expect(names).toContain('DATABASE_URL_FILE')
  for (const name of names) expect(known).toContain(name)
  for (const name of [...secretVariables, 'DATA_DIR', 'BACKUP_DIR']) {
    expect(names).not.toContain(name)
  }
  expect(text).toContain('read_only: true')
  expect(text).toContain('reverse_proxy bank-api-1:8080 bank-api-2:8080')
  expect(text).toContain('health_uri /ready')
  expect(numberIn(/STOP_DELAY: '(\d+)'/)).toBeGreaterThan(2 * numberIn(/health_interval (\d+)s/))
  for (const [, listed = ''] of text.matchAll(/ secrets: \[(.*)\]/g)) {
    for (const name of listed.split(', ')) expect(text).toContain(`file: ./secrets/${name}\n`)
  }
  // The guide's statements, with the password that lies in a file.
  for (const statement of statements(blocks('sql')[0]?.replace(/'.*'/, ":'password'"))) {
    expect(text).toContain(`      ${statement};\n`)
  }
})
