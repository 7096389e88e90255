import { eq, sql } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { Attempt, Delivery, Settled, Settlement } from '../../ports/deliveries.ts'
import type { EndpointAnswer } from '../../ports/endpoints.ts'
import { healthy, judgeAnswer } from '../../rules/endpoint-health.ts'
import { endTry, type TryEnd } from '../../rules/try-outcome.ts'
import { monthOf } from '../../rules/usage-month.ts'
import { LostRaceError } from '../errors.ts'
import { deliveries, endpoints, sites } from '../schema/index.ts'
import { prepared, tableOf, type Db, type Last } from '../tools.ts'
import { noteOfSite } from './audit.ts'
import { health, lockHealth, writeVerdict } from './endpoint-health.ts'
import { orderOfDeliveries } from './locks.ts'
import { untriedOf } from './store-event.ts'
import { addUsage } from './usage.ts'

/**
 * First tries of a site and item end one after the other, for several may be under way: each would take the other for the one
 * that all behind wait for, and let none of them go. No row is common to them, so the lock is one of a name.
 */
const inTurn = sql`CASE WHEN ${deliveries.firstEndedAt} IS NULL THEN
  pg_advisory_xact_lock(hashtextextended(${deliveries.siteId}, coalesce(${deliveries.itemId}, 0))) END`

/** Deliveries, nobody else's until the transaction ends, and what is known of their endpoints. All lock them in one order. */
const lockDeliveries = prepared((db) =>
  db
    .select({ delivery: deliveries, webhookUrl: sites.webhookUrl, health, inTurn })
    .from(deliveries)
    .innerJoin(sites, eq(sites.id, deliveries.siteId))
    .leftJoin(endpoints, eq(endpoints.siteId, deliveries.siteId))
    .where(sql`${deliveries.id} = ANY(${given('ids')}::text[])`)
    .orderBy(...orderOfDeliveries)
    .for('no key update', { of: deliveries }),
)

/** Ends tries as a rule says of each, in their order, and what they mean for their endpoints and for what waits behind them. */
export async function settleAll(
  db: Db,
  last: Last,
  all: readonly Settlement[],
): Promise<readonly Settled[]> {
  const rows = await lockDeliveries(db).execute({ ids: all.map(({ id }) => id) })
  const claimed = new Map(rows.map((row) => [row.delivery.id, row]))
  const ended: ({ id: string } & TryEnd)[] = []
  const tries: (Attempt & { deliveryId: string })[] = []
  const freed: (Pick<Delivery, 'siteId' | 'itemId'> & { at: number })[] = []
  const taken: { siteId: string; month: string }[] = []
  const news = new Map<string, { nth: number; answer: Answer; present: string | null }[]>()
  const settled = all.map(({ id, ...settlement }, nth): Settled => {
    const row = claimed.get(id)
    const end = row && endTry(row.delivery, settlement, row.webhookUrl)
    if (!end) return { outcome: 'stale', disabled: false }
    claimed.delete(id)
    const { siteId, itemId } = row.delivery
    const { at, attempt, endpoint, outcome } = settlement
    ended.push({ id, ...end.change })
    if (end.freesNext) freed.push({ siteId, itemId, at })
    if (!end.wasTried) return { outcome: 'settled', disabled: false }
    if (settlement.try) tries.push({ deliveryId: id, number: attempt, ...settlement.try })
    if (outcome.kind === 'delivered') taken.push({ siteId, month: monthOf(at) })
    const before = row.health ?? healthy
    const answer = endpoint && { ...endpoint, at }
    // Most of the time an endpoint stays as it is: then nobody waits for its lock.
    const present = row.webhookUrl
    const isNews = answer && judgeAnswer(before, answer, present).health !== before
    const ofSite = news.get(siteId) ?? []
    if (answer && (isNews || ofSite.length > 0)) {
      news.set(siteId, [...ofSite, { nth, answer, present }])
    }
    return { outcome: 'settled', disabled: false }
  })
  const writes = [
    ...(ended.length > 0 ? [ending(db, ended)] : []),
    ...(tries.length > 0 ? [trying(db, tries)] : []),
    ...(freed.length > 0 ? [releasing(db, freed)] : []),
  ]
  // The last of all: all deliveries of a site count in one row, which nobody may hold for long.
  const counted = taken.length > 0 ? [addUsage(db, 'webhooks', taken)] : []
  if (news.size === 0) {
    last(...writes, ...counted)
    return settled
  }
  const judge = async () => {
    // All lock endpoints in one order.
    for (const siteId of [...news.keys()].toSorted()) {
      for (const { nth, answer, present } of news.get(siteId)!) {
        settled[nth]!.disabled = await settleEndpoint(db, siteId, answer, present)
      }
    }
  }
  // Deliveries that died are written before an endpoint that recovered looks for them. Only the first error is reported: those
  // after it merely say that the transaction had failed already.
  await Promise.all([...writes.map((one) => one.execute()), judge()])
  last(...counted)
  return settled
}

