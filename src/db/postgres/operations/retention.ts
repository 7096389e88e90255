import {
  and,
  count,
  eq,
  inArray,
  isNotNull,
  isNull,
  lt,
  notExists,
  or,
  sql,
  type SQL,
} from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { RetentionKind, RetentionStore } from '../../ports/retention.ts'
import {
  attempts,
  audit,
  calls,
  connectRequests as requests,
  deliveries,
  events,
  items,
  lostAccounts,
  removals,
} from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'

export function retentionOperations({ run, transaction }: Tools): RetentionStore {
  return {
    purge: (kind, before, limit) => transaction((db) => purge(db, kind, before, limit)),
    countPurgeable: (kind, before) =>
      run(async (db) => {
        const { table, where } = olds[kind](db, before)
        const [row] = await db.select({ many: count() }).from(table).where(where)
        return row?.many ?? 0
      }),
  }
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

interface Old {
  table: PgTable
  key: PgColumn
  where: SQL | undefined
}

/** What is past its time. Each kind has an index by age that holds only what is still to be forgotten, so that looking costs nothing. */
const olds: Record<RetentionKind, (db: Db, before: number) => Old> = {
  'event-bodies': (db, before) => ({
    table: events,
    key: events.seq,
    where: and(
      isNotNull(events.body),
      lt(events.receivedAt, before),
      isNotNull(events.handledAt),
      isSettled(db),
    ),
  }),

  responses: (_, before) => ({
    table: attempts,
    key: attempts.id,
    where: and(isNotNull(attempts.response), lt(attempts.startedAt, before)),
  }),

  calls: (_, before) => ({ table: calls, key: calls.id, where: lt(calls.at, before) }),

  events: (db, before) => ({
    table: events,
    key: events.seq,
    where: and(lt(events.receivedAt, before), isNotNull(events.handledAt), isSettled(db)),
  }),

  // Links that led to nothing are what a caller can make us keep most of; no other row refers to them.
  'requests-without-item': (_, before) => ({
    table: requests,
    key: requests.id,
    where: and(isOver(before), isNull(requests.itemId)),
  }),

  requests(db, before) {
    // The request that made a living item says where its renewal ends: it stays as long as the item.
    const itsItem = db
      .select({ one: sql`1` })
      .from(items)
      .where(eq(items.id, requests.itemId))
    const where = and(isOver(before), or(isNull(requests.itemId), notExists(itsItem)))
    return { table: requests, key: requests.id, where }
  },

  items: (_, before) => ({
    table: items,
    key: items.id,
    where: and(isNotNull(items.goneAt), lt(items.goneAt, before)),
  }),

  'lost-accounts': (_, before) => ({
    table: lostAccounts,
    key: lostAccounts.id,
    where: lt(lostAccounts.lostAt, before),
  }),

  audit: (_, before) => ({ table: audit, key: audit.id, where: lt(audit.at, before) }),

  removals: (_, before) => ({
    table: removals,
    key: removals.id,
    where: lt(removals.finishedAt, before),
  }),
}

/**
 * Old events, as a condition for the statement that follows. Their rows are locked, and what waits for one is asked once more
 * in that statement: somebody may just have sent it again.
 */
async function lockOldEvents(db: Db, where: SQL | undefined, limit: number) {
  const old = await db
    .select({ seq: events.seq })
    .from(events)
    .where(where)
    .limit(limit)
    .for('update', { skipLocked: true })
  const seqs = old.map(({ seq }) => seq)
  return and(inArray(events.seq, seqs), isSettled(db))
}

async function purge(db: Db, kind: RetentionKind, before: number, limit: number): Promise<number> {
  const { table, key, where } = olds[kind](db, before)
  const old =
    table === events
      ? await lockOldEvents(db, where, limit)
      : inArray(key, db.select({ key }).from(table).where(where).limit(limit))
  const { rowCount } =
    kind === 'event-bodies'
      ? await db.update(events).set({ body: null }).where(old)
      : kind === 'responses'
        ? await db.update(attempts).set({ response: null }).where(old)
        : await db.delete(table).where(old)
  return rowCount ?? 0
}
