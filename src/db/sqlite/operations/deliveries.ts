import type Sqlite from 'better-sqlite3'
import { and, asc, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Settled, Settlement, DeliveryStore } from '../../ports/deliveries.ts'
import type { GroupCommit } from '../group-commit.ts'
import { attempts, deliveries, endpoints, events, sites } from '../schema/index.ts'
import { given, prepared, type Tools } from '../tools.ts'
import { moveTimes } from './clock.ts'
import { noteOfSite } from './audit.ts'
import { healthOf, writeHealth } from './endpoint-health.ts'
import { markRecovery, nextToRecover, recover } from './recovery.ts'
import { deliveryReportOperations } from './delivery-reports.ts'

type Db = Tools['db']

/**
 * The sites with deliveries due and an endpoint that may be tried, those with the fewest in flight first, then the longest
 * waiting: so a backlog keeps nobody else from their turn. `retrying` of what is in flight is no first try.
 */
const ready = `
WITH RECURSIVE waiting(site_id) AS (
  SELECT min(site_id) FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL
  UNION ALL
  SELECT (SELECT min(site_id) FROM deliveries
          WHERE state = 'pending' AND due_at IS NOT NULL AND site_id > waiting.site_id)
  FROM waiting WHERE waiting.site_id IS NOT NULL
), ready AS (
  SELECT sites.id AS siteId,
    (SELECT min(due_at) FROM deliveries
     WHERE state = 'pending' AND due_at IS NOT NULL AND site_id = sites.id) AS firstDue,
    CASE WHEN endpoints.streak > 0 THEN 1 ELSE coalesce(endpoints.concurrency, 4) END AS most,
    (SELECT count(*) FROM deliveries
     WHERE claimed_until IS NOT NULL AND claimed_until > +@at AND site_id = sites.id) AS busy,
    (SELECT count(*) FROM deliveries
     WHERE claimed_until IS NOT NULL AND claimed_until > +@at AND site_id = sites.id
       AND first_ended_at IS NOT NULL) AS retrying
  FROM waiting
  JOIN sites ON sites.id = waiting.site_id
  JOIN tenants ON tenants.id = sites.tenant_id AND tenants.disabled_at IS NULL
  LEFT JOIN endpoints ON endpoints.site_id = sites.id
  WHERE sites.webhook_url IS NOT NULL AND sites.removed_at IS NULL
    AND endpoints.disabled_at IS NULL AND coalesce(endpoints.hold_until, 0) <= +@at
)
`

/** Whether there is any such site: found at the first, where `readySites` looks at all to tell whose turn it is. */
export const anyReady = `${ready} SELECT 1 FROM ready WHERE firstDue <= +@at AND busy < most LIMIT 1`

/** All such sites, whose turn it is first. */
export const readySites = `${ready}
SELECT siteId, busy, most, retrying FROM ready
WHERE firstDue <= +@at AND busy < most ORDER BY busy, firstDue LIMIT +@limit`

const taking = (which: string): string => `
UPDATE deliveries SET attempts = attempts + 1, due_at = +@leaseUntil, claimed_until = +@leaseUntil
WHERE id IN (
  SELECT id FROM deliveries
  WHERE state = 'pending' AND due_at IS NOT NULL ${which} AND site_id = +@siteId AND due_at <= +@at
  ORDER BY due_at, event_seq LIMIT +@limit)
RETURNING id`

/** Takes a site's oldest due deliveries. */
export const takeDue = taking('')

/** Takes the oldest due of those that were never tried. */
export const takeFirstTries = taking('AND first_ended_at IS NULL')

/** The site, when it wants webhooks. */
const wanting = prepared((db) =>
  db
    .select({ id: sites.id })
    .from(sites)
    .where(and(eq(sites.id, given('siteId')), isNotNull(sites.webhookUrl), isNull(sites.removedAt)))
    .prepare(),
)

const storeDelivery = prepared((db) =>
  db
    .insert(deliveries)
    .values({
      id: given('id'),
      eventSeq: given('eventSeq'),
      siteId: given('siteId'),
      itemId: given('itemId'),
      state: 'pending',
      dueAt: given('dueAt'),
      createdAt: given('at'),
    })
    .prepare(),
)

/** The oldest delivery of a site and item whose first try is not over. */
const nextUntried = prepared((db) =>
  db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.siteId, given('siteId')),
        sql`${deliveries.itemId} IS ${given('itemId')}`,
        isNull(deliveries.firstEndedAt),
      ),
    )
    .orderBy(asc(deliveries.eventSeq))
    .limit(1)
    .prepare(),
)

