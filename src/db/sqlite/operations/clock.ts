import { and, eq, gt, inArray, isNull, lte, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import {
  apiKeys,
  bridgeUsers,
  connectRequests as requests,
  deliveries,
  endpoints,
  events,
  itemRefreshes,
  items,
  renewals,
} from '../schema/index.ts'
import type { Tools } from '../tools.ts'

type Db = Tools['db']

/** The machine's clock was put forward by so much, or back: what was to happen in a while happens in that while. */
export function moveTimes(db: Db, byMs: number, at: number): void {
  if (byMs > 0) moveForward(db, byMs, at)
  else moveBack(db, -byMs, at)
}

function moveForward(db: Db, byMs: number, at: number): void {
  const before = at - byMs
  // Whoever tries a delivery still has it. Retries that wait stay as they are: they may be many, and come early once.
  db.update(deliveries)
    .set({
      claimedUntil: sql`${deliveries.claimedUntil} + ${byMs}`,
      dueAt: sql`${deliveries.dueAt} + ${byMs}`,
    })
    .where(gt(deliveries.claimedUntil, before))
    .run()
  db.update(endpoints)
    .set({ holdUntil: sql`${endpoints.holdUntil} + ${byMs}` })
    .where(and(gt(endpoints.holdUntil, before), lte(endpoints.holdUntil, at)))
    .run()
  // An open link is good for as long as it would have been.
  db.update(requests)
    .set({
      openedAt: sql`${requests.openedAt} + ${byMs}`,
      expiresAt: sql`${requests.expiresAt} + ${byMs}`,
    })
    .where(and(inArray(requests.state, ['pending', 'failed']), gt(requests.expiresAt, before)))
    .run()
  // Its beginning stays too: it is compared with the times of tries.
  db.update(endpoints)
    .set({ jumpedMs: sql`${endpoints.jumpedMs} + ${byMs}` })
    .where(lte(endpoints.failingSince, before))
    .run()
}

function moveBack(db: Db, byMs: number, at: number): void {
  db.update(deliveries)
    .set({ dueAt: sql`max(${deliveries.dueAt} - ${byMs}, ${at})` })
    .where(and(sql`${deliveries.state} = 'pending'`, gt(deliveries.dueAt, at)))
    .run()
  db.update(deliveries)
    .set({ claimedUntil: sql`max(${deliveries.claimedUntil} - ${byMs}, ${at})` })
    .where(gt(deliveries.claimedUntil, at))
    .run()
  // Deliveries that died by the clock that was ahead: a recovery looks for those that died until now, and must find them.
  db.update(deliveries)
    .set({ settledAt: sql`min(${deliveries.settledAt} - ${byMs}, ${at})` })
    .where(and(sql`${deliveries.state} = 'dead'`, gt(deliveries.settledAt, at)))
    .run()
  db.update(events)
    .set({ handleAfter: sql`max(${events.handleAfter} - ${byMs}, ${at})` })
    .where(and(isNull(events.handledAt), gt(events.handleAfter, at)))
    .run()
  db.update(endpoints)
    .set({ holdUntil: sql`max(${endpoints.holdUntil} - ${byMs}, ${at})` })
    .where(gt(endpoints.holdUntil, at))
    .run()
  db.update(endpoints)
    .set({ jumpedMs: sql`max(${endpoints.jumpedMs} - ${byMs}, 0)` })
    .where(lte(endpoints.failingSince, at))
    .run()
  moveConnections(db, byMs, at)
  // Nothing failed in the future: what began there would end there.
  for (const name of ['failingSince', 'lastFailureAt'] as const) {
    db.update(endpoints)
      .set({ [name]: sql`min(${endpoints[name]} - ${byMs}, ${at})` })
      .where(gt(endpoints[name], at))
      .run()
  }
}

/**
 * Nothing was heard of, asked for or opened in the future: news would be old until then, limits would count it, and a link
 * would be good for as long.
 */
function moveConnections(db: Db, byMs: number, at: number): void {
  const early = (column: SQLiteColumn) => sql`min(${column} - ${byMs}, ${at})`
  db.update(requests)
    .set({ openedAt: early(requests.openedAt), expiresAt: sql`${requests.expiresAt} - ${byMs}` })
    .where(gt(requests.openedAt, at))
    .run()
  // What was over by that clock alone is open again.
  db.update(requests)
    .set({ state: 'pending' })
    .where(and(eq(requests.state, 'expired'), gt(requests.expiresAt, at)))
    .run()
  for (const name of ['updatedAt', 'askedAt', 'unreachableAt', 'goneAt'] as const) {
    db.update(items)
      .set({ [name]: early(items[name]) })
      .where(gt(items[name], at))
      .run()
  }
  db.update(bridgeUsers)
    .set({ itemsReadAt: early(bridgeUsers.itemsReadAt) })
    .where(gt(bridgeUsers.itemsReadAt, at))
    .run()
  for (const table of [itemRefreshes, renewals]) {
    db.update(table)
      .set({ at: early(table.at) })
      .where(gt(table.at, at))
      .run()
  }
  db.update(apiKeys)
    .set({ lastUsedAt: early(apiKeys.lastUsedAt) })
    .where(gt(apiKeys.lastUsedAt, at))
    .run()
  db.update(events)
    .set({ receivedAt: early(events.receivedAt) })
    .where(gt(events.receivedAt, at))
    .run()
}
