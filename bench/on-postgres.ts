import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from '../test/support/free-port.ts'
import { startPostgres, type Postgres } from '../test/support/postgres-server.ts'
import { database, type Gateway, type ProcessIdentity } from './gateway.ts'
import { cpuMs, postgresMs, startServer } from './processes.ts'
import type { Holdings } from './seed.ts'

const run = promisify(execFile)
const cli = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** Where the databases of a bench are; one server for the whole run, which ends with it. */
export const postgres = async (): Promise<Postgres> =>
  (started ??= startPostgres({ durable: true }))
let started: Promise<Postgres> | undefined

export const stopPostgres = async (): Promise<void> => (await started)?.stop()

/** A server on PostgreSQL, and a look at its database. */
type OnPostgres = Omit<Gateway, 'ask' | 'readyMs'> & { ask(query: string): Promise<number> }

/** Fills a database of PostgreSQL with what a file of such holdings has, by the command that moves an installation. */
export async function movedDatabase(place: ProcessIdentity, holdings: Holdings) {
  const { clients, env, remove } = await database(place, holdings)
  const name = `bench_${randomUUID().replaceAll('-', '')}`
  const { url: server, pid } = await postgres()
  await ask(`${server}/postgres`, `CREATE DATABASE ${name}`)
  const url = `${server}/${name}`
  await run(process.execPath, [cli, 'migrate-to-postgres', url], { env })
  remove()
  await ask(url, 'VACUUM ANALYZE')
  await ask(url, 'CHECKPOINT')
  const { DATA_DIR: _folder, BACKUP_HOURS: _hours, ...rest } = env
  return { clients, url, env: { ...rest, DATABASE_URL: url }, databaseMs: () => postgresMs(pid()) }
}

/** A server on a fresh database that holds this much. */
export async function openOnPostgres(
  place: ProcessIdentity,
  holdings: Holdings,
  { prepare, more = {} }: { prepare?: () => string; more?: Record<string, string> } = {},
): Promise<OnPostgres> {
  const { clients, url, env, databaseMs } = await movedDatabase(place, holdings)
  if (prepare !== undefined) await ask(url, prepare())
  const port = await freePort()
  const server = await startServer(port, {
    env: { ...env, ...more, PORT: String(port), HOST: '127.0.0.1' },
  })
  const watcher = await watch(url)
  return {
    ...server,
    clients,
    databaseMs: () => databaseMs() - watcher.usedMs(),
    ask: watcher.ask,
    async settled() {
      const left = 'SELECT count(*) FROM events WHERE handled_at IS NULL'
      while ((await watcher.ask(left)) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    async stop() {
      await watcher.end()
      await server.stop()
    },
  }
}

/** Looks at a database by a connection whose work is ours and not the server's: one process does all of it. */
async function watch(url: string) {
  const client = new Client(url)
  await client.connect()
  await client.query('SET max_parallel_workers_per_gather = 0')
  const numberOf = async (query: string): Promise<number> => {
    const { rows } = await client.query<number[]>({ text: query, rowMode: 'array' })
    return Number(rows[0]?.[0])
  }
  const pid = await numberOf('SELECT pg_backend_pid()')
  return { ask: numberOf, usedMs: () => cpuMs(pid), end: () => client.end() }
}

async function ask(url: string, query: string): Promise<number> {
  const watcher = await watch(url)
  try {
    return await watcher.ask(query)
  } finally {
    await watcher.end()
  }
}
