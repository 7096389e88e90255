import { expect, onTestFinished } from 'vitest'
import { openStore } from '../../../src/db/open.ts'
import { createPool } from '../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../src/db/postgres/store.ts'
import type { Store } from '../../../src/db/store.ts'
import { startPgBouncer, withPgBouncer } from '../../support/pgbouncer.ts'
import { emptyDatabase, testDatabase } from '../../support/postgres.ts'
import { claimContract } from '../claims.ts'
import { raceContract, type OpenStores } from '../races.ts'

withPgBouncer((it, server) => {
  const through = (pooler: string, database: string) =>
    `${pooler}/${new URL(database).pathname.slice(1)}`

  const open: OpenStores = async (count) => {
    const database = await testDatabase(server)
    const url = through(await startPgBouncer(server), database)
    return Array.from({ length: count }, (): Store =>
      createPostgresStore(createPool({ url, poolSize: 4, waitMs: 0 })),
    )
  }
  raceContract('PgBouncer in transaction mode', open)
  claimContract('PgBouncer in transaction mode', open)

  it('a PgBouncer is noticed', async () => {
    const [store] = (await open(1)) as [Store]
    onTestFinished(() => store.close())

    expect(await store.readServer()).toMatchObject({ isPooled: true })
  })

  it('a PgBouncer that is not told to ignore our limits is refused, with what to write', async () => {
    const database = await emptyDatabase(server)
    const pooler = await startPgBouncer(server, { ignore: '' })

    await expect(openStore({ url: through(pooler, database), poolSize: 2 })).rejects.toThrow(
      /DATABASE_URL: names a PgBouncer .* ignore_startup_parameters = lock_timeout, statement_timeout, idle_in_transaction_session_timeout/,
    )
  })
})
