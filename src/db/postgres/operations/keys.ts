import {
  and,
  eq,
  exists,
  gt,
  isNull,
  like,
  lt,
  not,
  notExists,
  or,
  sql,
  type SQL,
} from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { KeyStore } from '../../ports/keys.ts'
import { keyAfter } from '../../rules/key-change.ts'
import { apiKeys, bridgeUsers, sites, tenants } from '../schema/index.ts'
import { done, first, prepared, type Tools } from '../tools.ts'
import { noteOfTenant } from './audit.ts'
import { lockSite } from './locks.ts'

const holderOf = prepared((db) =>
  db
    .select({ key: apiKeys, tenant: tenants, site: sites })
    .from(apiKeys)
    .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
    .leftJoin(sites, eq(sites.id, apiKeys.siteId))
    .where(eq(apiKeys.apiKey, given('apiKey'))),
)

const isGood = (at: number) =>
  and(isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, at)))

const isGoodOf = (siteId: string, at: number) => and(eq(apiKeys.siteId, siteId), isGood(at))

export function keyOperations({ run, transaction }: Tools): KeyStore {
  return {
    createKey: (key, by, bound) =>
      transaction(async (db) => {
        if (bound && key.siteId !== null) {
          await lockSite(db, key.siteId)
          const good = await db.$count(
            apiKeys,
            and(eq(apiKeys.tenantId, key.tenantId), isGoodOf(key.siteId, by.at)),
          )
          if (good >= bound.mostOfSite) return false
        }
        await db.insert(apiKeys).values({ ...key, createdAt: by.at })
        const { siteId, label, readOnly } = key
        const detail = { site: siteId, label, ...(readOnly && { read_only: true }) }
        const entry = { action: 'key.created', subject: key.apiKey, detail }
        await noteOfTenant(db, key.tenantId, by, entry)
        return true
      }),

    changeKey: (apiKey, change, by) =>
      transaction(async (db) => {
        const isIt = eq(apiKeys.apiKey, apiKey)
        const key = await first(db.select().from(apiKeys).where(isIt).for('no key update'))
        const after = key && keyAfter(key, change, by.at)
        if (!after) return after === null ? key : undefined
        const { fields, ...more } = after
        const entry = { action: `key.${change.kind}`, subject: apiKey, ...more }
        await noteOfTenant(db, key.tenantId, by, entry)
        return first(db.update(apiKeys).set(fields).where(isIt).returning())
      }),

    findKey: (apiKey) => run((db) => first(holderOf(db).execute({ apiKey }))),

    listKeys: (tenantId, of) =>
      run((db) =>
        db
          .select()
          .from(apiKeys)
          .where(and(eq(apiKeys.tenantId, tenantId), of && isGood(of.goodAt)))
          .orderBy(apiKeys.createdAt, apiKeys.apiKey),
      ),

    touchKey: (apiKey, at) =>
      run((db) => {
        // Many calls may come at the turn of the hour: one of them writes.
        const isOlder = or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, at))
        const used = db.update(apiKeys).set({ lastUsedAt: at })
        return done(used.where(and(eq(apiKeys.apiKey, apiKey), isOlder)))
      }),

    listKeysWithoutAddress: (now) =>
      run((db) => {
        const users = (which?: SQL) =>
          db
            .select({ one: sql`1` })
            .from(bridgeUsers)
            .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
            .where(
              and(
                eq(sites.tenantId, apiKeys.tenantId),
                or(isNull(apiKeys.siteId), eq(sites.id, apiKeys.siteId)),
                isNull(sites.removedAt),
                which,
              ),
            )
        const lacksAddress = and(isNull(bridgeUsers.email), not(like(bridgeUsers.name, '%_@_%')))
        return db
          .select({ apiKey: apiKeys.apiKey, tenant: tenants.name })
          .from(apiKeys)
          .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
          .where(
            and(
              isGood(now),
              isNull(tenants.disabledAt),
              or(exists(users(lacksAddress)), notExists(users())),
            ),
          )
          .orderBy(tenants.name, apiKeys.createdAt)
      }),
  }
}
