import { and, eq, inArray, isNotNull, isNull, lt, notExists, or, sql, type SQL } from 'drizzle-orm'
import type { RetentionStore } from '../../ports/retention.ts'
import {
  attempts,
  audit,
  calls,
  connectRequests as requests,
  deliveries,
  events,
  items,
  removals,
} from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'

export function retentionOperations({ transaction }: Tools): RetentionStore {
  return { purge: (kind, before, limit) => transaction((db) => purges[kind](db, before, limit)) }
} /** Whether nothing of an event is on its way any more: what still waits stays, whatever the clock says. */
const isSettled = (db: Db) =>
  notExists(
    db
      .select({ one: sql`1` })
      .from(deliveries)
      .where(and(eq(deliveries.eventSeq, events.seq), sql`${deliveries.state} = 'pending'`)),
  )

/**
 * Old events of which nothing is on its way, as a condition for the statement that follows. Their rows are locked, and what
 * waits for one is asked once more in that statement: somebody may just have sent it again.
 */
async function oldEvents(db: Db, before: number, limit: number, which?: SQL) {
  const isOld = and(which, lt(events.receivedAt, before), isNotNull(events.handledAt))
  const old = await db
    .select({ seq: events.seq })
    .from(events)
    .where(and(isOld, isSettled(db)))
    .limit(limit)
    .for('update', { skipLocked: true })
  const seqs = old.map(({ seq }) => seq)
  return and(inArray(events.seq, seqs), isSettled(db))
}

/** Requests that no visit and no claim can change any more. */
const isOver = (before: number) =>
  and(
    inArray(requests.state, ['completed', 'failed', 'expired']),
    lt(requests.expiresAt, before),
    or(isNull(requests.claimedItemId), eq(requests.state, 'expired')),
  )

const changed = ({ rowCount }: { rowCount: number | null }): number => rowCount ?? 0

/** Each kind has an index by age that holds only what is still to be forgotten, so that looking costs nothing. */
const purges: Record<
  Parameters<RetentionStore['purge']>[0],
  (db: Db, before: number, limit: number) => Promise<number>
> = {
  async 'event-bodies'(db, before, limit) {
    const old = await oldEvents(db, before, limit, isNotNull(events.body))
    return changed(await db.update(events).set({ body: null }).where(old))
  },

  async responses(db, before, limit) {
    const old = db
      .select({ id: attempts.id })
      .from(attempts)
      .where(and(isNotNull(attempts.response), lt(attempts.startedAt, before)))
      .limit(limit)
    return changed(
      await db.update(attempts).set({ response: null }).where(inArray(attempts.id, old)),
    )
  },

  async calls(db, before, limit) {
    const old = db.select({ id: calls.id }).from(calls).where(lt(calls.at, before)).limit(limit)
    return changed(await db.delete(calls).where(inArray(calls.id, old)))
  },

  async events(db, before, limit) {
    const old = await oldEvents(db, before, limit)
    return changed(await db.delete(events).where(old))
  },

  // Links that led to nothing are what a caller can make us keep most of; no other row refers to them.
  async 'requests-without-item'(db, before, limit) {
    const old = db
      .select({ id: requests.id })
      .from(requests)
      .where(and(isOver(before), isNull(requests.itemId)))
      .limit(limit)
    return changed(await db.delete(requests).where(inArray(requests.id, old)))
  },

  async requests(db, before, limit) {
    // The request that made a living item says where its renewal ends: it stays as long as the item.
    const itsItem = db
      .select({ one: sql`1` })
      .from(items)
      .where(eq(items.id, requests.itemId))
    const old = db
      .select({ id: requests.id })
      .from(requests)
      .where(and(isOver(before), or(isNull(requests.itemId), notExists(itsItem))))
      .limit(limit)
    return changed(await db.delete(requests).where(inArray(requests.id, old)))
  },

  async items(db, before, limit) {
    const old = db
      .select({ id: items.id })
      .from(items)
      .where(and(isNotNull(items.goneAt), lt(items.goneAt, before)))
      .limit(limit)
    return changed(await db.delete(items).where(inArray(items.id, old)))
  },

  async audit(db, before, limit) {
    const old = db.select({ id: audit.id }).from(audit).where(lt(audit.at, before)).limit(limit)
    return changed(await db.delete(audit).where(inArray(audit.id, old)))
  },

  async removals(db, before, limit) {
    const old = db
      .select({ id: removals.id })
      .from(removals)
      .where(lt(removals.finishedAt, before))
      .limit(limit)
    return changed(await db.delete(removals).where(inArray(removals.id, old)))
  },
}
