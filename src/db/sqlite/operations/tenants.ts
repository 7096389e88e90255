import { and, count, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { foldName } from '../../../names.ts'
import {
  AmbiguousNameError,
  ConflictError,
  type By,
  type Scope,
  type TenantStore,
} from '../../store.ts'
import { apiKeys, bridgeUsers, sites, tenants } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { reviveEndpoint } from './deliveries.ts'

/** The sites a scope sees, as a condition on `sites`. */
export const inScope = ({ tenantId, siteId }: Scope) =>
  and(
    eq(sites.tenantId, tenantId),
    siteId === null ? undefined : eq(sites.id, siteId),
    isNull(sites.removedAt),
  )

/** The same for a statement that is prepared once: its values are `tenantId` and `siteId`. */
export const inScopeGiven = and(
  eq(sites.tenantId, sql.placeholder('tenantId')),
  sql`(${sql.placeholder('siteId')} IS NULL OR ${sites.id} = ${sql.placeholder('siteId')})`,
  isNull(sites.removedAt),
)

/** A condition on `sites` and `tenants`: neither is the site being deleted nor its tenant disabled. */
export const isServed = and(isNull(sites.removedAt), isNull(tenants.disabledAt))

const holderOf = prepared((db) =>
  db
    .select({ key: apiKeys, tenant: tenants, site: sites })
    .from(apiKeys)
    .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
    .leftJoin(sites, eq(sites.id, apiKeys.siteId))
    .where(eq(apiKeys.apiKey, sql.placeholder('apiKey')))
    .prepare(),
)

const siteNamed = prepared((db) =>
  db
    .select()
    .from(sites)
    .where(and(inScopeGiven, eq(sites.name, sql.placeholder('name'))))
    .prepare(),
)

const sitesLike = prepared((db) =>
  db
    .select()
    .from(sites)
    .where(and(inScopeGiven, eq(sites.foldedName, sql.placeholder('folded'))))
    .limit(2)
    .prepare(),
)

export function tenantOperations({ db, read, write }: Tools): TenantStore {
  const note = (
    tenantId: string,
    { actor, at }: By,
    action: string,
    subject: string,
    detail?: object,
  ) => writeAudit(db, { tenantId, actor, at, action, subject, detail: { ...detail } })

  /** Tenants are few, and named at the command line alone: no index for that. */
  const tenantsLike = (name: string) => {
    const folded = foldName(name)
    return db
      .select()
      .from(tenants)
      .all()
      .filter((tenant) => foldName(tenant.name) === folded)
  }

  return {
    createTenant: ({ id, name }, by) =>
      write(() => {
        const [taken] = tenantsLike(name)
        if (taken) throw new ConflictError(`There is a tenant named ${taken.name} already`)
        const tenant = { id, name, createdAt: by.at, disabledAt: null }
        db.insert(tenants).values(tenant).run()
        note(id, by, 'tenant.created', name)
        return tenant
      }),

    findTenant: (name) =>
      read(() => {
        const exact = db.select().from(tenants).where(eq(tenants.name, name)).get()
        if (exact) return exact
        const [only, twin] = tenantsLike(name)
        if (only && twin) throw new AmbiguousNameError('tenant')
        return only
      }),

    listTenants: () => read(() => db.select().from(tenants).orderBy(tenants.name).all()),

    createKey: (key, by) =>
      write(() => {
        db.insert(apiKeys)
          .values({ ...key, createdAt: by.at })
          .run()
        note(key.tenantId, by, 'key.created', key.apiKey, { site: key.siteId, label: key.label })
      }),

    updateKey: (apiKey, change, by) =>
      write(() => {
        const key = db
          .update(apiKeys)
          .set(change)
          .where(eq(apiKeys.apiKey, apiKey))
          .returning()
          .get()
        if (key) note(key.tenantId, by, 'key.updated', apiKey, change)
        return key
      }),

    findKey: (apiKey) => read(() => holderOf(db).get({ apiKey })),

    listKeys: (tenantId) =>
      read(() =>
        db
          .select()
          .from(apiKeys)
          .where(eq(apiKeys.tenantId, tenantId))
          .orderBy(apiKeys.createdAt)
          .all(),
      ),

    touchKey: (apiKey, at) =>
      write(() => {
        // Many calls may come at the turn of the hour: one of them writes.
        db.update(apiKeys)
          .set({ lastUsedAt: at })
          .where(
            and(
              eq(apiKeys.apiKey, apiKey),
              or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, at)),
            ),
          )
          .run()
      }),

    rotateKey: (apiKey, { secretHash, previousUntil }, by) =>
      write(() => {
        const key = db.select().from(apiKeys).where(eq(apiKeys.apiKey, apiKey)).get()
        if (!key || key.revokedAt !== null) return undefined
        note(key.tenantId, by, 'key.rotated', apiKey, { previous_until: previousUntil })
        return db
          .update(apiKeys)
          .set({
            secretHash,
            previousSecretHash: key.secretHash,
            previousSecretUntil: previousUntil,
            rotatedAt: by.at,
          })
          .where(eq(apiKeys.apiKey, apiKey))
          .returning()
          .get()
      }),

    revokeKey: (apiKey, by) =>
      write(() => {
        const key = db.select().from(apiKeys).where(eq(apiKeys.apiKey, apiKey)).get()
        if (!key || key.revokedAt !== null) return key
        note(key.tenantId, by, 'key.revoked', apiKey)
        return db
          .update(apiKeys)
          .set({ revokedAt: by.at, previousSecretHash: null, previousSecretUntil: null })
          .where(eq(apiKeys.apiKey, apiKey))
          .returning()
          .get()
      }),

    setTenantDisabled: (tenantId, disabled, by) =>
      write(() => {
        const tenant = db.select().from(tenants).where(eq(tenants.id, tenantId)).get()
        if (!tenant) throw new Error(`No tenant ${tenantId} to change`)
        if ((tenant.disabledAt !== null) === disabled) return tenant
        note(tenantId, by, disabled ? 'tenant.disabled' : 'tenant.enabled', tenant.name)
        return db
          .update(tenants)
          .set({ disabledAt: disabled ? by.at : null })
          .where(eq(tenants.id, tenantId))
          .returning()
          .get()
      }),

    ensureSite: ({ id, tenantId, name, webhookSecret }, by) =>
      write(() => {
        const foldedName = foldName(name)
        const alike = db
          .select()
          .from(sites)
          .where(and(eq(sites.tenantId, tenantId), eq(sites.foldedName, foldedName)))
          .all()
        const exact = alike.find((site) => site.name === name)
        const [only, twin] = alike.filter(({ removedAt }) => removedAt === null)
        if (!exact && only && twin) throw new AmbiguousNameError('site')
        const there = exact ?? only ?? alike[0]
        if (there) {
          if (there.removedAt === null) return there
          throw new ConflictError(`Site ${there.name} is being deleted`)
        }
        note(tenantId, by, 'site.created', name)
        return db
          .insert(sites)
          .values({ id, tenantId, name, foldedName, webhookSecret, createdAt: by.at })
          .returning()
          .get()
      }),

    findSite: (scope, name) =>
      read(() => {
        const exact = siteNamed(db).get({ ...scope, name })
        if (exact) return exact
        const [only, twin] = sitesLike(db).all({ ...scope, folded: foldName(name) })
        if (only && twin) throw new AmbiguousNameError('site')
        return only
      }),

    findSitesByOrigin: (scope, origin) =>
      read(() =>
        db
          .select()
          .from(sites)
          .where(and(inScope(scope), eq(sites.origin, origin)))
          .limit(2)
          .all(),
      ),

    countHeld: (tenantId) =>
      read(() => {
        const ofTenant = eq(sites.tenantId, tenantId)
        const users = db
          .select({ count: count() })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .where(ofTenant)
          .get()
        const held = db.select({ count: count() }).from(sites).where(ofTenant).get()
        return { sites: held?.count ?? 0, users: users?.count ?? 0 }
      }),

    listSites: (scope, limit = -1) =>
      read(() =>
        db.select().from(sites).where(inScope(scope)).orderBy(sites.name).limit(limit).all(),
      ),

    updateSite: (siteId, change, by) =>
      write(() => {
        const site = db.update(sites).set(change).where(eq(sites.id, siteId)).returning().get()
        if (!site) throw new Error(`No site ${siteId} to update`)
        if (change.webhookUrl !== undefined) reviveEndpoint(db, siteId, by.at)
        note(site.tenantId, by, 'site.updated', site.name, change)
        return site
      }),
  }
}