const deliveryWith = prepared((db) =>
  db
    .select()
    .from(deliveries)
    .where(eq(deliveries.id, given('id')))
    .prepare(),
)

const endTry = prepared((db) =>
  db
    .update(deliveries)
    .set({
      claimedUntil: null,
      state: sql`${given('state')}`,
      dueAt: sql`${given('dueAt')}`,
      settledAt: sql`${given('settledAt')}`,
      firstEndedAt: sql`${given('firstEndedAt')}`,
      scheduleFrom: sql`${given('scheduleFrom')}`,
    })
    .where(eq(deliveries.id, given('id')))
    .prepare(),
)

const becomeDue = prepared((db) =>
  db
    .update(deliveries)
    .set({ dueAt: sql`${given('at')}` })
    .where(and(eq(deliveries.id, given('id')), isNull(deliveries.dueAt)))
    .prepare(),
)

const storeTry = prepared((db) =>
  db
    .insert(attempts)
    .values({
      deliveryId: given('deliveryId'),
      number: given('number'),
      startedAt: given('startedAt'),
      durationMs: given('durationMs'),
      status: given('status'),
      error: given('error'),
      response: given('response'),
    })
    .prepare(),
)

const claimed = prepared((db) =>
  db
    .select({
      id: deliveries.id,
      attempt: deliveries.attempts,
      scheduleFrom: deliveries.scheduleFrom,
      event: { id: events.id, type: events.type, body: events.body },
      site: {
        id: sites.id,
        name: sites.name,
        tenantId: sites.tenantId,
        webhookUrl: sites.webhookUrl,
        webhookSecret: sites.webhookSecret,
      },
      allowedTargets: endpoints.allowedTargets,
      previousSecret: endpoints.previousSecret,
      previousSecretUntil: endpoints.previousSecretUntil,
    })
    .from(deliveries)
    .innerJoin(events, eq(events.seq, deliveries.eventSeq))
    .innerJoin(sites, eq(sites.id, deliveries.siteId))
    .leftJoin(endpoints, eq(endpoints.siteId, deliveries.siteId))
    .where(eq(deliveries.id, given('id')))
    .prepare(),
)

const urlOf = prepared((db) =>
  db
    .select({ webhookUrl: sites.webhookUrl })
    .from(sites)
    .where(eq(sites.id, given('siteId')))
    .prepare(),
)

/** A site that may be tried: how many of its places are taken, of how many, and how many of these by no first tries. */
interface Ready {
  siteId: string
  busy: number
  most: number
  retrying: number
}

export function deliveryOperations({
  db,
  read,
  write,
  client,
  group,
}: Tools & { client: Sqlite.Database; group: GroupCommit }): DeliveryStore {
  const findAny = client.prepare<unknown[], 1>(anyReady).pluck()

  const findReady = client.prepare<unknown[], Ready>(readySites)

  const take = client.prepare<unknown[], { id: string }>(takeDue)

  const takeFirst = client.prepare<unknown[], { id: string }>(takeFirstTries)

  /**
   * Takes so many of a site's, first tries before retries and replays, which hold nothing back. One place of several is for
   * whatever waits longest, so that these get their turn too.
   */
  function takeFrom(
    { siteId, most, retrying }: Ready,
    room: number,
    times: { at: number; leaseUntil: number },
  ): { id: string }[] {
    const oldest = room > 0 && most > 1 && retrying === 0 ? 1 : 0
    const taken = oldest === 1 ? take.all({ ...times, siteId, limit: oldest }) : []
    for (const statement of [takeFirst, take]) {
      const limit = room - taken.length
      if (limit > 0) taken.push(...statement.all({ ...times, siteId, limit }))
    }
    return taken
  }

  const toClaim = ({ id }: { id: string }) => {
    const { scheduleFrom, site, ...rest } = claimed(db).get({ id })!
    return {
      ...rest,
      tryNumber: rest.attempt - scheduleFrom,
      site: { ...site, webhookUrl: site.webhookUrl! },
      allowedTargets: rest.allowedTargets ?? [],
    }
  }

  return {
    async claimDeliveries({ at, leaseUntil, limit, spreadAfter = limit }) {
      // Looked at first without a transaction: most of the time there is nothing to do, and a commit costs an fsync.
      if ((await read(() => findAny.get({ at }))) === undefined) return []
      return write(() => {
        const ready = findReady.all({ at, limit })
        const rooms = roomsFor(ready, { limit, spreadAfter })
        return ready.flatMap((site, index) =>
          takeFrom(site, rooms[index]!, { at, leaseUntil }).map(toClaim),
        )
      })
    },

    settleDelivery: (settlement) => group(() => settle(db, settlement)),

    findDelivery: (eventId) =>
      read(() => {
        const found = db
          .select({ delivery: deliveries })
          .from(deliveries)
          .innerJoin(events, eq(events.seq, deliveries.eventSeq))
          .where(eq(events.id, eventId))
          .get()
        if (!found) return undefined
        const tries = db
          .select()
          .from(attempts)
          .where(eq(attempts.deliveryId, found.delivery.id))
          .orderBy(asc(attempts.number))
          .all()
        return {
          ...found.delivery,
          tries: tries.map(({ number, startedAt, durationMs, status, error, response }) => ({
            number,
            startedAt,
            durationMs,
            status,
            error,
            response,
          })),
        }
      }),

    ...deliveryReportOperations({ db, read, write }),

    clockJumped: (byMs, at) => write(() => moveTimes(db, byMs, at)),

    async recoverDead(at) {
      if ((await read(() => nextToRecover(db))) === undefined) return undefined
      return write(() => {
        const span = nextToRecover(db)
        return span && { siteId: span.siteId, recovered: recover(db, span, at) }
      })
    },
  }
}

