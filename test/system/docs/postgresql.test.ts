import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { environment, secretVariables } from '../../../src/config.ts'
import { dataDirectory, runCli, startGateway, type Env } from '../../support/gateway.ts'
import { startPostgres } from '../../support/postgres-server.ts'

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${name}`, import.meta.url)), 'utf8')

const guide = read('docs/postgresql.md')

/** The blocks of the guide in a language, in order. */
const blocks = (language: string): string[] =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  )

const statements = (text = ''): string[] =>
  text
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** Debian's, with `pg_dump`; the package that other tests run on brings the server alone. */
const programs = '/usr/lib/postgresql/15/bin'
const isMissing = !existsSync(`${programs}/pg_dump`) && process.env['CI'] !== 'true'

test.skipIf(isMissing)(
  'what the guide says of PostgreSQL works: the role, two instances, a dump and its restoring',
  { timeout: 240_000 },
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
    for (const command of blocks('sh')) {
      await promisify(execFile)('sh', ['-ec', command], {
        cwd: home['HOME'],
        env: {
          PATH: `${programs}:${process.env['PATH']}`,
          DATABASE_URL: urlOf('bank_api'),
          RESTORED_URL,
        },
      })
    }
    const restored = await jsonOf({ ...env, DATABASE_URL: RESTORED_URL }, 'tenant', 'list')

    expect(blocks('sh').join('')).toContain('pg_restore')
    expect(restored).toMatchObject([{ tenant: 'acme' }])
  },
)

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
