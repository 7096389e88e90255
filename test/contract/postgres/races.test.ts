import { postgresStores } from '../../support/postgres-stores.ts'
import { withPostgres } from '../../support/postgres.ts'
import { claimContract, sharedClaimContract } from '../claims.ts'
import { feedRaceContract } from '../feed.ts'
import { quotaContract } from '../quota.ts'
import { raceContract } from '../races.ts'

withPostgres((_it, server) => {
  const { openSeveral } = postgresStores(server)
  raceContract('PostgreSQL', openSeveral)
  claimContract('PostgreSQL', openSeveral)
  feedRaceContract('PostgreSQL', openSeveral)
  sharedClaimContract('PostgreSQL', openSeveral)
  quotaContract('PostgreSQL', openSeveral)
})
