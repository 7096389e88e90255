import {
  and,
  asc,
  eq,
  inArray,
  isNull,
  lte,
  or,
  sql,
  desc,
  isNotNull,
  lt,
  ne,
  notExists,
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
import { prepared, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { reviveEndpoint } from './endpoint-health.ts'
import { insertEvent } from './events.ts'
import { itemRow, storeItem, wasDeleted } from './item-rows.ts'
import { connections } from './items.ts'
import { isFreeFor, requirePlace } from './members.ts'
import { isServed, inScopeGiven } from './sites.ts'

const withItem = prepared((db) =>
  db
    .select({ request: requests, user: bridgeUsers, site: sites, item: items })
    .from(requests)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, requests.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .leftJoin(items, eq(items.id, requests.itemId))
    .where(and(inScopeGiven, eq(requests.id, given('id'))))
    .prepare(),
)

export const ownedRequests = (db: Tools['db']) =>
  db
    .select({ request: requests, user: bridgeUsers, site: sites, tenant: tenants.name })
    .from(requests)
    .innerJoin(bridgeUsers, eq(bridgeUsers.id, requests.userId))
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))

/** What `overFrom` says, so that the index by the end of its day serves; what has made an item is over with that. */
const isOver = (db: Tools['db'], at: number) =>
  and(
    lte(requests.expiresAt, at),
    or(isNull(requests.claimedItemId), lte(requests.expiresAt, at - claimWaitMs)),
    or(isNull(requests.itemId), isNotNull(requests.managedItemId), notExists(itsItem(db))),
  )

const itsItem = (db: Tools['db']) =>
  db
    .select({ one: sql`1` })
    .from(items)
    .where(and(eq(items.id, requests.itemId), isNull(items.goneAt)))

/** Of requests in the order in which they were opened, those behind one. */
const behind = ({ openedAt, id }: RequestCursor) =>
  sql`(${requests.openedAt}, ${requests.id}) > (${openedAt}, ${id})`

