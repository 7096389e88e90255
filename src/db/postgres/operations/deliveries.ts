import { and, eq, isNull } from 'drizzle-orm'
import type { Delivery, DeliveryStore, Settled, Settlement } from '../../ports/deliveries.ts'
import type { EndpointAnswer } from '../../ports/endpoints.ts'
import { healthy, judgeAnswer } from '../../rules/endpoint-health.ts'
import { endTry } from '../../rules/try-outcome.ts'
import { monthOf } from '../../rules/usage-month.ts'
import { attempts, deliveries, endpoints, events, sites } from '../schema/index.ts'
import { given, prepared, type Db, type Last, type Tools } from '../tools.ts'
import { noteOfSite } from './audit.ts'
import { claimOne, claimShares } from './claim-deliveries.ts'
import { deliveryReportOperations, triesOf } from './delivery-reports.ts'
import { health, lockHealth, writeVerdict } from './endpoint-health.ts'
import { isRecoveryDue, lockNextToRecover, recover } from './recovery.ts'
import { nextUntried } from './store-event.ts'
import { addDelivered } from './usage.ts'

export function deliveryOperations(tools: Tools): DeliveryStore {
  const { run, transaction } = tools
  return {
    claimDeliveries: ({ limit, spreadAfter = limit, ...claim }) =>
      claimShares(tools, { ...claim, limit, spreadAfter }),

    claimDelivery: (eventId, claim) => claimOne(tools, eventId, claim),

    settleDelivery: (settlement) => transaction((db, last) => settle(db, last, settlement)),

    findDelivery: (eventId) =>
      run(async (db) => {
        const [found] = await db
          .select({ delivery: deliveries })
          .from(deliveries)
          .innerJoin(events, eq(events.seq, deliveries.eventSeq))
          .where(eq(events.id, eventId))
        if (!found) return undefined
        const { id } = found.delivery
        return { ...found.delivery, tries: (await triesOf(db, [id])).get(id) ?? [] }
      }),

    ...deliveryReportOperations(tools),

    // Leases and due times outlast a member's clock.
    clockJumped: () => Promise.resolve(),

    async recoverDead(at) {
      if (!(await run(isRecoveryDue))) return undefined
      return transaction(async (db) => {
        const next = await lockNextToRecover(db)
        return next && { siteId: next.siteId, recovered: await recover(db, next, at) }
      })
    },
  }
}

/** A delivery, nobody else's until the transaction ends, and what is known of its endpoint. */
const lockDelivery = prepared((db) =>
  db
    .select({ delivery: deliveries, webhookUrl: sites.webhookUrl, health })
    .from(deliveries)
    .innerJoin(sites, eq(sites.id, deliveries.siteId))
    .leftJoin(endpoints, eq(endpoints.siteId, deliveries.siteId))
    .where(eq(deliveries.id, given('id')))
    .for('no key update', { of: deliveries }),
)

async function settle(db: Db, last: Last, { id, ...settlement }: Settlement): Promise<Settled> {
  const isIt = eq(deliveries.id, id)
  const [found] = await lockDelivery(db).execute({ id })
  const end = found && endTry(found.delivery, settlement)
  if (!end) return { outcome: 'stale', disabled: false }
  const { delivery, webhookUrl } = found
  const { at, attempt, endpoint, outcome } = settlement
  last(db.update(deliveries).set(end.change).where(isIt))
  if (end.freesNext) last(releaseNext(db, delivery, at))
  if (!end.wasTried) return { outcome: 'settled', disabled: false }
  if (settlement.try) {
    last(db.insert(attempts).values({ deliveryId: id, number: attempt, ...settlement.try }))
  }
  const before = found.health ?? healthy
  const answer = endpoint && { ...endpoint, at }
  // Most of the time an endpoint stays as it is: then nobody waits for its lock.
  const isNews = answer !== null && judgeAnswer(before, answer, webhookUrl).health !== before
  const disabled = isNews && (await settleEndpoint(db, delivery.siteId, answer))
  // The last of all: all deliveries of a site count in one row, which nobody may hold for long.
  if (outcome.kind === 'delivered') last(addDelivered(db, delivery.siteId, monthOf(at)))
  return { outcome: 'settled', disabled }
}

/** What a try means for its endpoint; returns whether it is disabled by it. */
async function settleEndpoint(
  db: Db,
  siteId: string,
  answer: EndpointAnswer & { at: number },
): Promise<boolean> {
  const urlOf = db.select({ webhookUrl: sites.webhookUrl }).from(sites).where(eq(sites.id, siteId))
  const [before, [site]] = await Promise.all([lockHealth(db, siteId), urlOf])
  const verdict = judgeAnswer(before, answer, site?.webhookUrl ?? null)
  const { at } = answer
  if (verdict.health !== before) await writeVerdict(db, siteId, verdict, at)
  if (verdict.disabled) {
    const reason = verdict.health.disabledReason
    await noteOfSite(db, siteId, { actor: 'server', at }, 'endpoint.disabled', { reason })
  }
  return verdict.disabled
}

/** Lets the oldest delivery of a site and item go that waited for one before it, if it is not on its way already. */
const releaseNext = (db: Db, of: Pick<Delivery, 'siteId' | 'itemId'>, at: number) =>
  db
    .update(deliveries)
    .set({ dueAt: at })
    .where(and(isNull(deliveries.dueAt), eq(deliveries.id, nextUntried(db, of))))
