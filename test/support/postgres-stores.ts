import { createPool } from '../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../src/db/postgres/store.ts'
import type { Store } from '../../src/db/store.ts'
import { testDatabase } from './postgres.ts'

/** Stores on databases of the test's own, which are made while the first calls wait. */
export function postgresStores(server: string) {
  const openOn = (database: Promise<string>): Store => {
    const pool = poolOn(database)
    return createPostgresStore({
      connect: async () => (await pool).connect(),
      waitingCount: 0,
      end: async () => (await pool).end(),
    })
  }
  return {
    open: () => openOn(testDatabase(server)),
    /** As many servers have one database. */
    openSeveral(count: number) {
      const database = testDatabase(server)
      return Array.from({ length: count }, () => openOn(database))
    },
  }
}

const poolOn = async (database: Promise<string>) =>
  createPool({ url: await database, poolSize: 4, waitMs: 0 })
