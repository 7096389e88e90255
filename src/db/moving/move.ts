import { drizzle } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import type { AuditEntry } from '../ports/audit.ts'
import { withoutValues } from '../postgres/errors.ts'
import { createPool } from '../postgres/open.ts'
import { writeAudit } from '../postgres/operations/audit.ts'
import { toStartError } from '../postgres/start-errors.ts'
import { createPostgresStore } from '../postgres/store.ts'
import type { Store } from '../store.ts'
import { MoveError } from './move-error.ts'
import { batchesOf, fingerprintOf } from './rows.ts'
import { openSource, type Source } from './source.ts'
import { movedTables } from './tables.ts'
import { openTarget, type Target } from './target.ts'

export interface Move {
  /** A database file of the newest schema, which no server has. */
  from: string
  /** Where the server is that takes it. */
  url: string
  /** Do all of it, and leave nothing. */
  rehearse: boolean
  /** Looks at what was stored before it stays; what it throws undoes everything. */
  check(stored: Pick<Store, 'readInstance' | 'listSealed'>): Promise<void>
  /** What the audit there says of it, by the rows that were moved. */
  note?(rows: Counts): AuditEntry
  /** Hears how far it is; what it throws undoes everything. */
  onProgress(progress: Progress): void
}

export interface Progress {
  step: 'copying' | 'verifying'
  table: string
  rows: number
  of: number
}

/** Rows by table. */
export type Counts = Record<string, number>

/**
 * Copies an installation from a file to PostgreSQL, table by table in batches, and verifies that both hold the same: by the
 * count of each table's rows and a digest over all their values. It is one transaction there: a move that fails, or whose
 * process is killed, leaves nothing, and the next one begins anew. @throws MoveError, ConfigError, StoreAwayError and
 * DatabaseInUseError, each for operators
 */
export async function moveToPostgres({ from, url, ...move }: Move): Promise<Counts> {
  let pool: pg.Pool | undefined
  const source = openSource(from)
  try {
    pool = createPool({ url, poolSize: 1, answerMs: 0 })
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const counts = await moveWithin(client, source, move)
      await client.query(move.rehearse ? 'ROLLBACK' : 'COMMIT')
      return counts
    } finally {
      client.release(true) // what was not committed is undone
    }
  } catch (error) {
    throw toStartError(withoutValues(error), pool?.options)
  } finally {
    source.close()
    await pool?.end()
  }
}

async function moveWithin(
  client: pg.PoolClient,
  source: Source,
  { rehearse, check, note, onProgress }: Omit<Move, 'from' | 'url'>,
): Promise<Counts> {
  const tables = movedTables()
  const target = await openTarget(client, tables, { rehearse })
  for (const table of tables) {
    let rows = 0
    const of = source.count(table)
    for await (const batch of batchesOf(table, source.read)) {
      await target.write(table, batch)
      rows += batch.length
      onProgress({ step: 'copying', table: table.name, rows, of })
    }
    await target.countOn(table, source.lastNumber(table))
    await target.analyze(table)
  }
  const counts = await verify(source, target, onProgress)
  await check(storeWithin(client))
  if (note) await writeAudit(drizzle(client, { casing: 'snake_case' }), note(counts))
  return counts
}

/** Compares what was stored with what the file holds now: a command may have changed it meanwhile. */
async function verify(
  source: Source,
  target: Target,
  onProgress: Move['onProgress'],
): Promise<Counts> {
  source.refresh()
  const counts: Counts = {}
  for (const table of movedTables()) {
    const { name } = table
    const of = source.count(table)
    const [here, there] = await Promise.all([
      fingerprintOf(table, source.read),
      fingerprintOf(table, target.read, (rows) =>
        onProgress({ step: 'verifying', table: name, rows, of }),
      ),
    ])
    if (here.rows !== there.rows || here.digest !== there.digest) {
      const rows = `${here.rows} rows in the file, ${there.rows} in PostgreSQL`
      throw new MoveError(
        `The table ${name} is not the same on both sides (${rows}), so nothing was moved. If a command changed the file meanwhile, repeat the move without it.`,
      )
    }
    counts[name] = here.rows
  }
  return counts
}

/** The store as a transaction sees it, for what reads with single statements. */
const storeWithin = (client: pg.PoolClient): Store => {
  const lent = { query: client.query.bind(client), release: () => {} } as unknown as pg.PoolClient
  return createPostgresStore({ connect: async () => lent, waitingCount: 0, end: async () => {} })
}
