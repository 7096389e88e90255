import { and, eq, isNull, or, sql } from 'drizzle-orm'
import { ValidationError } from '../../../errors.ts'
import { foldName } from '../../../names.ts'
import { given } from '../../conditions.ts'
import type { SiteStore } from '../../ports/sites.ts'
import { chosenByName, chosenSite } from '../../rules/name-choice.ts'
import type { Scope } from '../../scope.ts'
import { AmbiguousNameError, SiteConflictError } from '../../store-errors.ts'
import { bridgeUsers, endpoints, sites, tenants } from '../schema/index.ts'
import { first, type Tools } from '../tools.ts'
import { noteOfSite, noteOfTenant } from './audit.ts'
import { reviveEndpoint } from './endpoint-health.ts'
import { lockSite, lockTenant } from './locks.ts'

/** The sites a scope sees, as a condition on `sites`. */
export const inScope = ({ tenantId, siteId }: Scope) =>
  and(
    eq(sites.tenantId, tenantId),
    siteId === null ? undefined : eq(sites.id, siteId),
    isNull(sites.removedAt),
  )

/** The same for a prepared statement that is given `tenantId` and `siteId`. */
export const inGivenScope = and(
  eq(sites.tenantId, given('tenantId')),
  sql`(${given('siteId')}::text IS NULL OR ${sites.id} = ${given('siteId')})`,
  isNull(sites.removedAt),
)

/** A condition on `sites` and `tenants`: neither is the site being deleted nor its tenant disabled. */
export const isServed = and(isNull(sites.removedAt), isNull(tenants.disabledAt))

/** A condition on sites, users and tenants: their users get mails about consents that end. */
export const isMailWanted = and(
  eq(sites.remindBy, 'mail'),
  isNull(bridgeUsers.mailStoppedAt),
  isServed,
)

export function siteOperations({ run, transaction }: Tools): SiteStore {
  return {
    ensureSite: ({ id, tenantId, name, webhookSecret }, by) =>
      transaction(async (db) => {
        await lockTenant(db, tenantId)
        const foldedName = foldName(name)
        const alike = await db
          .select()
          .from(sites)
          .where(and(eq(sites.tenantId, tenantId), eq(sites.foldedName, foldedName)))
          .orderBy(sites.createdAt, sites.id)
        const choice = chosenSite(name, alike)
        if (choice.kind === 'ambiguous') throw new AmbiguousNameError('site')
        if (choice.kind === 'one') {
          if (choice.row.removedAt === null) return choice.row
          const refusal = new ValidationError('site_gone.being_deleted', { name: choice.row.name })
          throw new SiteConflictError(refusal)
        }
        const [site] = await db
          .insert(sites)
          .values({ id, tenantId, name, foldedName, webhookSecret, createdAt: by.at })
          .returning()
        await noteOfTenant(db, tenantId, by, { action: 'site.created', subject: name })
        return site!
      }),

    findSite: (scope, name) =>
      run(async (db) => {
        const isCalled = or(eq(sites.name, name), eq(sites.foldedName, foldName(name)))
        const called = await db
          .select()
          .from(sites)
          .where(and(inScope(scope), isCalled))
        const choice = chosenByName(name, called)
        if (choice.kind === 'ambiguous') throw new AmbiguousNameError('site')
        return choice.kind === 'one' ? choice.row : undefined
      }),

    readSite: (siteId) =>
      run((db) =>
        first(
          db
            .select({ site: sites, tenant: tenants })
            .from(sites)
            .innerJoin(tenants, eq(tenants.id, sites.tenantId))
            .where(eq(sites.id, siteId)),
        ),
      ),

    listSites: (scope, limit, origin) =>
      run((db) => {
        const isOf = origin === undefined ? undefined : eq(sites.origin, origin)
        const all = db
          .select()
          .from(sites)
          .where(and(inScope(scope), isOf))
          .orderBy(sites.name)
        return limit === undefined ? all : all.limit(limit)
      }),

    updateSite: (siteId, change, by) =>
      transaction(async (db) => {
        const [site] = await db.update(sites).set(change).where(eq(sites.id, siteId)).returning()
        if (!site) throw new Error(`No site ${siteId} to update`)
        if (change.webhookUrl !== undefined) await reviveEndpoint(db, siteId, by.at)
        const entry = { action: 'site.updated', subject: site.name, detail: change }
        await noteOfTenant(db, site.tenantId, by, entry)
        return site
      }),

    readWebhookSecret: (siteId) =>
      run(async (db) => {
        const site = await first(db.select().from(sites).where(eq(sites.id, siteId)))
        if (!site) throw new Error(`No site ${siteId} to have a secret`)
        return site.webhookSecret
      }),

    rotateWebhookSecret: (siteId, { secret, previousUntil, force = false }, by) =>
      transaction(async (db) => {
        const site = await lockSite(db, siteId)
        if (!site) throw new Error(`No site ${siteId} to give a new secret`)
        const [endpoint] = await db.select().from(endpoints).where(eq(endpoints.siteId, siteId))
        const until = endpoint?.previousSecretUntil ?? 0
        const earlierUntil = until > by.at ? until : null
        if (earlierUntil !== null && !force) return earlierUntil
        const previous = { previousSecret: site.webhookSecret, previousSecretUntil: previousUntil }
        await db
          .insert(endpoints)
          .values({ siteId, ...previous })
          .onConflictDoUpdate({ target: endpoints.siteId, set: previous })
        await db.update(sites).set({ webhookSecret: secret }).where(eq(sites.id, siteId))
        const more = earlierUntil === null ? {} : { detail: { earlier_ended: true } }
        await noteOfSite(db, siteId, by, 'site.secret_rotated', more)
        return earlierUntil
      }),
  }
}
