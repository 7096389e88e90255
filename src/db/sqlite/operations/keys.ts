import {
  and,
  count,
  eq,
  isNull,
  lt,
  or,
  sql,
  exists,
  gt,
  notExists,
  notLike,
  type SQL,
} from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { KeyHolder, KeyStore } from '../../ports/keys.ts'
import { keyAfter } from '../../rules/key-change.ts'
import { apiKeys, bridgeUsers, sites, tenants } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { noteOfTenant } from './audit.ts'

const holderOf = prepared((db) =>
  db
    .select({ key: apiKeys, tenant: tenants, site: sites })
    .from(apiKeys)
    .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
    .leftJoin(sites, eq(sites.id, apiKeys.siteId))
    .where(eq(apiKeys.apiKey, given('apiKey')))
    .prepare(),
)

/** Many calls may come at the turn of the hour: one of them writes. */
const setLastUsed = prepared((db) =>
  db
    .update(apiKeys)
    .set({ lastUsedAt: sql`${given('at')}` })
    .where(
      and(
        eq(apiKeys.apiKey, given('apiKey')),
        or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, given('at'))),
      ),
    )
    .prepare(),
)

/** How many holders are remembered: a few kilobytes each. */
const remembered = 5_000

/** Whoever makes up longer names than our own shall not fill the memory with them. */
const longestName = 64

/**
 * Who holds a key, as it was read last, until any key, tenant or site changes: SQLite tells of other processes' commits, our
 * own writes fire triggers that this connection alone has. That nobody does is remembered too: asked for again, a name that
 * nobody has takes as long as a key. The first question about it takes longer than one about a key in use, which helps nobody
 * who has to guess 70 random bits.
 */
function createHolders(db: Tools['db']): (apiKey: string) => KeyHolder | undefined {
  const { $client } = db
  const kept = new Map<string, KeyHolder | undefined>()
  $client.function('forget_holders', () => kept.clear())
  const tables = ['api_keys', 'tenants', 'sites']
  const changes = tables.flatMap((table) => [`update ON main.${table}`, `delete ON main.${table}`])
  for (const [nth, change] of ['insert ON main.api_keys', ...changes].entries()) {
    $client.exec(
      `CREATE TEMP TRIGGER holders_${nth} AFTER ${change} BEGIN SELECT forget_holders(); END`,
    )
  }
  const commitsElsewhere = $client.prepare<[], number>('PRAGMA data_version').pluck()
  let seen: number | undefined
  return (apiKey) => {
    const now = commitsElsewhere.get()
    if (now !== seen || kept.size >= remembered) kept.clear()
    seen = now
    const known = kept.get(apiKey)
    if (known || kept.has(apiKey)) return known
    const found = holderOf(db).get({ apiKey })
    if (found || apiKey.length <= longestName) kept.set(apiKey, found)
    return found
  }
}

const isGood = (at: number) =>
  and(isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, at)))

const isGoodOf = (siteId: string, at: number) => and(eq(apiKeys.siteId, siteId), isGood(at))

export function keyOperations({ db, read, write }: Tools): KeyStore {
  const holders = createHolders(db)
  return {
    createKey: (key, by, bound) =>
      write(() => {
        if (bound && key.siteId !== null) {
          const good = db
            .select({ many: count() })
            .from(apiKeys)
            .where(and(eq(apiKeys.tenantId, key.tenantId), isGoodOf(key.siteId, by.at)))
            .get()
          if ((good?.many ?? 0) >= bound.mostOfSite) return false
        }
        db.insert(apiKeys)
          .values({ ...key, createdAt: by.at })
          .run()
        const { siteId, label, readOnly } = key
        const detail = { site: siteId, label, ...(readOnly && { read_only: true }) }
        noteOfTenant(db, key.tenantId, by, { action: 'key.created', subject: key.apiKey, detail })
        return true
      }),

    changeKey: (apiKey, change, by) =>
      write(() => {
        const isIt = eq(apiKeys.apiKey, apiKey)
        const key = db.select().from(apiKeys).where(isIt).get()
        const after = key && keyAfter(key, change, by.at)
        if (!after) return after === null ? key : undefined
        const { fields, ...more } = after
        const entry = { action: `key.${change.kind}`, subject: apiKey, ...more }
        noteOfTenant(db, key.tenantId, by, entry)
        return db.update(apiKeys).set(fields).where(isIt).returning().get()
      }),

    findKey: (apiKey) => read(() => holders(apiKey)),

    listKeys: (tenantId, of) =>
      read(() =>
        db
          .select()
          .from(apiKeys)
          .where(and(eq(apiKeys.tenantId, tenantId), of && isGood(of.goodAt)))
          .orderBy(apiKeys.createdAt)
          .all(),
      ),

    // A time lost in a power cut is written again with the next call; the caller at hand waits for no disk.
    touchKey: (apiKey, at) =>
      write(() => void setLastUsed(db).run({ apiKey, at }), { mayBeLost: true }),

    listKeysWithoutAddress: (now) =>
      read(() => {
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
        const lacksAddress = and(isNull(bridgeUsers.email), notLike(bridgeUsers.name, '%_@_%'))
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
          .all()
      }),
  }
}
