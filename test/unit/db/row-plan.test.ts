import { eq, sql } from 'drizzle-orm'
import { expect, it, onTestFinished } from 'vitest'
import { openSqlite } from '../../../src/db/sqlite/open.ts'
import { planRows } from '../../../src/db/sqlite/row-plan.ts'
import { apiKeys, sites, tenants } from '../../../src/db/sqlite/schema/index.ts'
import { createTools } from '../../../src/db/sqlite/tools.ts'

/** A database with a key of a site, one of a tenant, and a site without a key. */
function aDatabase() {
  const client = openSqlite(':memory:')
  onTestFinished(() => void client.close())
  const { db } = createTools(client)
  db.insert(tenants).values({ id: 'ten', name: 'acme', createdAt: 1 }).run()
  const site = { tenantId: 'ten', webhookSecret: Buffer.from([1]), createdAt: 1 }
  const allowedOrigins = ['https://one.test', 'https://two.test']
  db.insert(sites)
    .values({ ...site, id: 'one', name: 'one', allowedOrigins })
    .run()
  db.insert(sites)
    .values({ ...site, id: 'two', name: 'two' })
    .run()
  const key = { tenantId: 'ten', secretHash: Buffer.from([2]), createdAt: 1 }
  db.insert(apiKeys)
    .values({ ...key, apiKey: 'a', siteId: 'one', readOnly: true })
    .run()
  db.insert(apiKeys)
    .values({ ...key, apiKey: 'b' })
    .run()
  return db
}
type Db = ReturnType<typeof aDatabase>

const selects: [name: string, select: (db: Db) => { prepare(): object }][] = [
  [
    'of one table',
    (db) =>
      db
        .select()
        .from(sites)
        .where(eq(sites.id, sql.placeholder('id'))),
  ],
  [
    'of some columns, and what is reckoned from them',
    (db) =>
      db
        .select({
          id: sites.id,
          isOne: sql`${sites.id} = 'one'`.mapWith(Boolean),
          nothing: sql<null>`null`,
          named: sql<string>`upper(${sites.name})`.as('named'),
          origins: sites.allowedOrigins,
        })
        .from(sites),
  ],
  [
    'of tables of which one may have no row',
    (db) =>
      db
        .select({ key: apiKeys, at: apiKeys.createdAt, tenant: tenants, site: sites })
        .from(apiKeys)
        .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
        .leftJoin(sites, eq(sites.id, apiKeys.siteId)),
  ],
  [
    'of parts of tables',
    (db) =>
      db
        .select({
          site: { id: sites.id, name: sites.name },
          key: { name: apiKeys.apiKey, label: apiKeys.label },
          mixed: { label: apiKeys.label, name: sites.name },
        })
        .from(sites)
        .leftJoin(apiKeys, eq(apiKeys.siteId, sites.id)),
  ],
  [
    'of what another join may lack',
    (db) => db.select().from(apiKeys).rightJoin(sites, eq(sites.id, apiKeys.siteId)),
  ],
  ['of what an update returns', (db) => db.update(apiKeys).set({ label: null }).returning()],
]

it.each(selects)('makes the same objects as drizzle: %s', (_, select) => {
  const db = aDatabase()
  type Select = { get(given: object): unknown; all(given: object): unknown[] }
  const [drizzles, planned] = [select(db).prepare(), select(db).prepare()] as [Select, Select]

  planRows(planned)
  expect(Object.hasOwn(planned, 'get')).toBe(true)

  for (const id of ['one', 'none']) {
    expect(planned.all({ id })).toEqual(drizzles.all({ id }))
    expect(planned.get({ id })).toEqual(drizzles.get({ id }))
  }
})