/** Stores a delivery when its site wants any, inside the transaction at hand. It waits for the untried ones before it. */
export function insertDelivery(
  db: Db,
  {
    at,
    ...delivery
  }: { id: string; eventSeq: number; siteId: string; itemId: number | null; at: number },
): void {
  const { siteId, itemId } = delivery
  if (!wanting(db).get({ siteId })) return
  const dueAt = nextUntried(db).get({ siteId, itemId }) ? null : at
  storeDelivery(db).run({ ...delivery, dueAt, at })
}

/**
 * Deals places out to the sites in turn: every one gets its first before any gets its second, and a second or further one
 * only while less than `spreadAfter` are dealt.
 */
function roomsFor(
  ready: readonly Ready[],
  { limit, spreadAfter }: { limit: number; spreadAfter: number },
): number[] {
  const rooms = ready.map(() => 0)
  let dealt = 0
  for (let place = 1; ready.some(({ most }) => most >= place); place += 1) {
    for (const [index, { busy, most }] of ready.entries()) {
      if (busy >= place || most < place) continue
      if (dealt >= (place === 1 ? limit : Math.min(limit, spreadAfter))) break
      rooms[index]! += 1
      dealt += 1
    }
  }
  return rooms
}

function settle(db: Db, { id, attempt, at, outcome, ...settlement }: Settlement): Settled {
  const stale: Settled = { outcome: 'stale', disabled: false }
  const delivery = deliveryWith(db).get({ id })
  if (!delivery || delivery.attempts !== attempt || delivery.claimedUntil === null) return stale

  const ended = { ...delivery, ...after(outcome, at) }
  if (outcome.kind === 'released') {
    endTry(db).run({ ...ended, scheduleFrom: delivery.scheduleFrom + 1 })
    return { ...stale, outcome: 'settled' }
  }
  endTry(db).run({ ...ended, firstEndedAt: delivery.firstEndedAt ?? at })
  if (delivery.firstEndedAt === null) releaseNext(db, delivery, at)
  if (settlement.try) storeTry(db).run({ deliveryId: id, number: attempt, ...settlement.try })

  const { siteId } = delivery
  const before = healthOf(db, siteId)
  const { health, recoverSince } = settlement.judge(before, urlOf(db).get({ siteId })!.webhookUrl)
  if (health !== before) writeHealth(db, siteId, health)
  const disabled = before.disabledAt === null && health.disabledAt !== null
  if (disabled) {
    const by = { actor: 'server', at }
    noteOfSite(db, siteId, by, 'endpoint.disabled', { reason: health.disabledReason })
  }
  if (recoverSince !== null) markRecovery(db, { siteId, since: recoverSince, until: at })
  return { outcome: 'settled', disabled }
}

function after(outcome: Settlement['outcome'], at: number) {
  if (outcome.kind === 'delivered') return { state: 'delivered' as const, settledAt: at }
  if (outcome.kind === 'dead') return { state: 'dead' as const, settledAt: at }
  return { dueAt: outcome.kind === 'failed' ? outcome.dueAt : at }
}

/** Lets the oldest delivery of a site and item go that waited for one before it, if it is not on its way already. */
export function releaseNext(
  db: Db,
  { siteId, itemId }: { siteId: string; itemId: number | null },
  at: number,
): void {
  const next = nextUntried(db).get({ siteId, itemId })
  if (next) becomeDue(db).run({ ...next, at })
}
