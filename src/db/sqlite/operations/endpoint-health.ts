import { eq } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { EndpointHealth } from '../../ports/endpoints.ts'
import { healthy, revive, type Verdict } from '../../rules/endpoint-health.ts'
import { endpoints } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { lastDeath, markRecovery } from './recovery.ts'

type Db = Tools['db']

const healthWith = prepared((db) =>
  db
    .select({
      failingSince: endpoints.failingSince,
      lastFailureAt: endpoints.lastFailureAt,
      jumpedMs: endpoints.jumpedMs,
      streak: endpoints.streak,
      holdUntil: endpoints.holdUntil,
      concurrency: endpoints.concurrency,
      disabledAt: endpoints.disabledAt,
      disabledReason: endpoints.disabledReason,
    })
    .from(endpoints)
    .where(eq(endpoints.siteId, given('siteId')))
    .prepare(),
)

/**
 * Forgets an endpoint's failures, and notes that what died of them is to go back on its way; inside the transaction at hand.
 * A new URL and the operator's word do this; whoever says so may have begun before the last of it died.
 */
export function reviveEndpoint(db: Db, siteId: string, at: number): void {
  const until = Math.max(at, lastDeath(db, siteId))
  writeVerdict(db, siteId, revive(healthOf(db, siteId)), until)
}

export const healthOf = (db: Db, siteId: string): EndpointHealth =>
  healthWith(db).get({ siteId }) ?? healthy

/** Stores what a try, or somebody's word, means for an endpoint. */
export function writeVerdict(
  db: Db,
  siteId: string,
  { health, recoverSince }: Verdict,
  at: number,
): void {
  db.insert(endpoints)
    .values({ siteId, ...health })
    .onConflictDoUpdate({ target: endpoints.siteId, set: health })
    .run()
  if (recoverSince !== null) markRecovery(db, siteId, { since: recoverSince, until: at })
}