export function requestOperations({ db, read, write }: Tools): RequestStore {
  /** Requests that are served: of no site that is being deleted and of no disabled tenant. */
  const owned = (where: SQL | undefined) => ownedRequests(db).where(and(where, isServed))

  const pin = db
    .select({
      origin: sites.origin,
      webhookUrl: sites.webhookUrl,
      tenantId: sites.tenantId,
      name: sites.name,
    })
    .from(sites)
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))
    .where(and(eq(sites.id, given('id')), isServed))
    .prepare()

  const servedItem = (itemId: number) =>
    connections(db)
      .where(and(eq(items.id, itemId), isServed))
      .get()?.item

  /** A request by its id, and whether it is served. */
  const requestWith = (id: string) =>
    db
      .select({ request: requests, isServed: sql`${isServed}`.mapWith(Boolean) })
      .from(requests)
      .innerJoin(bridgeUsers, eq(bridgeUsers.id, requests.userId))
      .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
      .innerJoin(tenants, eq(tenants.id, sites.tenantId))
      .where(eq(requests.id, id))
      .get()

  /** The other request that connected this item. */
  const holderOf = (itemId: number, notId: string) =>
    db
      .select({ id: requests.id, matchedAt: requests.matchedAt })
      .from(requests)
      .where(
        and(eq(requests.itemId, itemId), isNull(requests.managedItemId), ne(requests.id, notId)),
      )
      .get()

  const change = (id: string, values: RequestChange): ConnectRequest => {
    const changed = db.update(requests).set(values).where(eq(requests.id, id)).returning().get()
    if (!changed) throw new ConflictError('The request is gone')
    return changed
  }

  /** An item that a correction let go becomes the claim of another request. */
  const offer = (itemId: number, userId: string, loserId: string | null, at: number) => {
    const item = itemRow(db, itemId)
    if (!item) return
    const open = db
      .select()
      .from(requests)
      .where(and(eq(requests.userId, userId), inArray(requests.state, openStates)))
      .all()
    const claimant = claimantOf(item, open, loserId)
    if (claimant !== undefined) change(claimant, offeredClaim(itemId, at))
  }

  return {
    findRequestsForItem: (itemId) =>
      read(() => {
        const item = servedItem(itemId)
        if (!item) return undefined
        const holder = ownedRequests(db)
          .where(and(eq(requests.itemId, itemId), isNull(requests.managedItemId)))
          .get()
        const open = ownedRequests(db)
          .where(
            and(
              eq(requests.userId, item.userId),
              inArray(requests.state, openStates),
              or(isNull(requests.itemId), eq(requests.itemId, itemId)),
            ),
          )
          .orderBy(isNull(requests.itemId), desc(requests.openedAt))
          .limit(mostOpen)
          .all()
        return { item, holder: holder ?? null, open: open.toReversed() }
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

    openConnectRequest: (
      { email, language, ...request },
      { id, origin, webhookUrl },
      { actor, at },
    ) =>
      write(() => {
        const site = pin.get({ id })
        if (!site) throw new SiteConflictError(new ValidationError('site_gone'))
        const pinned = pinnedBy(site, { origin, webhookUrl })
        if (!pinned) throw new SiteConflictError(new ValidationError('site_changed'))
        if (Object.keys(pinned).length > 0) {
          db.update(sites).set(pinned).where(eq(sites.id, id)).run()
          if (pinned.webhookUrl !== undefined) reviveEndpoint(db, id, at)
          const { tenantId, name: subject } = site
          const entry = { at, actor, tenantId, action: 'site.pinned', subject }
          writeAudit(db, { ...entry, detail: pinned })
        }
        const { managedItemId } = request
        const managed = managedItemId === null ? undefined : itemRow(db, managedItemId)
        db.insert(requests)
          .values({ ...request, lastTryAt: managed?.lastTryAt ?? null, state: 'pending' })
          .run()
        const said = saidOfUser({ email, language })
        if (said) db.update(bridgeUsers).set(said).where(eq(bridgeUsers.id, request.userId)).run()
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

    changeRequest: (id, turn, by) =>
      write(() => {
        if (by !== undefined) requirePlace(db, by)
        const found = requestWith(id)
        const turned = found && requestTurned(found.request, turn, found)
        return turned ? change(id, turned) : found?.request
      }),

    claimCallbacks: ({ by, limit, after }) =>
      read(() =>
        owned(
          and(
            isNotNull(requests.claimedItemId),
            ne(requests.state, 'expired'),
            when(after, behind),
            isFreeFor(db, sql`${by}`),
          ),
        )
          .orderBy(asc(requests.openedAt), asc(requests.id))
          .limit(limit)
          .all(),
      ),

    settleRequest: (id, outcome, announcement, by) =>
      write(() => {
        if (by !== undefined) requirePlace(db, by)
        const found = requestWith(id)
        if (!found) throw new ConflictError('The request is gone')
        const { request } = found
        const itemId = itemIdOf(outcome)
        const known = itemRow(db, itemId)
        const { userId } = request
        const settled = settleOutcome(request, outcome, {
          isServed: found.isServed,
          holder: holderOf(itemId, id),
          item: known,
          wasDeleted: !known && wasDeleted(db, { userId, itemId, at: outcome.at }),
        })
        if (settled.kind === 'held') return { outcome: 'held', request }
        if (settled.kind === 'over') {
          const confirmed = settled.change && change(id, settled.change)
          return { outcome: 'settled', request: confirmed ?? request }
        }
        const { item, loser, offered, announced } = settled
        storeItem(db, known, item)
        if (loser !== null) change(loser, released)
        const changed = change(id, settled.change)
        if (offered !== null) offer(offered, userId, loser, outcome.at)
        if (announced) insertEvent(db, announcement)
        return { outcome: 'settled', request: changed }
      }),

    expireRequests: (at, limit) =>
      write(() => {
        const due = db
          .select({ id: requests.id })
          .from(requests)
          .where(and(eq(requests.state, 'pending'), isOver(db, at)))
          .limit(limit)
        return db.update(requests).set({ state: 'expired' }).where(inArray(requests.id, due)).run()
          .changes
      }),
  }
}
