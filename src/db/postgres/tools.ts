import type { Writable } from 'node:stream'
import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { sql, type SQL } from 'drizzle-orm'
import { NodePgDatabase, NodePgSession } from 'drizzle-orm/node-postgres'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { StoreAwayError, StoreBusyError, StoreDiskError } from '../store-errors.ts'
import {
  ConnectionLostError,
  isPostgresError,
  LostRaceError,
  rootOf,
  stateOf,
  withoutValues,
} from './errors.ts'

/** Statements of one connection: the pool's next free one, or the one a transaction has. */
export type Db = NodePgDatabase

/** What an operation works with. */
export interface Tools {
  /** Statements that need not be one: each is committed by itself, and sees what others committed before it. */
  run<T>(work: (db: Db) => Promise<T>): Promise<T>
  /**
   * One transaction, READ COMMITTED: all of it or nothing. What it decides by, it locks first: `operations/locks.ts`.
   * The work may run several times, so it must change nothing but the database. Statements whose answers it does not need
   * it gives to `last`: they are sent with the commit, in their order.
   */
  transaction<T>(work: (db: Db, last: Last) => Promise<T>, patience?: Patience): Promise<T>
  /**
   * One transaction of statements none of which needs the answer of another: one round trip. Each sees what was committed
   * when those before it were done.
   */
  together<T extends readonly Statement[]>(
    statements: (db: Db) => T,
    patience?: Patience,
  ): Promise<Answers<T>>
  /** Whether a pooler stands between us and the server. */
  isPooled(): Promise<boolean>
}

/** Whether a transaction waits for locks as long as the pool lets it, or hardly at all: a StoreBusyError comes after that. */
export type Patience = 'patient' | 'impatient'

const impatientMs = 100

/** A statement that is not sent yet. */
interface Statement<T = unknown> {
  execute(): Promise<T>
}

export type Last = (...statements: Statement[]) => void

type Answers<T extends readonly Statement[]> = {
  -readonly [Nth in keyof T]: T[Nth] extends Statement<infer Answer> ? Answer : never
}

/**
 * How long at most what met a deadlock, or lost against another transaction, pauses before it runs again. Half of it is by
 * chance: those who lost together would meet again.
 */
const patienceMs = [5, 10, 25, 50, 100, 200, 400]

/** How many may wait for a connection: whoever comes next is told to come again. */
const mostWaiting = 2_000

/** Serialization failure, deadlock, and a statement that was prepared in vain: everything was undone, and may work the next time. */
const isToRepeat = (error: unknown): boolean =>
  error instanceof LostRaceError ||
  ['40001', '40P01'].includes(stateOf(error) ?? '') ||
  isPlanGone(error)

/**
 * A plan of before a migration that changed what it answers; and one that is another server process's, for a pooler stands in
 * between after all.
 */
const isPlanGone = (error: unknown): boolean =>
  ['26000', '42P05'].includes(stateOf(error) ?? '') ||
  (rootOf(error) as { routine?: string } | undefined)?.routine === 'RevalidateCachedQuery'

export function createTools(pool: Connections): Tools {
  const withClient = <T>(work: (client: Client) => Promise<T>): Promise<T> =>
    patiently(async () => {
      const client = await connect(pool)
      failures.delete(client)
      let broken: Error | undefined
      try {
        return await work(client)
      } catch (error) {
        if (isConnectionGone(error)) broken = rootOf(error) as Error
        throw error
      } finally {
        client.release(broken)
      }
    })
  return {
    run: (work) => withClient((client) => work(statementsOn(client))),
    transaction: (work, patience) => withClient((client) => inTransaction(client, work, patience)),
    together: (statements, patience) =>
      withClient((client) => allTogether(client, statements, patience)),
    isPooled: () => withClient(lookForPooler),
  }
}

type Client = pg.PoolClient

/** What is needed of a pool. */
export type Connections = Pick<pg.Pool, 'connect' | 'waitingCount'>

async function connect(pool: Connections): Promise<Client> {
  if (pool.waitingCount >= mostWaiting) throw new StoreAwayError('Too many wait for the database')
  try {
    return await pool.connect()
  } catch (cause) {
    throw new ConnectionLostError('No connection to the database', { cause })
  }
}

