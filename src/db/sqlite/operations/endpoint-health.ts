import { eq } from 'drizzle-orm'
import type { EndpointHealth } from '../../ports/endpoints.ts'
import { endpoints } from '../schema/index.ts'
import { given, prepared, type Tools } from '../tools.ts'
import { markRecovery } from './recovery.ts'

type Db = Tools['db']

const endpointOf = prepared((db) =>
  db
    .select()
    .from(endpoints)
    .where(eq(endpoints.siteId, given('siteId')))
    .prepare(),
)

const healthy: EndpointHealth = {
  failingSince: null,
  lastFailureAt: null,
  jumpedMs: 0,
  streak: 0,
  holdUntil: 0,
  concurrency: 4,
  disabledAt: null,
  disabledReason: null,
}

/**
 * Forgets an endpoint's failures, and notes that what died of them is to go back on its way; inside the transaction at hand.
 * A new URL and the operator's word do this.
 */
export function reviveEndpoint(db: Db, siteId: string, at: number): void {
  const { failingSince } = healthOf(db, siteId)
  writeHealth(db, siteId, healthy)
  if (failingSince !== null) markRecovery(db, { siteId, since: failingSince, until: at })
}

export function healthOf(db: Db, siteId: string): EndpointHealth {
  const row = endpointOf(db).get({ siteId })
  if (!row) return healthy
  const { failingSince, lastFailureAt, jumpedMs, streak, holdUntil, concurrency } = row
  const { disabledAt, disabledReason } = row
  return {
    failingSince,
    lastFailureAt,
    jumpedMs,
    streak,
    holdUntil,
    concurrency,
    disabledAt,
    disabledReason,
  }
}

export function writeHealth(db: Db, siteId: string, health: EndpointHealth): void {
  db.insert(endpoints)
    .values({ siteId, ...health })
    .onConflictDoUpdate({ target: endpoints.siteId, set: health })
    .run()
}
