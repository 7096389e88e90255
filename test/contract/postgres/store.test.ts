import { postgresStores } from '../../support/postgres-stores.ts'
import { withPostgres } from '../../support/postgres.ts'
import { sharedMemberContract } from '../members.ts'
import { roomsOn, storeContract } from '../store.ts'

withPostgres((_it, server) => {
  const { open } = postgresStores(server)
  storeContract('PostgreSQL', open, { forOneServer: false })
  sharedMemberContract('PostgreSQL', roomsOn(open))
})