async function inTransaction<T>(
  client: Client,
  work: (db: Db, last: Last) => Promise<T>,
  patience?: Patience,
): Promise<T> {
  return orUndone(client, async () => {
    const begun = begin(client, patience) // goes along with the first statement
    begun.catch(() => {})
    const last: Statement[] = []
    const result = await work(statementsOn(client), (...more) => void last.push(...more))
    await begun
    await Promise.all([...last.map((one) => one.execute()), query(client, 'COMMIT')])
    return result
  })
}

async function allTogether<T extends readonly Statement[]>(
  client: Client,
  statements: (db: Db) => T,
  patience?: Patience,
): Promise<Answers<T>> {
  return orUndone(client, async () => {
    const begun = begin(client, patience)
    const answers = Promise.all(statements(statementsOn(client)).map((one) => one.execute()))
    await Promise.all([begun, answers, query(client, 'COMMIT')])
    return (await answers) as Answers<T>
  })
}

const begin = (client: Client, patience: Patience = 'patient'): Promise<unknown> => {
  const begun = query(client, 'BEGIN')
  if (patience === 'patient') return begun
  return Promise.all([begun, query(client, `SET LOCAL lock_timeout = ${impatientMs}`)])
}

/** After an error nothing stays; its commit, when that was sent already, undid all. */
async function orUndone<T>(client: Client, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // A connection that is gone took the transaction with it.
    if (!isConnectionGone(error)) await query(client, 'ROLLBACK')
    throw error
  }
}

const dialect = new PgDialect({ casing: 'snake_case' })

/** drizzle over a connection, as long as that lives. */
function statementsOn(client: Client): Db {
  const known = open.get(client)
  if (known) return known
  const passing = {
    query: (config: string | pg.QueryConfig, values?: unknown[]) => query(client, config, values),
  }
  const made = new NodePgDatabase(
    dialect,
    new NodePgSession(passing as unknown as Client, dialect, undefined),
    undefined,
  )
  open.set(client, made)
  return made
}

const open = new WeakMap<Client, Db>()

/** Its first row. */
export const first = async <Row>(rows: PromiseLike<readonly Row[]>): Promise<Row | undefined> =>
  (await rows)[0]

/** A statement that is there for what it does. */
export const done = async (statement: PromiseLike<unknown>): Promise<void> => void (await statement)

/** How many rows it wrote. */
export const changed = async (statement: PromiseLike<pg.QueryResult>): Promise<number> =>
  (await statement).rowCount ?? 0

/**
 * Rows as a table for a statement, a list for each column: so it is the same statement however many rows there are. `nth`
 * counts them.
 */
export function tableOf<Row extends object>(
  name: string,
  rows: readonly Row[],
  types: { readonly [Column in keyof Row]?: 'text' | 'bigint' | 'bytea' },
): SQL {
  const columns = Object.entries(types) as [keyof Row & string, string][]
  const lists = columns.map(
    ([column, type]) => sql`${sql.param(rows.map((row) => row[column]))}::${sql.raw(type)}[]`,
  )
  const names = sql.join(
    [...columns.map(([column]) => column), 'nth'].map((one) => sql.identifier(one)),
    sql`, `,
  )
  return sql`unnest(${sql.join(lists, sql`, `)}) WITH ORDINALITY AS ${sql.identifier(name)}(${names})`
}

/**
 * A statement that is worded once for a connection: drizzle takes longer for that than the database for its answer. The
 * database parses and plans it once for a connection, too, where no pooler stands in between.
 */
export function prepared<T extends object>(
  word: (db: Db) => { prepare(name: string): T },
): (db: Db) => T {
  const kept = new WeakMap<Db, T>()
  const name = `bank_api_${(statements += 1)}`
  return (db) => {
    const known = kept.get(db)
    if (known) return known
    const made = word(db).prepare(name)
    kept.set(db, made)
    return made
  }
}
let statements = 0

/** Connections that reach their server process itself: it keeps a statement that has a name. */
const direct = new WeakSet<Client>()

