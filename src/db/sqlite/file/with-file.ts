import Sqlite from 'better-sqlite3'

export const toWrite: Sqlite.Options = { timeout: 5_000 }

/** Opens a database file for one piece of work, to read unless said otherwise, and closes it whatever becomes of that. */
export function withFile<T>(
  path: string,
  work: (client: Sqlite.Database) => T,
  options: Sqlite.Options = { readonly: true, fileMustExist: true, timeout: 5_000 },
): T {
  const client = new Sqlite(path, options)
  try {
    return work(client)
  } finally {
    client.close()
  }
}
