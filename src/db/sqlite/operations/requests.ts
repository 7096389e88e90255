import {
  and,
  asc,
  eq,
  gt,
  inArray,
  isNull,
  lte,
  or,
  sql,
  desc,
  isNotNull,
  lt,
  ne,
  type SQL,
} from 'drizzle-orm'
import type { RequestStore } from '../../ports/requests.ts'
import { ConflictError } from '../../store-errors.ts'
import { bridgeUsers, connectRequests as requests, items, sites, tenants } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { reviveEndpoint } from './endpoint-health.ts'
import { insertEvent, leewayMs } from './events.ts'
import { writeItem } from './items.ts'
import { isServed, inScopeGiven } from './sites.ts'

/** How many open requests of one user are looked at. */
const mostOpen = 100

const withItem = prepared((db) =>
  db
    .select({ request: requests, user: bridgeUsers, site: sites, item: items })
    .from(requests)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, requests.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .leftJoin(items, eq(items.id, requests.itemId))
    .where(and(inScopeGiven, eq(requests.id, sql.placeholder('id'))))
    .prepare(),
)

export function requestOperations({ db, read, write }: Tools): RequestStore {
  /** Requests that are served: of no site that is being deleted and of no disabled tenant. */
  const owned = (where: SQL | undefined) =>
    db
      .select({ request: requests, user: bridgeUsers, site: sites })
      .from(requests)
      .innerJoin(bridgeUsers, eq(bridgeUsers.id, requests.userId))
      .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
      .innerJoin(tenants, eq(tenants.id, sites.tenantId))
      .where(and(where, isServed))

  const ownedRequests = () =>
    db
      .select({ request: requests, user: bridgeUsers, site: sites })
      .from(requests)
      .innerJoin(bridgeUsers, eq(bridgeUsers.id, requests.userId))
      .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))

  const pin = db
    .select({ origin: sites.origin, webhookUrl: sites.webhookUrl, tenantId: sites.tenantId })
    .from(sites)
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))
    .where(and(eq(sites.id, sql.placeholder('id')), isServed))
    .prepare()

  const servedItem = (itemId: number) =>
    db
      .select({ item: items })
      .from(items)
      .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
      .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
      .innerJoin(tenants, eq(tenants.id, sites.tenantId))
      .where(and(eq(items.id, itemId), isServed))
      .get()?.item

  const lastTryOf = (itemId: number | null): number | null => {
    if (itemId === null) return null
    const of = db.select({ at: items.lastTryAt }).from(items).where(eq(items.id, itemId)).get()
    return of?.at ?? null
  }

  /** The other request that connected this item. */
  const holderOf = (itemId: number, notId: string) =>
    db
      .select({ id: requests.id, matchedAt: requests.matchedAt })
      .from(requests)
      .where(
        and(eq(requests.itemId, itemId), isNull(requests.managedItemId), ne(requests.id, notId)),
      )
      .get()

  const confirm = (id: string) => {
    const change = { matchedAt: null, claimedItemId: null, claimedStep: null }
    db.update(requests).set(change).where(eq(requests.id, id)).run()
    return change
  }

  /** A request that was matched with an item by mistake waits again. */
  const release = (id: string) =>
    db
      .update(requests)
      .set({ state: 'pending', step: null, itemId: null, completedAt: null, matchedAt: null })
      .where(eq(requests.id, id))
      .run()

  /** A guess that nobody verified yet. */
  const isGuess = and(isNull(requests.itemId), isNotNull(requests.matchedAt))

  const dropGuess = (id: string) =>
    db
      .update(requests)
      .set({ claimedItemId: null, claimedStep: null, matchedAt: null })
      .where(and(eq(requests.id, id), isGuess))
      .run()

  /**
   * An item that a correction let go belongs to another open request: to the one that lost its own by the same correction,
   * else to the only one. The worker asks Bridge, for nobody may come back with it.
   */
  const offer = (itemId: number, userId: string, loserId: string | undefined, at: number) => {
    const item = db
      .select({ createdAt: items.createdAt })
      .from(items)
      .where(and(eq(items.id, itemId), isNull(items.goneAt)))
      .get()
    if (!item) return
    const open = db
      .select({ id: requests.id })
      .from(requests)
      .where(
        and(
          eq(requests.userId, userId),
          inArray(requests.state, ['pending', 'failed']),
          lte(requests.openedAt, item.createdAt + leewayMs),
          gt(requests.expiresAt, item.createdAt),
          isNull(requests.managedItemId),
          isNull(requests.itemId),
          isNull(requests.claimedItemId),
        ),
      )
      .all()
    const meant = open.find(({ id }) => id === loserId) ?? (open.length === 1 ? open[0] : undefined)
    if (!meant) return
    const claim = { claimedItemId: itemId, claimedStep: null, matchedAt: at }
    db.update(requests).set(claim).where(eq(requests.id, meant.id)).run()
  }

  return {
    findRequestsForItem: (itemId) =>
      read(() => {
        const item = servedItem(itemId)
        if (!item) return undefined
        const holder = ownedRequests()
          .where(and(eq(requests.itemId, itemId), isNull(requests.managedItemId)))
          .get()
        const open = ownedRequests()
          .where(
            and(
              eq(requests.userId, item.userId),
              inArray(requests.state, ['pending', 'failed']),
              or(isNull(requests.itemId), eq(requests.itemId, itemId)),
            ),
          )
          .orderBy(asc(requests.openedAt))
          .limit(mostOpen)
          .all()
        return { item, holder: holder ?? null, open }
      }),

    findReturnUrl: (itemId) =>
      read(() => {
        const urlOf = (where: SQL | undefined) =>
          db
            .select({ url: requests.redirectUrl })
            .from(requests)
            .where(and(eq(requests.itemId, itemId), where))
            .orderBy(desc(requests.openedAt))
            .limit(1)
            .get()?.url
        const owner = db.select({ id: items.userId }).from(items).where(eq(items.id, itemId))
        return urlOf(isNull(requests.managedItemId)) ?? urlOf(inArray(requests.userId, owner))
      }),

    openConnectRequest: ({ email, ...request }, { id, origin, webhookUrl }, { actor, at }) =>
      write(() => {
        const pinned = pin.get({ id })
        if (!pinned) throw new ConflictError('The site is gone')
        if (origin !== null && pinned.origin !== null && origin !== pinned.origin) {
          throw new ConflictError('The site has another origin by now')
        }
        const change = {
          ...(origin !== null && pinned.origin === null && { origin }),
          ...(webhookUrl !== null && pinned.webhookUrl !== webhookUrl && { webhookUrl }),
        }
        if (Object.keys(change).length > 0) {
          db.update(sites).set(change).where(eq(sites.id, id)).run()
          if (change.webhookUrl !== undefined) reviveEndpoint(db, id, at)
          const subject = id
          const tenantId = pinned.tenantId
          writeAudit(db, { at, actor, tenantId, action: 'site.pinned', subject, detail: change })
        }
        db.insert(requests)
          .values({ ...request, lastTryAt: lastTryOf(request.managedItemId), state: 'pending' })
          .run()
        if (email !== undefined) {
          db.update(bridgeUsers).set({ email }).where(eq(bridgeUsers.id, request.userId)).run()
        }
      }),

    findRequest: (scope, id) => read(() => withItem(db).get({ ...scope, id })),

    findRequestForCallback: (id) => read(() => owned(eq(requests.id, id)).get()),

    countCallback: (id, most) =>
      write(
        () =>
          db
            .update(requests)
            .set({ callbacks: sql`${requests.callbacks} + 1` })
            .where(and(eq(requests.id, id), lt(requests.callbacks, most)))
            .run().changes === 1,
      ),

    rememberClaim: (id, { itemId, step }) =>
      write(() => {
        if (!owned(eq(requests.id, id)).get()) return
        dropGuess(id)
        db.update(requests)
          .set({ claimedItemId: itemId, claimedStep: step })
          .where(and(eq(requests.id, id), ne(requests.state, 'completed')))
          .run()
      }),

    forgetClaim: (id) =>
      write(() => {
        dropGuess(id)
        db.update(requests)
          .set({ claimedItemId: null, claimedStep: null })
          .where(eq(requests.id, id))
          .run()
      }),

    listClaims: (limit) =>
      read(() =>
        owned(and(isNotNull(requests.claimedItemId), ne(requests.state, 'expired')))
          .orderBy(asc(requests.openedAt))
          .limit(limit)
          .all(),
      ),

    settleRequest: (id, { state, step, item, at, matched = false }, announcement) =>
      write(() => {
        const request = db.select().from(requests).where(eq(requests.id, id)).get()
        if (!request) throw new ConflictError('The request is gone')
        // Bridge took its time: meanwhile the tenant may have been disabled, or the deletion of the site begun.
        if (!owned(eq(requests.id, id)).get()) return { outcome: 'held', request }
        const isSame = request.itemId === item.id
        if (request.state === 'completed') {
          if (request.matchedAt === null || matched) return { outcome: 'settled', request }
          if (isSame) return { outcome: 'settled', request: { ...request, ...confirm(id) } }
        }
        if (matched && request.itemId !== null && !isSame) return { outcome: 'held', request }

        const holder = request.managedItemId === null ? holderOf(item.id, id) : undefined
        const { userId, bank } = request
        const yields = !matched && holder?.matchedAt !== null
        if ((holder && !yields) || !writeItem(db, { ...item, userId, bank, at })) {
          return { outcome: 'held', request }
        }
        if (holder) release(holder.id)
        const settled = db
          .update(requests)
          .set({
            state,
            step,
            itemId: item.id,
            claimedItemId: null,
            claimedStep: null,
            completedAt: state === 'completed' ? at : null,
            matchedAt: matched ? (isSame ? request.matchedAt : at) : null,
          })
          .where(eq(requests.id, id))
          .returning()
          .get()
        if (request.itemId !== null && request.matchedAt !== null && !isSame)
          offer(request.itemId, userId, holder?.id, at)
        if (state === 'completed') insertEvent(db, announcement)
        if (state === 'completed' && request.managedItemId !== null) {
          // Who managed the item may have changed whose accounts it shows.
          const compareFrom = sql`min(coalesce(${items.compareFrom}, ${request.openedAt}), ${request.openedAt})`
          db.update(items).set({ compareFrom }).where(eq(items.id, item.id)).run()
        }
        return { outcome: 'settled', request: settled }
      }),

    failRequest: (id, step) =>
      write(() => {
        db.update(requests)
          .set({ state: 'failed', step })
          .where(and(eq(requests.id, id), inArray(requests.state, ['pending', 'failed'])))
          .run()
        dropGuess(id)
        const request = db.select().from(requests).where(eq(requests.id, id)).get()
        if (!request) throw new ConflictError('The request is gone')
        return request
      }),

    expireRequests: (at, limit) =>
      write(() => {
        const due = db
          .select({ id: requests.id })
          .from(requests)
          .where(and(eq(requests.state, 'pending'), lte(requests.expiresAt, at)))
          .limit(limit)
        return db.update(requests).set({ state: 'expired' }).where(inArray(requests.id, due)).run()
          .changes
      }),
  }
}
