import { eq, inArray } from 'drizzle-orm'
import { bridgeUsers, deliveries, instance, sites, tenants } from '../schema/index.ts'
import { first, type Db } from '../tools.ts'

/**
 * Each locks a row until the transaction ends, and reads it. What hangs on a row is decided under its lock: names within a
 * tenant, users of a site, items and requests of a user. Who needs several takes them in this order, so that two do not wait
 * for each other: instance, tenant, site, user, request, item; and last the tenant of what happened, when an event is stored.
 * Rows that refer to a locked one may be added meanwhile.
 */
export const lockInstance = (db: Db) => first(db.select().from(instance).for('no key update'))

export const lockTenant = (db: Db, id: string) =>
  first(db.select().from(tenants).where(eq(tenants.id, id)).for('no key update'))

export const lockSite = (db: Db, id: string) =>
  first(db.select().from(sites).where(eq(sites.id, id)).for('no key update'))

export const lockUser = async (db: Db, id: string) => (await lockUsers(db, [id])).get(id)

export async function lockUsers(db: Db, ids: readonly string[]) {
  const users = await db
    .select()
    .from(bridgeUsers)
    .where(inArray(bridgeUsers.id, [...ids]))
    .orderBy(bridgeUsers.id)
    .for('no key update')
  return new Map(users.map((user) => [user.id, user]))
}

/** The order in which deliveries are locked by who needs several. */
export const orderOfDeliveries = [deliveries.siteId, deliveries.itemId, deliveries.eventSeq]

/** The lock of a site's tenant: a tenant's events are numbered one after the other. */
export const lockTenantOf = (db: Db, siteId: string) =>
  db
    .select({ id: tenants.id })
    .from(sites)
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))
    .where(eq(sites.id, siteId))
    .for('no key update', { of: tenants })
