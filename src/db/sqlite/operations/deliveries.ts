import type Sqlite from 'better-sqlite3'
import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { Settled, Settlement, DeliveryStore } from '../../ports/deliveries.ts'
import type { EndpointAnswer } from '../../ports/endpoints.ts'
import { sharesOf, type Ready, type Share } from '../../rules/claim-shares.ts'
import { judgeAnswer, triesAtOnce } from '../../rules/endpoint-health.ts'
import { takesWebhooks } from '../../rules/replay.ts'
import { endTry, firstDueAt } from '../../rules/try-outcome.ts'
import { monthOf } from '../../rules/usage-month.ts'
import type { GroupCommit } from '../group-commit.ts'
import { attempts, deliveries, endpoints, events, sites } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { noteOfSite } from './audit.ts'
import { healthOf, writeVerdict } from './endpoint-health.ts'
import { nextToRecover, recover } from './recovery.ts'
import { deliveryReportOperations } from './delivery-reports.ts'
import { addUsage } from './usage.ts'

type Db = Tools['db']

/** Sites with anything due, read off the index one after the other: the backlog of one that is dead is not walked. */
export const waiting = `
WITH RECURSIVE waiting(site_id) AS (
  SELECT min(site_id) FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL
  UNION ALL
  SELECT (SELECT min(site_id) FROM deliveries
          WHERE state = 'pending' AND due_at IS NOT NULL AND site_id > waiting.site_id)
  FROM waiting WHERE waiting.site_id IS NOT NULL
)`

/**
 * The sites with deliveries due and an endpoint that may be tried, those with the fewest in flight first, then the longest
 * waiting: so a backlog keeps nobody else from their turn. `retrying` of what is in flight is no first try.
 */
const ready = `${waiting}, ready AS (
  SELECT sites.id AS siteId,
    (SELECT min(due_at) FROM deliveries
     WHERE state = 'pending' AND due_at IS NOT NULL AND site_id = sites.id) AS firstDue,
    CASE WHEN endpoints.streak > 0 THEN 1 ELSE coalesce(endpoints.concurrency, ${triesAtOnce}) END AS slots,
    (SELECT count(*) FROM deliveries
     WHERE claimed_until IS NOT NULL AND claimed_until > +@at AND site_id = sites.id) AS busy,
    (SELECT count(*) FROM deliveries
     WHERE claimed_until IS NOT NULL AND claimed_until > +@at AND site_id = sites.id
       AND first_ended_at IS NOT NULL) AS retrying
  FROM waiting
  LEFT JOIN endpoints ON endpoints.site_id = waiting.site_id
  CROSS JOIN sites ON sites.id = waiting.site_id
  CROSS JOIN tenants ON tenants.id = sites.tenant_id AND tenants.disabled_at IS NULL
  WHERE sites.webhook_url IS NOT NULL AND sites.removed_at IS NULL
    AND endpoints.disabled_at IS NULL AND coalesce(endpoints.hold_until, 0) <= +@at
)
`

/** Whether there is any such site: found at the first, where `readySites` looks at all to tell whose turn it is. */
const anyReady = `${ready} SELECT 1 FROM ready WHERE firstDue <= +@at AND busy < slots LIMIT 1`

/** All such sites, whose turn it is first. */
export const readySites = `${ready}
SELECT siteId, busy, slots, retrying FROM ready
WHERE firstDue <= +@at AND busy < slots ORDER BY busy, firstDue LIMIT +@limit`

const taking = (which: string): string => `
UPDATE deliveries SET attempts = attempts + 1, due_at = +@leaseUntil,
  claimed_until = +@leaseUntil, claimed_by = +@by
WHERE id IN (
  SELECT id FROM deliveries
  WHERE state = 'pending' AND due_at IS NOT NULL ${which} AND site_id = +@siteId AND due_at <= +@at
  ORDER BY due_at, event_seq LIMIT +@limit)
RETURNING id`

/** Takes a site's oldest due deliveries. */
export const takeDue = taking('')

/** Takes the oldest due of those that were never tried. */
export const takeFirstTries = taking('AND first_ended_at IS NULL')

/** Takes the delivery of one event, unless somebody has it. */
const takeOne = `
UPDATE deliveries SET attempts = attempts + 1, due_at = +@leaseUntil,
  claimed_until = +@leaseUntil, claimed_by = +@by
WHERE event_seq = (SELECT seq FROM events WHERE id = +@eventId)
  AND state = 'pending' AND (claimed_until IS NULL OR claimed_until <= +@at)
RETURNING id`

