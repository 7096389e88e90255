import { createPool } from '../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../src/db/postgres/store.ts'
import type { Store } from '../../src/db/store.ts'
import { testDatabase, withPostgres } from '../support/postgres.ts'
import { deliveryContract } from './deliveries.ts'
import { roomsOn, storeContract } from './store.ts'

withPostgres((_it, server) => {
  /** A store whose database is made while its first call waits. */
  const open = (): Store => {
    const pool = testDatabase(server).then((url) =>
      createPool({ url, poolSize: 4, waitMs: 60_000 }),
    )
    return createPostgresStore({
      connect: async () => (await pool).connect(),
      waitingCount: 0,
      end: async () => (await pool).end(),
    })
  }

  const made = { forOneServer: false }
  storeContract('PostgreSQL', open, made)
  deliveryContract('PostgreSQL', roomsOn(open), made)
})
