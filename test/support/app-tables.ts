import Sqlite from 'better-sqlite3'
import { onTestFinished } from 'vitest'

/** What moves without a caller's doing, or says only that Bridge was asked: no fact about a bank. */
const passing: Record<string, readonly string[]> = {
  bridge_users: ['items_read_at'],
  instance: ['mode'],
}

/**
 * Reads all rows of a database that an app has open, as JSON text by table. Audit, call log and what the log counts are left
 * out: there refusals belong.
 */
export function tablesOf(path: string): () => Record<string, string[]> {
  const db = new Sqlite(path, { readonly: true })
  onTestFinished(() => {
    db.close()
  })
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all() as string[]
  return () =>
    Object.fromEntries(
      names
        .filter((name) => !['audit', 'calls', 'usage'].includes(name))
        .map((name) => [name, rowsOf(db, name).map((row) => JSON.stringify(row))]),
    )
}

function rowsOf(db: Sqlite.Database, table: string): object[] {
  const rows = db.prepare(`SELECT * FROM "${table}" ORDER BY rowid`).all() as Record<
    string,
    unknown
  >[]
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !passing[table]?.includes(name))),
  )
}
