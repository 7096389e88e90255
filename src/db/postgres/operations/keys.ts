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
import type { KeyStore } from '../../ports/keys.ts'
import { apiKeys, bridgeUsers, sites, tenants } from '../schema/index.ts'
import { given, prepared, type Db, type Tools } from '../tools.ts'
import { noteOfTenant } from './audit.ts'
import { lockSite } from './locks.ts'

const keyNamed = (apiKey: string) => eq(apiKeys.apiKey, apiKey)

const lockKey = async (db: Db, apiKey: string) =>
  (await db.select().from(apiKeys).where(keyNamed(apiKey)).for('no key update'))[0]

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

    updateKey: (apiKey, change, by) =>
      transaction(async (db) => {
        const [key] = await db.update(apiKeys).set(change).where(keyNamed(apiKey)).returning()
        if (!key) return undefined
        const entry = { action: 'key.updated', subject: apiKey, detail: change }
        await noteOfTenant(db, key.tenantId, by, entry)
        return key
      }),

    findKey: (apiKey) =>
      run(async (db) => {
        const [holder] = await holderOf(db).execute({ apiKey })
        return holder
      }),

    listKeys: (tenantId, of) =>
      run((db) =>
        db
          .select()
          .from(apiKeys)
          .where(and(eq(apiKeys.tenantId, tenantId), of && isGood(of.goodAt)))
          .orderBy(apiKeys.createdAt, apiKeys.apiKey),
      ),

    touchKey: (apiKey, at) =>
      run(async (db) => {
        // Many calls may come at the turn of the hour: one of them writes.
        const isOlder = or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, at))
        await db
          .update(apiKeys)
          .set({ lastUsedAt: at })
          .where(and(keyNamed(apiKey), isOlder))
      }),

    rotateKey: (apiKey, { secretHash, previousUntil }, by) =>
      transaction(async (db) => {
        const key = await lockKey(db, apiKey)
        if (!key || key.revokedAt !== null) return undefined
        const [rotated] = await db
          .update(apiKeys)
          .set({
            secretHash,
            previousSecretHash: key.secretHash,
            previousSecretUntil: previousUntil,
            rotatedAt: by.at,
          })
          .where(keyNamed(apiKey))
          .returning()
        const detail = { previous_until: previousUntil }
        await noteOfTenant(db, key.tenantId, by, { action: 'key.rotated', subject: apiKey, detail })
        return rotated
      }),

    revokeKey: (apiKey, by) =>
      transaction(async (db) => {
        const key = await lockKey(db, apiKey)
        if (!key || key.revokedAt !== null) return key
        const [revoked] = await db
          .update(apiKeys)
          .set({ revokedAt: by.at, previousSecretHash: null, previousSecretUntil: null })
          .where(keyNamed(apiKey))
          .returning()
        await noteOfTenant(db, key.tenantId, by, { action: 'key.revoked', subject: apiKey })
        return revoked
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
              isNull(apiKeys.revokedAt),
              or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now)),
              isNull(tenants.disabledAt),
              or(exists(users(lacksAddress)), notExists(users())),
            ),
          )
          .orderBy(tenants.name, apiKeys.createdAt)
      }),
  }
}