const receiverOf = prepared((db) =>
  db
    .select({ webhookUrl: sites.webhookUrl, removedAt: sites.removedAt })
    .from(sites)
    .where(eq(sites.id, given('siteId')))
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

const storeEnd = prepared((db) =>
  db
    .update(deliveries)
    .set({
      claimedUntil: sql`${given('claimedUntil')}`,
      claimedBy: sql`${given('claimedBy')}`,
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

  const takeThis = client.prepare<unknown[], { id: string }>(takeOne)

  /** Takes a site's share: of the oldest, then of those never tried, then of the others. */
  function takeFrom(
    { siteId, limit, oldest }: Share,
    claim: { by: string; at: number; leaseUntil: number },
  ): { id: string }[] {
    const taken = oldest > 0 ? take.all({ ...claim, siteId, limit: oldest }) : []
    for (const statement of [takeFirst, take]) {
      const left = limit - taken.length
      if (left > 0) taken.push(...statement.all({ ...claim, siteId, limit: left }))
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

  /** After a power cut nobody holds a claim, so a lost one is no loss. */
  const mayBeTakenAgain = { mayBeLost: true }

  return {
    async claimDeliveries({ by, at, leaseUntil, limit, spreadAfter = limit }) {
      // Looked at first without a transaction: most of the time there is nothing to do.
      if ((await read(() => findAny.get({ at }))) === undefined) return []
      return write(() => {
        const shares = sharesOf(findReady.all({ at, limit }), { limit, spreadAfter })
        return shares.flatMap((share) => takeFrom(share, { by, at, leaseUntil }).map(toClaim))
      }, mayBeTakenAgain)
    },

    claimDelivery: (eventId, claim) =>
      write(() => {
        const taken = takeThis.get({ eventId, ...claim })
        return taken && toClaim(taken)
      }, mayBeTakenAgain),

    settleDelivery: (settlement) => group(() => settle(db, settlement)),

    ...deliveryReportOperations({ db, read, write }),

    async recoverDead(at) {
      if ((await read(() => nextToRecover(db))) === undefined) return undefined
      return write(() => {
        const next = nextToRecover(db)
        return next && { siteId: next.siteId, recovered: recover(db, next, at) }
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
  const site = receiverOf(db).get({ siteId })
  if (!site || !takesWebhooks(site)) return
  const dueAt = firstDueAt(at, { isBehind: nextUntried(db).get({ siteId, itemId }) !== undefined })
  storeDelivery(db).run({ ...delivery, dueAt, at })
}

function settle(db: Db, { id, ...settlement }: Settlement): Settled {
  const delivery = deliveryWith(db).get({ id })
  const present = (delivery && receiverOf(db).get(delivery)?.webhookUrl) ?? null
  const end = delivery && endTry(delivery, settlement, present)
  if (!end) return { outcome: 'stale', disabled: false }
  const { at, attempt, endpoint, outcome } = settlement
  storeEnd(db).run({ id, ...end.change })
  if (end.freesNext) releaseNext(db, delivery, at)
  if (!end.wasTried) return { outcome: 'settled', disabled: false }
  if (settlement.try) storeTry(db).run({ deliveryId: id, number: attempt, ...settlement.try })
  if (outcome.kind === 'delivered') addUsage(db, delivery.siteId, monthOf(at), { webhooks: 1 })
  const answer = endpoint && { ...endpoint, at }
  const disabled = answer !== null && settleEndpoint(db, delivery.siteId, answer, present)
  return { outcome: 'settled', disabled }
}

/** What a try means for its endpoint; returns whether it is disabled by it. */
function settleEndpoint(
  db: Db,
  siteId: string,
  answer: EndpointAnswer & { at: number },
  present: string | null,
): boolean {
  const before = healthOf(db, siteId)
  const verdict = judgeAnswer(before, answer, present)
  const { at } = answer
  if (verdict.health !== before) writeVerdict(db, siteId, verdict, at)
  if (verdict.disabled) {
    const reason = verdict.health.disabledReason
    noteOfSite(db, siteId, { actor: 'server', at }, 'endpoint.disabled', {
      detail: { reason },
    })
  }
  return verdict.disabled
}

/** Lets the oldest delivery of a site and item go that waited for one before it, if it is not on its way already. */
function releaseNext(
  db: Db,
  { siteId, itemId }: { siteId: string; itemId: number | null },
  at: number,
): void {
  const next = nextUntried(db).get({ siteId, itemId })
  if (next) becomeDue(db).run({ ...next, at })
}
