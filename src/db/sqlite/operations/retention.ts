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
import type { RetentionKind, RetentionStore } from '../../ports/retention.ts'
import { pastTime, type AlsoOld } from '../../rules/past-time.ts'
import { connectRequests as requests, deliveries, events, items } from '../schema/index.ts'
import { when, type Tools } from '../tools.ts'
import { named } from './owned-rows.ts'

type Db = Tools['db']

export function retentionOperations({ db, read, write }: Tools): RetentionStore {
  return {
    purge: (kind, before, limit) => write(() => purge(db, kind, before, limit)),
    countPurgeable: (kind, before) =>
      read(() => {
        const { table, where } = oldOf(db, kind, before)
        return db.select({ many: count() }).from(table).where(where).get()?.many ?? 0
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

function purge(db: Db, kind: RetentionKind, before: number, limit: number): number {
  const { table, key, where, empties } = oldOf(db, kind, before)
  const old = inArray(key, db.select({ key }).from(table).where(where).limit(limit))
  const forgetting = empties ? db.update(table).set({ [empties]: null }) : db.delete(table)
  return forgetting.where(old).run().changes
}
