import { postgresStores } from '../../support/postgres-stores.ts'
import { withPostgres } from '../../support/postgres.ts'
import { deliveryContract } from '../deliveries.ts'
import { roomsOn } from '../store.ts'

withPostgres((_it, server) => {
  const { open } = postgresStores(server)
  deliveryContract('PostgreSQL', roomsOn(open), { forOneServer: false })
})