/**
 * Finds out whether a pooler stands in between: it hands out process ids of its own, and in transaction mode the next statement
 * may reach another process. Until that is known no statement has a name. (PostgreSQL: BackendKeyData.)
 */
export async function lookForPooler(client: Client): Promise<boolean> {
  const { processID: told } = client as Client & { processID: number | null }
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  if (rows[0]?.pid !== told) return true
  direct.add(client)
  return false
}

async function query(
  client: Client,
  config: string | pg.QueryConfig,
  values?: unknown[],
): Promise<pg.QueryResult> {
  try {
    sendTogether(client)
    return await client.query(withName(client, config) as pg.QueryConfig, values?.map(toText))
  } catch (cause) {
    if (!isPostgresError(cause)) {
      throw new ConnectionLostError('The connection to the database broke', { cause })
    }
    // What was sent along with a statement that failed may be heard of before it: it failed for the same reason.
    if (transactionOver.includes(stateOf(cause) ?? '')) throw failures.get(client) ?? cause
    failures.set(client, cause)
    throw cause
  }
}

/** A statement in a transaction of which an earlier one failed; and one that could not be prepared for that reason. */
const transactionOver = ['25P02', '26000']

const withName = (client: Client, config: string | pg.QueryConfig): string | pg.QueryConfig =>
  typeof config === 'string' || config.name === undefined || direct.has(client)
    ? config
    : { ...config, name: '' }

/** What last failed by itself of the work that has a connection. */
const failures = new WeakMap<Client, unknown>()

/** What is asked of a connection before the event loop turns leaves in one packet: each costs as much as wording its statement. */
function sendTogether(client: Client & { connection?: { stream: Writable } }): void {
  const stream = client.connection?.stream
  if (!stream || stream.writableCorked > 0) return
  stream.cork()
  setImmediate(() => stream.uncork())
}

/** PostgreSQL's texts hold anything but U+0000, which no name or id of ours has: it finds nothing, and is stored as unreadable. */
export function toText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toText)
  return typeof value === 'string' && value.includes('\0')
    ? value.replaceAll('\0', '\uFFFD')
    : value
}

/**
 * Runs the work, again after pauses when another transaction was in its way. An error says nothing of the values that were
 * at work. A database that is away or busy is a StoreBusyError: the next call finds it when it is back.
 */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const pause of [...patienceMs, undefined]) {
    try {
      return await work()
    } catch (error) {
      if (pause === undefined || !isToRepeat(error)) throw toStoreError(error)
      await wait(randomInt(Math.ceil(pause / 2), pause + 1))
    }
  }
  throw new StoreBusyError('The database is busy')
}

/** Disk full, and input or output failed. */
const diskStates = ['53100', '58030']

/** Connections, resources, an operator who stops the server, or a standby that takes no writes. */
const awayStates = /^(?:08|53|57P)|^25006$/

/**
 * A lock or a statement that took too long; a transaction that was idle for too long; and what is still in the way of others
 * after all repetitions.
 */
const busyStates = /^40|^(?:25P03|55P03|57014)$/

function toStoreError(error: unknown): unknown {
  const root = rootOf(error)
  const cause = withoutValues(root)
  const state = stateOf(root)
  if (root instanceof ConnectionLostError)
    return new StoreAwayError('The database is away', { cause })
  if (root instanceof LostRaceError) return new StoreBusyError('The database is busy', { cause })
  if (state === undefined) return cause
  if (diskStates.includes(state)) return new StoreDiskError('The disk is full, or fails', { cause })
  if (awayStates.test(state)) return new StoreAwayError('The database is away', { cause })
  if (busyStates.test(state)) return new StoreBusyError('The database is busy', { cause })
  return cause
}

/**
 * Whether the connection is of no use any more: it broke, its plans are gone, the server is stopping or said that it will close
 * it, or it takes no writes. After a failover the name may be another server's, which only a new connection finds.
 */
const isConnectionGone = (error: unknown): boolean =>
  rootOf(error) instanceof ConnectionLostError ||
  isPlanGone(error) ||
  /^(?:08|57P|25P03|25006)/.test(stateOf(error) ?? '')
