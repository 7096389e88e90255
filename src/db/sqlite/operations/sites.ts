import { and, eq, isNull, sql } from 'drizzle-orm'
import { foldName } from '../../../names.ts'
import { given } from '../../conditions.ts'
import type { SiteStore } from '../../ports/sites.ts'
import { chosenByName, chosenSite } from '../../rules/name-choice.ts'
import type { Scope } from '../../scope.ts'
import { ValidationError } from '../../../errors.ts'
import { AmbiguousNameError, SiteConflictError } from '../../store-errors.ts'
import { bridgeUsers, sites, tenants, endpoints } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { noteOfSite, noteOfTenant } from './audit.ts'
import { reviveEndpoint } from './endpoint-health.ts'

/** The sites a scope sees, as a condition on `sites`. */
export const inScope = ({ tenantId, siteId }: Scope) =>
  and(
    eq(sites.tenantId, tenantId),
    siteId === null ? undefined : eq(sites.id, siteId),
    isNull(sites.removedAt),
  )

/** The same for a statement that is prepared once: its values are `tenantId` and `siteId`. */
export const inScopeGiven = and(
  eq(sites.tenantId, given('tenantId')),
  sql`(${given('siteId')} IS NULL OR ${sites.id} = ${given('siteId')})`,
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

const sitesLike = prepared((db) =>
  db
    .select()
    .from(sites)
    .where(and(inScopeGiven, eq(sites.foldedName, given('folded'))))
    .prepare(),
)

export function siteOperations({ db, read, write }: Tools): SiteStore {
  return {
    ensureSite: ({ id, tenantId, name, webhookSecret }, by) =>
      write(() => {
        const foldedName = foldName(name)
        const alike = db
          .select()
          .from(sites)
          .where(and(eq(sites.tenantId, tenantId), eq(sites.foldedName, foldedName)))
          .all()
        const choice = chosenSite(name, alike)
        if (choice.kind === 'ambiguous') throw new AmbiguousNameError('site')
        if (choice.kind === 'one') {
          if (choice.row.removedAt === null) return choice.row
          const refusal = new ValidationError('site_gone.being_deleted', { name: choice.row.name })
          throw new SiteConflictError(refusal)
        }
        noteOfTenant(db, tenantId, by, { action: 'site.created', subject: name })
        return db
          .insert(sites)
          .values({ id, tenantId, name, foldedName, webhookSecret, createdAt: by.at })
          .returning()
          .get()
      }),

    findSite: (scope, name) =>
      read(() => {
        const choice = chosenByName(name, sitesLike(db).all({ ...scope, folded: foldName(name) }))
        if (choice.kind === 'ambiguous') throw new AmbiguousNameError('site')
        return choice.kind === 'one' ? choice.row : undefined
      }),

    readSite: (siteId) =>
      read(() =>
        db
          .select({ site: sites, tenant: tenants })
          .from(sites)
          .innerJoin(tenants, eq(tenants.id, sites.tenantId))
          .where(eq(sites.id, siteId))
          .get(),
      ),

    listSites: (scope, limit = -1, origin) =>
      read(() => {
        const isOf = origin === undefined ? undefined : eq(sites.origin, origin)
        const all = db
          .select()
          .from(sites)
          .where(and(inScope(scope), isOf))
          .orderBy(sites.name)
        return all.limit(limit).all()
      }),

    updateSite: (siteId, change, by) =>
      write(() => {
        const site = db.update(sites).set(change).where(eq(sites.id, siteId)).returning().get()
        if (!site) throw new Error(`No site ${siteId} to update`)
        if (change.webhookUrl !== undefined) reviveEndpoint(db, siteId, by.at)
        const entry = { action: 'site.updated', subject: site.name, detail: change }
        noteOfTenant(db, site.tenantId, by, entry)
        return site
      }),

    readWebhookSecret: (siteId) =>
      read(() => {
        const site = db.select().from(sites).where(eq(sites.id, siteId)).get()
        if (!site) throw new Error(`No site ${siteId} to have a secret`)
        return site.webhookSecret
      }),

    rotateWebhookSecret: (siteId, { secret, previousUntil, force = false }, by) =>
      write(() => {
        const site = db.select().from(sites).where(eq(sites.id, siteId)).get()
        if (!site) throw new Error(`No site ${siteId} to give a new secret`)
        const endpoint = db.select().from(endpoints).where(eq(endpoints.siteId, siteId)).get()
        const until = endpoint?.previousSecretUntil ?? 0
        const earlierUntil = until > by.at ? until : null
        if (earlierUntil !== null && !force) return earlierUntil
        const previous = { previousSecret: site.webhookSecret, previousSecretUntil: previousUntil }
        db.insert(endpoints)
          .values({ siteId, ...previous })
          .onConflictDoUpdate({ target: endpoints.siteId, set: previous })
          .run()
        db.update(sites).set({ webhookSecret: secret }).where(eq(sites.id, siteId)).run()
        const more = earlierUntil === null ? {} : { detail: { earlier_ended: true } }
        noteOfSite(db, siteId, by, 'site.secret_rotated', more)
        return earlierUntil
      }),
  }
}
