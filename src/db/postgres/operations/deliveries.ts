import { and, eq, inArray, isNull } from 'drizzle-orm'
import type {
  ClaimedDelivery,
  Delivery,
  DeliveryStore,
  Settled,
  Settlement,
} from '../../ports/deliveries.ts'
import type { EndpointAnswer } from '../../ports/endpoints.ts'
import { judgeAnswer } from '../../rules/endpoint-health.ts'
import { endTry } from '../../rules/try-outcome.ts'
import { attempts, deliveries, endpoints, events, sites } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { noteOfSite } from './audit.ts'
import { claimShares } from './claim-deliveries.ts'
import { deliveryReportOperations, triesOf } from './delivery-reports.ts'
import { lockHealth, writeVerdict } from './endpoint-health.ts'
import { nextUntried } from './insert-delivery.ts'
import { isRecoveryDue, lockNextToRecover, recover } from './recovery.ts'

export function deliveryOperations(tools: Tools): DeliveryStore {
  const { run, transaction } = tools
  return {
    claimDeliveries: ({ limit, spreadAfter = limit, ...claim }) =>
      claimShares(tools, { ...claim, limit, spreadAfter }, readClaimed),

    settleDelivery: (settlement) => transaction((db) => settle(db, settlement)),

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

/** What was claimed, with all that a try needs, in the order it was claimed in. */
async function readClaimed(db: Db, ids: readonly string[]): Promise<ClaimedDelivery[]> {
  if (ids.length === 0) return []
  const rows = await db
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
    .where(inArray(deliveries.id, [...ids]))
  const rowOf = new Map(rows.map((row) => [row.id, row]))
  return ids.map((id) => {
    const { scheduleFrom, site, ...rest } = rowOf.get(id)!
    return {
      ...rest,
      tryNumber: rest.attempt - scheduleFrom,
      site: { ...site, webhookUrl: site.webhookUrl! },
      allowedTargets: rest.allowedTargets ?? [],
    }
  })
}

async function settle(db: Db, { id, ...settlement }: Settlement): Promise<Settled> {
  const isIt = eq(deliveries.id, id)
  const [delivery] = await db.select().from(deliveries).where(isIt).for('no key update')
  const end = delivery && endTry(delivery, settlement)
  if (!end) return { outcome: 'stale', disabled: false }
  const { at, attempt, endpoint } = settlement
  await db.update(deliveries).set(end.change).where(isIt)
  if (end.freesNext) await releaseNext(db, delivery, at)
  if (!end.wasTried) return { outcome: 'settled', disabled: false }
  if (settlement.try) {
    await db.insert(attempts).values({ deliveryId: id, number: attempt, ...settlement.try })
  }
  const answer = endpoint && { ...endpoint, at }
  const disabled = answer !== null && (await settleEndpoint(db, delivery.siteId, answer))
  return { outcome: 'settled', disabled }
}

/** What a try means for its endpoint; returns whether it is disabled by it. */
async function settleEndpoint(
  db: Db,
  siteId: string,
  answer: EndpointAnswer & { at: number },
): Promise<boolean> {
  const before = await lockHealth(db, siteId)
  const [site] = await db
    .select({ webhookUrl: sites.webhookUrl })
    .from(sites)
    .where(eq(sites.id, siteId))
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
async function releaseNext(
  db: Db,
  { siteId, itemId }: Pick<Delivery, 'siteId' | 'itemId'>,
  at: number,
): Promise<void> {
  const next = await nextUntried(db, { siteId, itemId })
  if (next === undefined) return
  const waits = and(eq(deliveries.id, next), isNull(deliveries.dueAt))
  await db.update(deliveries).set({ dueAt: at }).where(waits)
}
