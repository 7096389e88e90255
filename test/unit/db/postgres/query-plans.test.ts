import { Client } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import { testDatabase, withPostgres } from '../../../support/postgres.ts'
import { testRooms } from '../../../support/tenants.ts'
import { askAll } from './hot-operations.ts'
import { fill, readingWhole, recording } from './plans.ts'

withPostgres((it, server) => {
  it('no operation reads a growing table from one end to the other', async () => {
    const url = await testDatabase(server)
    const client = new Client(url)
    await client.connect()
    onTestFinished(() => client.end())
    await fill(client, 200)
    const { connections, statements } = recording(createPool({ url, poolSize: 2, waitMs: 0 }))
    const store = createPostgresStore(connections)
    onTestFinished(() => store.close())
    await askAll(testRooms(store))
    // Of tables as small as these the planner would rather read some whole.
    await client.query('SET enable_seqscan = off')

    const found: string[] = []
    for (const statement of statements()) found.push(...(await readingWhole(client, statement)))

    expect(found).toEqual([])
    expect(statements().length).toBeGreaterThan(150)
    const whole = { text: 'SELECT id FROM items WHERE status = 5', values: [] }
    expect(await readingWhole(client, whole)).toHaveLength(1)
  })
})
