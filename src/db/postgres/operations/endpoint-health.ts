import { eq } from 'drizzle-orm'
import type { EndpointHealth } from '../../ports/endpoints.ts'
import { healthy, revive, type Verdict } from '../../rules/endpoint-health.ts'
import { endpoints } from '../schema/index.ts'
import { first, type Db } from '../tools.ts'
import { lastDeath, markRecovery } from './recovery.ts'

/**
 * Forgets an endpoint's failures, and notes that what died of them is to go back on its way; inside the transaction at hand.
 * A new URL and the operator's word do this; whoever says so may have begun before the last of it died.
 */
export async function reviveEndpoint(db: Db, siteId: string, at: number): Promise<void> {
  const before = await lockHealth(db, siteId)
  const until = Math.max(at, await lastDeath(db, siteId))
  await writeVerdict(db, siteId, revive(before), until)
}

export async function healthOf(db: Db, siteId: string): Promise<EndpointHealth> {
  const its = db.select(health).from(endpoints).where(eq(endpoints.siteId, siteId))
  return (await first(its)) ?? healthy
}

/** The same, and nobody else's verdict until the transaction ends. An endpoint of which nothing is known gets its row. */
export async function lockHealth(db: Db, siteId: string): Promise<EndpointHealth> {
  const [, [row]] = await Promise.all([
    db.insert(endpoints).values({ siteId }).onConflictDoNothing(),
    db.select(health).from(endpoints).where(eq(endpoints.siteId, siteId)).for('no key update'),
  ])
  return row ?? healthy
}

/** What of an endpoint's row tells how it fares. */
export const health = {
  failingSince: endpoints.failingSince,
  lastFailureAt: endpoints.lastFailureAt,
  jumpedMs: endpoints.jumpedMs,
  streak: endpoints.streak,
  holdUntil: endpoints.holdUntil,
  concurrency: endpoints.concurrency,
  disabledAt: endpoints.disabledAt,
  disabledReason: endpoints.disabledReason,
}

/** Stores what a try, or somebody's word, means for an endpoint that is locked. */
export async function writeVerdict(
  db: Db,
  siteId: string,
  { health, recoverSince }: Verdict,
  at: number,
): Promise<void> {
  await db.update(endpoints).set(health).where(eq(endpoints.siteId, siteId))
  if (recoverSince !== null) await markRecovery(db, siteId, { since: recoverSince, until: at })
}
