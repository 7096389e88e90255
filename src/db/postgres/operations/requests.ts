import {
  and,
  asc,
  desc,
  eq,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  ne,
  notExists,
  or,
  sql,
  type SQL,
} from 'drizzle-orm'
import { ValidationError } from '../../../errors.ts'
import { given, when } from '../../conditions.ts'
import type { ConnectRequest, RequestCursor, RequestStore } from '../../ports/requests.ts'
import {
  claimWaitMs,
  mostOpen,
  offeredClaim,
  openStates,
  requestTurned,
  type RequestChange,
} from '../../rules/request-claim.ts'
import { claimantOf, itemIdOf, released, settleOutcome } from '../../rules/request-outcome.ts'
import { saidOfUser } from '../../rules/said-of-user.ts'
import { pinnedBy } from '../../rules/site-pin.ts'
import { ConflictError, SiteConflictError } from '../../store-errors.ts'
import { bridgeUsers, connectRequests as requests, items, sites, tenants } from '../schema/index.ts'
import { changed, first, prepared, type Db, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { reviveEndpoint } from './endpoint-health.ts'
import { deletedAmong, lockItem, storeItem } from './item-rows.ts'
import { lockSite, lockUser } from './locks.ts'
import { connections } from './items.ts'
import { inGivenScope, isServed } from './sites.ts'
import { insertEvent } from './store-event.ts'
import { people } from './users.ts'
import { claimWork, isFreeFor, lockWork, requireClaim } from './work-claims.ts'

export const ownedRequests = (db: Db) =>
  db
    .select({ request: requests, user: bridgeUsers, site: sites, tenant: tenants.name })
    .from(requests)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, requests.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))

const requestInScope = prepared((db) =>
  db
    .select({ request: requests, user: bridgeUsers, site: sites, item: items })
    .from(requests)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, requests.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .leftJoin(items, eq(items.id, requests.itemId))
    .where(and(inGivenScope, eq(requests.id, given('id')))),
)

const servedItem = prepared((db) =>
  connections(db).where(and(eq(items.id, given('itemId')), isServed)),
)

const makerOf = prepared((db) =>
  ownedRequests(db).where(
    and(eq(requests.itemId, given('itemId')), isNull(requests.managedItemId)),
  ),
)

const openFor = prepared((db) =>
  ownedRequests(db)
    .innerJoin(items, eq(items.userId, requests.userId))
    .where(
      and(
        eq(items.id, given('itemId')),
        inArray(requests.state, openStates),
        or(isNull(requests.itemId), eq(requests.itemId, items.id)),
      ),
    )
    .orderBy(isNull(requests.itemId), desc(requests.openedAt))
    .limit(mostOpen),
)

/** Requests of no site that is being deleted and of no disabled tenant. */
const served = (db: Db, where: SQL | undefined, limit: number) =>
  ownedRequests(db)
    .where(and(where, isServed))
    .orderBy(asc(requests.openedAt), asc(requests.id))
    .limit(limit)

/** What `overFrom` says, so that the index by the end of its day serves; what has made an item is over with that. */
const isOver = (db: Db, at: number) =>
  and(
    lte(requests.expiresAt, at),
    or(isNull(requests.claimedItemId), lte(requests.expiresAt, at - claimWaitMs)),
    or(isNull(requests.itemId), isNotNull(requests.managedItemId), notExists(itsItem(db))),
  )

const itsItem = (db: Db) =>
  db
    .select({ one: sql`1` })
    .from(items)
    .where(and(eq(items.id, requests.itemId), isNull(items.goneAt)))

/** Of requests in the order in which they were opened, those behind one. */
const behind = ({ openedAt, id }: RequestCursor) =>
  sql`(${requests.openedAt}, ${requests.id}) > (${openedAt}, ${id})`

const lockRequest = (db: Db, id: string): Promise<ConnectRequest | undefined> =>
  first(db.select().from(requests).where(eq(requests.id, id)).for('no key update'))

/** Whether neither the site of a request's user is being deleted nor its tenant disabled. */
const isUserServed = async (db: Db, userId: string): Promise<boolean> =>
  (await people(db).where(and(eq(bridgeUsers.id, userId), isServed))).length > 0

/** The other request that connected this item. */
const lockHolder = (db: Db, itemId: number, notId: string) => {
  const connected = and(eq(requests.itemId, itemId), isNull(requests.managedItemId))
  return first(
    db
      .select({ id: requests.id, matchedAt: requests.matchedAt })
      .from(requests)
      .where(and(connected, ne(requests.id, notId)))
      .for('no key update'),
  )
}

const change = async (db: Db, id: string, values: RequestChange): Promise<ConnectRequest> => {
  const isIt = eq(requests.id, id)
  const request = await first(db.update(requests).set(values).where(isIt).returning())
  if (!request) throw new ConflictError('The request is gone')
  return request
}

/** An item that a correction let go becomes the claim of another request. */
async function offer(db: Db, itemId: number, userId: string, loserId: string | null, at: number) {
  const item = await lockItem(db, itemId)
  if (!item) return
  const open = await db
    .select()
    .from(requests)
    .where(and(eq(requests.userId, userId), inArray(requests.state, openStates)))
    .orderBy(requests.id)
    .for('no key update')
  const claimant = claimantOf(item, open, loserId)
  if (claimant !== undefined) await change(db, claimant, offeredClaim(itemId, at))
}

