import { createPool } from '../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../src/db/postgres/store.ts'
import type { Store } from '../../src/db/store.ts'
import { testDatabase, withPostgres } from '../support/postgres.ts'
import { claimContract, sharedClaimContract } from './claims.ts'
import { deliveryContract } from './deliveries.ts'
import { feedRaceContract } from './feed.ts'
import { sharedMemberContract } from './members.ts'
import { quotaContract } from './quota.ts'
import { raceContract, type OpenStores } from './races.ts'
import { roomsOn, storeContract } from './store.ts'

withPostgres((_it, server) => {
  const poolOn = async (database: Promise<string>) =>
    createPool({ url: await database, poolSize: 4, waitMs: 0 })

  /** A store whose database is made while its first call waits. */
  const openOn = (database: Promise<string>): Store => {
    const pool = poolOn(database)
    return createPostgresStore({
      connect: async () => (await pool).connect(),
      waitingCount: 0,
      end: async () => (await pool).end(),
    })
  }
  const open = () => openOn(testDatabase(server))

  const made = { forOneServer: false }
  storeContract('PostgreSQL', open, made)
  sharedMemberContract('PostgreSQL', roomsOn(open))
  deliveryContract('PostgreSQL', roomsOn(open), made)
  const openSeveral: OpenStores = (count) => {
    const database = testDatabase(server)
    return Array.from({ length: count }, () => openOn(database))
  }
  raceContract('PostgreSQL', openSeveral)
  claimContract('PostgreSQL', openSeveral)
  feedRaceContract('PostgreSQL', openSeveral)
  sharedClaimContract('PostgreSQL', openSeveral)
  quotaContract('PostgreSQL', openSeveral)
})
