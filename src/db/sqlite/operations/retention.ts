import { and, eq, inArray, isNotNull, isNull, lt, notExists, or, sql } from 'drizzle-orm'
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
import type { Tools } from '../tools.ts'

type Db = Tools['db']

export function retentionOperations({ db, write }: Tools): RetentionStore {
  return { purge: (kind, before, limit) => write(() => purges[kind](db, before, limit)) }
}

/** Whether nothing of an event is on its way any more: what still waits stays, whatever the clock says. */
const isSettled = (db: Db) =>
  notExists(
    db
      .select({ one: sql`1` })
      .from(deliveries)
      .where(and(eq(deliveries.eventSeq, events.seq), sql`${deliveries.state} = 'pending'`)),
  )

/** Requests that no visit and no claim can change any more. */
const isOver = (before: number) =>
  and(
    inArray(requests.state, ['completed', 'failed', 'expired']),
    lt(requests.expiresAt, before),
    or(isNull(requests.claimedItemId), eq(requests.state, 'expired')),
  )

/** Each kind has an index by age that holds only what is still to be forgotten, so that looking costs nothing. */
const purges: Record<
  Parameters<RetentionStore['purge']>[0],
  (db: Db, before: number, limit: number) => number
> = {
  'event-bodies'(db, before, limit) {
    const old = db
      .select({ seq: events.seq })
      .from(events)
      .where(
        and(
          isNotNull(events.body),
          lt(events.receivedAt, before),
          isNotNull(events.handledAt),
          isSettled(db),
        ),
      )
      .limit(limit)
    return db.update(events).set({ body: null }).where(inArray(events.seq, old)).run().changes
  },

  responses(db, before, limit) {
    const old = db
      .select({ id: attempts.id })
      .from(attempts)
      .where(and(isNotNull(attempts.response), lt(attempts.startedAt, before)))
      .limit(limit)
    return db.update(attempts).set({ response: null }).where(inArray(attempts.id, old)).run()
      .changes
  },

  calls(db, before, limit) {
    const old = db.select({ id: calls.id }).from(calls).where(lt(calls.at, before)).limit(limit)
    return db.delete(calls).where(inArray(calls.id, old)).run().changes
  },

  events(db, before, limit) {
    const old = db
      .select({ seq: events.seq })
      .from(events)
      .where(and(lt(events.receivedAt, before), isNotNull(events.handledAt), isSettled(db)))
      .limit(limit)
    return db.delete(events).where(inArray(events.seq, old)).run().changes
  },

  // Links that led to nothing are what a caller can make us keep most of; no other row refers to them.
  'requests-without-item'(db, before, limit) {
    const old = db
      .select({ id: requests.id })
      .from(requests)
      .where(and(isOver(before), isNull(requests.itemId)))
      .limit(limit)
    return db.delete(requests).where(inArray(requests.id, old)).run().changes
  },

  requests(db, before, limit) {
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
    return db.delete(requests).where(inArray(requests.id, old)).run().changes
  },

  items(db, before, limit) {
    const old = db
      .select({ id: items.id })
      .from(items)
      .where(and(isNotNull(items.goneAt), lt(items.goneAt, before)))
      .limit(limit)
    return db.delete(items).where(inArray(items.id, old)).run().changes
  },

  audit(db, before, limit) {
    const old = db.select({ id: audit.id }).from(audit).where(lt(audit.at, before)).limit(limit)
    return db.delete(audit).where(inArray(audit.id, old)).run().changes
  },

  removals(db, before, limit) {
    const old = db
      .select({ id: removals.id })
      .from(removals)
      .where(lt(removals.finishedAt, before))
      .limit(limit)
    return db.delete(removals).where(inArray(removals.id, old)).run().changes
  },
}
