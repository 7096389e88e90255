import { and, eq, inArray, isNotNull, isNull, lt, notExists, or, sql, type SQL } from 'drizzle-orm'
import type { RetentionKind, RetentionStore } from '../../ports/retention.ts'
import { pastTime, type AlsoOld } from '../../rules/past-time.ts'
import { connectRequests as requests, deliveries, events, items } from '../schema/index.ts'
import { changed, when, type Db, type Tools } from '../tools.ts'
import { named } from './owned-rows.ts'

export function retentionOperations({ run, transaction }: Tools): RetentionStore {
  return {
    purge: (kind, before, limit) => transaction((db) => purge(db, kind, before, limit)),
    countPurgeable: (kind, before) =>
      run((db) => {
        const { table, where } = oldOf(db, kind, before)
        return db.$count(table, where)
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

const also: Record<AlsoOld, (db: Db) => SQL | undefined> = {
  settled: (db) => and(isNotNull(events.handledAt), isSettled(db)),
  over: () =>
    and(
      inArray(requests.state, ['completed', 'failed', 'expired']),
      or(isNull(requests.claimedItemId), eq(requests.state, 'expired')),
    ),
  'without-item': () => isNull(requests.itemId),
  'led-to-nothing': (db) =>
    or(
      isNull(requests.itemId),
      notExists(
        db
          .select({ one: sql`1` })
          .from(items)
          .where(eq(items.id, requests.itemId)),
      ),
    ),
}

/** What is past its time, of a table. */
function oldOf(db: Db, kind: RetentionKind, before: number) {
  const { table: name, key, age, empties, also: more = [] } = pastTime[kind]
  const { table, column } = named(name)
  const where = and(
    lt(column(age), before),
    when(empties, (emptied) => isNotNull(column(emptied))),
    ...more.map((one) => also[one](db)),
  )
  return { table, key: column(key), where, empties }
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
  const { table, key, where, empties } = oldOf(db, kind, before)
  const old =
    table === events
      ? await lockOldEvents(db, where, limit)
      : inArray(key, db.select({ key }).from(table).where(where).limit(limit))
  const forgetting = empties ? db.update(table).set({ [empties]: null }) : db.delete(table)
  return changed(forgetting.where(old))
}
