import { readMigrationFiles } from 'drizzle-orm/migrator'
import type pg from 'pg'
import { DatabaseInUseError, DatabaseVersionError } from '../store-errors.ts'
import { stateOf } from './errors.ts'

/** Any number, the same for all of us: whoever has it migrates. */
export const migrationLock = 7_214_365_081

const isMigrating =
  'Another bank-api is bringing this database up to date, which may take long: repeat this when it is done.'

/** What stands in a transaction's way is a server at work. It is not held up for longer. */
const lockTimeout = '10s'

/** How often a migration is tried when servers at work are in its way; then the start fails and says so. */
const tries = 5

/** A deadlock, or a lock that took too long: everything was undone. */
const isInTheWay = (error: unknown): boolean => ['40P01', '55P03'].includes(stateOf(error) ?? '')

type Known = ReturnType<typeof readMigrationFiles>[number]

/**
 * Brings the schema up to date, each migration in a transaction of its own: none keeps what it locked through the indexes that
 * later ones build. One process migrates, the others wait for it. Servers of the version before go on meanwhile, and after:
 * expand first, and take away in a later version, in a migration that begins with `-- requires 12` when programs that know
 * fewer than twelve migrations cannot work with what it leaves. With `mustExist` an empty database is refused, for only a
 * server's first start makes the tables, and so is one that somebody else migrates: a command waits for nobody without a word.
 * Who does wait calls `onWait` before, once.
 */
export async function migrate(
  pool: Pick<pg.Pool, 'connect'>,
  migrationsFolder: string,
  { mustExist = false, onWait }: { mustExist?: boolean; onWait?: (() => void) | undefined } = {},
): Promise<void> {
  const known = readMigrationFiles({ migrationsFolder })
  const client = await pool.connect()
  try {
    const before = await countApplied(client, known)
    if (before >= known.length) return
    if (mustExist && before === 0) {
      throw new DatabaseVersionError(
        'There is nothing of ours in the database that DATABASE_URL names. If it is the right one, start the server, which makes the tables at its first start.',
      )
    }
    let hasWaited = false
    const whenTaken = (): void => {
      if (mustExist) throw new DatabaseInUseError(isMigrating)
      if (!hasWaited) onWait?.()
      hasWaited = true
    }
    for (let left = tries; left > 0;) {
      const end = await migrateNext(client, known, { isLastTry: left === 1, whenTaken })
      if (end === 'done') return
      left = end === 'next' ? tries : left - 1
    }
  } finally {
    client.release()
  }
}

/**
 * One try of the next migration. `again`: servers at work were in its way, and it is not the last try. The lock is asked for
 * each time, for between two migrations it is free.
 */
async function migrateNext(
  client: pg.PoolClient,
  known: readonly Known[],
  { isLastTry, whenTaken }: { isLastTry: boolean; whenTaken: () => void },
): Promise<'done' | 'next' | 'again'> {
  try {
    await client.query('BEGIN')
    const { rows } = await client.query<{ is_free: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1) AS is_free',
      [migrationLock],
    )
    if (!rows[0]?.is_free) whenTaken()
    const applied = await migrateWithin(client, known, 1)
    await client.query('COMMIT')
    return applied < known.length ? 'next' : 'done'
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    if (!isLastTry && isInTheWay(error)) return 'again'
    throw error
  }
}

/** The same as a part of a transaction that does more: so many migrations, if so many are left. Says how many it has had then. */
export async function migrateWithin(
  client: pg.PoolClient,
  known: readonly Known[],
  atMost = known.length,
): Promise<number> {
  await client.query('SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0')
  await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
  await client.query(`SET LOCAL lock_timeout = '${lockTimeout}'`)
  await client.query(
    `CREATE TABLE IF NOT EXISTS __drizzle_migrations
     (id bigint PRIMARY KEY, hash text NOT NULL, created_at bigint, requires bigint NOT NULL)`,
  )
  const applied = await countApplied(client, known) // another process may have been faster
  const next = known.slice(applied, applied + atMost)
  for (const [nth, migration] of next.entries()) await apply(client, applied + nth, migration)
  return applied + next.length
}

async function apply(client: pg.PoolClient, index: number, { sql, hash, folderMillis }: Known) {
  for (const statement of sql) {
    // drizzle-kit names the schema in references alone. The connection's search path says which it is.
    await client.query(statement.replaceAll('"public".', ''))
  }
  const requires = /^-- requires (\d+)/.exec(sql[0] ?? '')?.[1] ?? '0'
  await client.query('INSERT INTO __drizzle_migrations VALUES ($1, $2, $3, $4)', [
    index,
    hash,
    folderMillis,
    requires,
  ])
}

/** How many migrations a database has had, perhaps more than we know. Throws when it had others, or some we cannot live with. */
async function countApplied(client: pg.PoolClient, known: readonly Known[]): Promise<number> {
  const { rows: there } = await client.query<{ it: string | null }>(
    `SELECT to_regclass('__drizzle_migrations') AS it`,
  )
  if (!there[0]?.it) return 0
  const { rows: applied } = await client.query<{ hash: string; requires: string }>(
    'SELECT hash, requires FROM __drizzle_migrations ORDER BY id',
  )
  if (applied.some(({ requires }) => Number(requires) > known.length)) {
    throw new DatabaseVersionError(
      'This database was written by a newer bank-api: upgrade the program.',
    )
  }
  for (const [index, { hash }] of applied.slice(0, known.length).entries()) {
    if (known[index]?.hash !== hash) {
      throw new DatabaseVersionError(
        `Migration ${index} is not the one this database was made with.`,
      )
    }
  }
  return applied.length
}
