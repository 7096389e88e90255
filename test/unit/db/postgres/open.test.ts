import { expect, onTestFinished } from 'vitest'
import { openStore } from '../../../../src/db/open.ts'
import { emptyDatabase, withPostgres } from '../../../support/postgres.ts'
import { testBy } from '../../../support/tenants.ts'

withPostgres((it, server) => {
  it('a database is migrated when it is opened, and keeps what is stored', async () => {
    const url = await emptyDatabase(server)
    const open = async () => {
      const store = await openStore({ url, poolSize: 2 })
      onTestFinished(() => store.close())
      return store
    }

    const tenant = await (await open()).createTenant({ id: 'ten_1', name: 'acme' }, testBy)

    expect(await (await open()).listTenants()).toEqual([tenant])
  })

  it('a database that is not there is refused by name', async () => {
    await expect(openStore({ url: `${server}/nowhere`, poolSize: 1 })).rejects.toThrow(
      'database "nowhere" does not exist',
    )
  })
})