export function requestOperations({ run, transaction }: Tools): RequestStore {
  return {
    findRequestsForItem: (itemId) =>
      run(async (db) => {
        const [[found], [holder], open] = await Promise.all([
          servedItem(db).execute({ itemId }),
          makerOf(db).execute({ itemId }),
          openFor(db).execute({ itemId }),
        ])
        return found && { item: found.item, holder: holder ?? null, open: open.toReversed() }
      }),

    findReturnUrl: (itemId) =>
      run(async (db) => {
        const urlOf = async (where: SQL | undefined) => {
          const [last] = await db
            .select({ url: requests.redirectUrl })
            .from(requests)
            .where(and(eq(requests.itemId, itemId), where))
            .orderBy(desc(requests.openedAt))
            .limit(1)
          return last?.url
        }
        const owner = db.select({ id: items.userId }).from(items).where(eq(items.id, itemId))
        return (
          (await urlOf(isNull(requests.managedItemId))) ??
          (await urlOf(inArray(requests.userId, owner)))
        )
      }),

    openConnectRequest: (
      { email, language, ...request },
      { id, origin, webhookUrl },
      { actor, at },
    ) =>
      transaction(async (db) => {
        const site = await lockSite(db, id)
        if (!site || !(await isUserServed(db, request.userId))) {
          throw new SiteConflictError(new ValidationError('site_gone'))
        }
        const pinned = pinnedBy(site, { origin, webhookUrl })
        if (!pinned) throw new SiteConflictError(new ValidationError('site_changed'))
        if (Object.keys(pinned).length > 0) {
          await db.update(sites).set(pinned).where(eq(sites.id, id))
          if (pinned.webhookUrl !== undefined) await reviveEndpoint(db, id, at)
          const { tenantId, name: subject } = site
          const entry = { at, actor, tenantId, action: 'site.pinned', subject }
          await writeAudit(db, { ...entry, detail: pinned })
        }
        const said = saidOfUser({ email, language })
        if (said) await db.update(bridgeUsers).set(said).where(eq(bridgeUsers.id, request.userId))
        const { managedItemId } = request
        const managed = managedItemId === null ? undefined : await lockItem(db, managedItemId)
        await db
          .insert(requests)
          .values({ ...request, lastTryAt: managed?.lastTryAt ?? null, state: 'pending' })
      }),

    findRequest: (scope, id) =>
      run((db) => {
        const { tenantId, siteId } = scope
        return first(requestInScope(db).execute({ tenantId, siteId, id }))
      }),

    findRequestForCallback: (id) => run((db) => first(served(db, eq(requests.id, id), 1))),

    countCallback: (id, most) =>
      run(async (db) => {
        const isAllowed = and(eq(requests.id, id), lt(requests.callbacks, most))
        const more = { callbacks: sql`${requests.callbacks} + 1` }
        return (await changed(db.update(requests).set(more).where(isAllowed))) === 1
      }),

    changeRequest: (id, turn, by) =>
      transaction(async (db) => {
        if (by !== undefined) await requireClaim(db, 'callback', id, by)
        const request = await lockRequest(db, id)
        if (!request) return undefined
        const isServed = await isUserServed(db, request.userId)
        const turned = requestTurned(request, turn, { isServed })
        return turned ? change(db, id, turned) : request
      }),

    async claimCallbacks(claiming) {
      const { limit, after } = claiming
      const isWaiting = and(
        isNotNull(requests.claimedItemId),
        ne(requests.state, 'expired'),
        when(after, behind),
      )
      const some = await run((db) => served(db, isWaiting, 1))
      if (some.length === 0) return []
      return transaction(async (db, last) => {
        const isFree = isFreeFor(db, 'callback', sql`${requests.id}`, claiming)
        const free = () => served(db, and(isWaiting, isFree), limit)
        const [, found] = await Promise.all([lockWork(db).execute(), free()])
        const ids = found.map(({ request }) => request.id)
        if (ids.length > 0) last(claimWork(db, 'callback', ids, claiming))
        return found
      })
    },

    settleRequest: (id, outcome, announcement, by) =>
      transaction(async (db) => {
        if (by !== undefined) await requireClaim(db, 'callback', id, by)
        const its = await first(db.select().from(requests).where(eq(requests.id, id)))
        if (its) await lockUser(db, its.userId)
        const request = await lockRequest(db, id)
        if (!request) throw new ConflictError('The request is gone')
        const itemId = itemIdOf(outcome)
        const { userId } = request
        const isServed = await isUserServed(db, userId)
        const holder = await lockHolder(db, itemId, id)
        const known = await lockItem(db, itemId)
        const deleted = await deletedAmong(db, known ? [] : [itemId], { userId, at: outcome.at })
        const wasDeleted = deleted.has(itemId)
        const around = { isServed, holder, item: known, wasDeleted }
        const settled = settleOutcome(request, outcome, around)
        if (settled.kind === 'held') return { outcome: 'held', request }
        if (settled.kind === 'over') {
          const confirmed = settled.change && (await change(db, id, settled.change))
          return { outcome: 'settled', request: confirmed ?? request }
        }
        const { item, loser, offered, announced } = settled
        await storeItem(db, item)
        if (loser !== null) await change(db, loser, released)
        const after = await change(db, id, settled.change)
        if (offered !== null) await offer(db, offered, userId, loser, outcome.at)
        if (announced) await insertEvent(db, announcement)
        return { outcome: 'settled', request: after }
      }),

    expireRequests: (at, limit) =>
      transaction(async (db) => {
        const due = await db
          .select({ id: requests.id })
          .from(requests)
          .where(and(eq(requests.state, 'pending'), isOver(db, at)))
          .limit(limit)
          .for('no key update', { skipLocked: true })
        const ids = due.map(({ id }) => id)
        await db.update(requests).set({ state: 'expired' }).where(inArray(requests.id, ids))
        return ids.length
      }),
  }
}
