import { Client } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import { testNow } from '../../../support/clock.ts'
import { testDatabase, withPostgres } from '../../../support/postgres.ts'
import { testBy, testRooms } from '../../../support/tenants.ts'
import { askAll } from './hot-operations.ts'
import { doing } from './locked-rows.ts'
import { fill, indexesOf, mostRowsRead, readingWhole, recording } from './plans.ts'

withPostgres((it, server) => {
  /** A store on a filled database, and how its statements so far would read growing tables whole. */
  async function filled() {
    const url = await testDatabase(server)
    const client = new Client(url)
    await client.connect()
    onTestFinished(() => client.end())
    await fill(client, 200)
    const { connections, statements } = recording(createPool({ url, poolSize: 2, waitMs: 0 }))
    const store = createPostgresStore(connections)
    onTestFinished(() => store.close())
    const wholes = async () => {
      // Of tables as small as these the planner would rather read some whole.
      await client.query('SET enable_seqscan = off')
      const found: string[] = []
      for (const statement of statements()) found.push(...(await readingWhole(client, statement)))
      return found
    }
    return { url, client, store, statements, wholes }
  }

  it('no operation reads a growing table from one end to the other', async () => {
    const { client, store, statements, wholes } = await filled()
    await askAll(testRooms(store))

    expect(await wholes()).toEqual([])
    expect(statements().length).toBeGreaterThan(150)
    expect(statements().filter(({ isPrepared }) => isPrepared).length).toBeGreaterThan(9)
    const whole = { text: 'SELECT id FROM items WHERE status = 5', values: [] }
    expect(await readingWhole(client, whole)).toHaveLength(1)
  })

  it('what the overview looks at is found by indexes; of the sites, which have to be compared, a row each is read', async () => {
    const { store, statements, wholes } = await filled()
    const asking = { statuses: [402], consentsUntil: 5 }
    await store.listSiteStates({ limit: 25, offset: 0 }, { failedSince: testNow, asking })
    await store.countConsentEnds({ from: testNow, stepMs: 1, steps: 2 })
    await store.countLately(testNow)

    expect(statements()).toHaveLength(3)
    expect((await wholes()).filter((found) => !/^[\w ]+ (sites|endpoints)/.test(found))).toEqual([])
  })

  it('what each look of Prometheus counts reads neither all deliveries nor all events', async () => {
    const { store, statements, wholes } = await filled()
    await store.readFigures(testNow)

    expect(statements()).toHaveLength(3)
    expect(
      (await wholes()).filter((found) => /^[\w ]+ (deliveries|events|attempts)/.test(found)),
    ).toEqual([])
  })

  it('an item that goes takes its webhooks along by its events: many others of its site may wait', async () => {
    const { client, store, statements } = await filled()
    await client.query(`UPDATE events SET site_id = 's7'`)
    await client.query(`UPDATE deliveries SET site_id = 's7', state = 'pending', settled_at = NULL`)
    await client.query('ANALYZE')
    await store.deleteItem(1007, testBy)

    const deletions = statements().filter(({ text }) => text.startsWith('delete from "deliveries"'))
    const indexes = await Promise.all(deletions.map((deletion) => indexesOf(client, deletion)))
    expect(new Set(indexes.flat())).toEqual(new Set(['events_item', 'deliveries_event_site']))
  })

  it('a look for what is sealed reads some rows at a time, however many it passes over', async () => {
    const { client, store, statements } = await filled()
    await client.query(`INSERT INTO data_keys (id, wrapped_key, created_at)
      VALUES ('d1', '', 1), ('d2', '', 2), ('d3', '', 3)`)
    await client.query(`UPDATE events SET body = CASE id WHEN 'e6000' THEN '\\x026431'::bytea END`)
    await client.query('ANALYZE; SET enable_seqscan = off')

    const found = await store.listSealed('event-body', null, 10)
    const dropped = await store.dropUnusedDataKeys(9, testBy)

    expect(found).toMatchObject([{ rowId: 'e6000', sealed: Buffer.from('\x02d1') }])
    expect(dropped).toEqual(['d2'])
    const looks = statements().filter(({ text }) => text.startsWith('select'))
    expect(looks.length).toBeGreaterThan(5)
    for (const look of looks) expect(await mostRowsRead(client, look)).toBeLessThan(6000)
  })

  it('a look for what is sealed passes over nothing where rows go between its steps', async () => {
    const { client, url } = await filled()
    await client.query(`DELETE FROM deliveries`)
    await client.query(`UPDATE events SET body = CASE id WHEN 'e5500' THEN '\\x026431'::bytea END`)
    let looks = 0
    const retention = async () => {
      looks += 1
      if (looks === 2) await client.query('DELETE FROM events WHERE seq <= 1000')
    }
    const pool = createPool({ url, poolSize: 1, waitMs: 0 })
    const store = createPostgresStore(doing(retention, /from "events"/, pool))
    onTestFinished(() => store.close())

    expect(await store.listSealed('event-body', null, 10)).toMatchObject([{ rowId: 'e5500' }])
    expect(looks).toBeGreaterThan(2)
  })

  it('where good keys are listed or counted, those that were revoked are passed over', async () => {
    const { client, store, statements } = await filled()
    await client.query(
      `INSERT INTO api_keys (api_key, tenant_id, site_id, secret_hash, created_at, revoked_at)
       SELECT 'revoked ' || n, 't1', 's10', '', 1, 2 FROM generate_series(1, 5000) AS n`,
    )
    await client.query('ANALYZE')
    await store.listKeys('t1', { goodAt: 9 })
    const key = { apiKey: 'k', tenantId: 't1', siteId: 's10', secretHash: Buffer.alloc(1) }
    const bound = { mostOfSite: 1 }
    await store.createKey({ ...key, label: null, expiresAt: null }, testBy, bound)

    const looks = statements().filter(({ text }) => /from "api_keys"/.test(text))
    expect(looks).toHaveLength(2)
    for (const look of looks) expect(await indexesOf(client, look)).toEqual(['api_keys_unrevoked'])
  })
})
