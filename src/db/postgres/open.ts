import { findPackageJSON } from 'node:module'
import { dirname, resolve } from 'node:path'
import { Pool } from 'pg'
import { readDatabaseUrl } from './database-url.ts'
import { migrate } from './migrate.ts'
import { toStartError } from './start-errors.ts'
import { lookForPooler } from './tools.ts'

// From the package's root, for the source and the image's bundle lie at different depths.
export const migrationsFolder = resolve(
  dirname(findPackageJSON(import.meta.url)!),
  'drizzle/postgres',
)

export interface PostgresOptions {
  url: string
  /** The most connections of this process. */
  poolSize: number
  /** How long a call may wait for one of them; 0: as long as it takes. */
  waitMs?: number
  /** How long an answer may take, after which the server counts as away; 0: as long as the server lives. */
  answerMs?: number
  /** Refuse a database without our tables instead of making them. */
  mustExist?: boolean
  /** Called before it waits for another program that changes the schema. */
  onWait?: (() => void) | undefined
}

/** How long a call may wait for a connection, a lock and a statement; and how long a transaction may forget to go on. */
const limitsMs = { wait: 5_000, lock: 5_000, statement: 30_000, idle: 10_000 }

/**
 * A pool that connects when it is first asked. The limits are told to the server at the start of each connection; the last
 * two are our own, for a server that does not answer.
 */
export function createPool({
  url,
  poolSize,
  waitMs = limitsMs.wait,
  answerMs = limitsMs.statement + waitMs,
}: PostgresOptions): Pool {
  const pool = new Pool({
    ...readDatabaseUrl(url),
    max: poolSize,
    application_name: 'bank-api',
    connectionTimeoutMillis: waitMs,
    lock_timeout: limitsMs.lock,
    statement_timeout: limitsMs.statement,
    idle_in_transaction_session_timeout: limitsMs.idle,
    query_timeout: answerMs,
    // A server that is gone without a word is noticed within half a minute, also by who waits as long as it takes.
    keepAlive: true,
    keepAliveInitialDelayMillis: limitsMs.idle,
    // Statements that do not wait for an answer are sent at once, not one after the other.
    pipeline: true,
  })
  // A connection that breaks while nobody uses it: the next one is made when it is needed.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', () => {})
    lookForPooler(client).catch(() => {})
  })
  return pool
}

/** Connects and migrates. When that is impossible it throws what an operator can act on, with PostgreSQL's own reason. */
export async function openPostgres(options: PostgresOptions): Promise<Pool> {
  let first: Pool | undefined
  try {
    // What migrates a large table, or waits for who does, may take hours.
    first = createPool({ ...options, poolSize: 1, answerMs: 0 })
    await migrate(first, migrationsFolder, options)
    return createPool(options)
  } catch (error) {
    throw toStartError(error, first?.options)
  } finally {
    await first?.end()
  }
}