const ending = (db: Db, all: readonly ({ id: string } & TryEnd)[]) => {
  const ended = tableOf('ended', all, {
    id: 'text',
    state: 'text',
    dueAt: 'bigint',
    claimedUntil: 'bigint',
    claimedBy: 'text',
    settledAt: 'bigint',
    firstEndedAt: 'bigint',
    scheduleFrom: 'bigint',
  })
  return db.execute(sql`
UPDATE deliveries SET state = ended.state, due_at = "dueAt", claimed_until = "claimedUntil", claimed_by = "claimedBy",
  settled_at = "settledAt", first_ended_at = "firstEndedAt", schedule_from = "scheduleFrom"
FROM ${ended} WHERE deliveries.id = ended.id`)
}

const trying = (db: Db, all: readonly (Attempt & { deliveryId: string })[]) => {
  const tried = tableOf('tried', all, {
    deliveryId: 'text',
    number: 'bigint',
    startedAt: 'bigint',
    durationMs: 'bigint',
    status: 'bigint',
    error: 'text',
    response: 'bytea',
  })
  return db.execute(sql`
INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status, error, response)
SELECT "deliveryId", number, "startedAt", "durationMs", status, error, response FROM ${tried} ORDER BY nth`)
}

/** Lets the oldest delivery of a site and item go that waited for one before it, if it is not on its way already. */
const releasing = (
  db: Db,
  all: readonly (Pick<Delivery, 'siteId' | 'itemId'> & { at: number })[],
) => {
  const pairs = tableOf('pair', all, { siteId: 'text', itemId: 'bigint', at: 'bigint' })
  return db.execute(sql`
WITH pair AS (SELECT * FROM ${pairs}), next AS (${untriedOf(sql`pair`)})
UPDATE deliveries SET due_at = next.at FROM next WHERE deliveries.id = next.id AND due_at IS NULL`)
}

type Answer = EndpointAnswer & { at: number }

/**
 * What a try means for its endpoint; returns whether it is disabled by it. Who gives the site another address has this lock:
 * when that happened since the end of the try was decided, it is decided anew, for what died would stay so.
 */
async function settleEndpoint(
  db: Db,
  siteId: string,
  answer: Answer,
  present: string | null,
): Promise<boolean> {
  const urlOf = db.select({ webhookUrl: sites.webhookUrl }).from(sites).where(eq(sites.id, siteId))
  const [before, [site]] = await Promise.all([lockHealth(db, siteId), urlOf])
  if (site?.webhookUrl !== present) throw new LostRaceError('The site has another address by now')
  const verdict = judgeAnswer(before, answer, present)
  const { at } = answer
  if (verdict.health !== before) await writeVerdict(db, siteId, verdict, at)
  if (verdict.disabled) {
    const reason = verdict.health.disabledReason
    await noteOfSite(db, siteId, { actor: 'server', at }, 'endpoint.disabled', {
      detail: { reason },
    })
  }
  return verdict.disabled
}
