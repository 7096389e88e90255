import { and, eq, inArray, isNotNull, isNull, lt, notExists, or, sql, type SQL } from 'drizzle-orm'
import { when } from '../../conditions.ts'
import type { AgeCursor, RetentionKind, RetentionStore } from '../../ports/retention.ts'
import { retentionRules, type AlsoOld } from '../../rules/retention-rules.ts'
import { connectRequests as requests, deliveries, events, items } from '../schema/index.ts'
import { changed, type Db, type Tools } from '../tools.ts'
import { named } from './owned-rows.ts'

export function retentionOperations({ run, transaction }: Tools): RetentionStore {
  return {
    purge: (kind, before, look) => transaction((db) => purge(db, kind, before, look)),
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

/** What is past its time, of a table: `aged` as an index finds it, `where` with all that must be so. */
function oldOf(db: Db, kind: RetentionKind, before: number) {
  const { table: name, key, age, empties, lacks, also: more = [] } = retentionRules[kind]
  const { table, column } = named(name)
  const aged = and(
    lt(column(age), before),
    when(empties, (emptied) => isNotNull(column(emptied))),
    when(lacks, (lacking) => isNull(column(lacking))),
  )
  const where = and(aged, ...more.map((one) => also[one](db)))
  return { table, key: column(key), age: column(age), aged, where, empties }
}

/**
 * Old events, as a condition for the statement that follows. Their rows are locked, and what waits for one is asked once more
 * in that statement: somebody may just have sent it again.
 */
async function lockOldEvents(db: Db, where: SQL | undefined) {
  const old = await db
    .select({ seq: events.seq })
    .from(events)
    .where(where)
    .for('update', { skipLocked: true })
  const seqs = old.map(({ seq }) => seq)
  return and(inArray(events.seq, seqs), isSettled(db))
}

async function purge(
  db: Db,
  kind: RetentionKind,
  before: number,
  { limit, after }: Parameters<RetentionStore['purge']>[2],
) {
  const { table, key, age, aged, where, empties } = oldOf(db, kind, before)
  const behind = when(after, (at) => sql`(${age}, ${key}) > (${at.age}, ${at.key})`)
  const look = db.select({ age, key }).from(table).where(and(aged, behind))
  const looked = (await look.orderBy(age, key).limit(limit)) as AgeCursor[]
  const keys = looked.map((row) => row.key)
  const old = and(inArray(key, keys), where)
  const mine = table === events ? await lockOldEvents(db, old) : old
  const forgetting = empties ? db.update(table).set({ [empties]: null }) : db.delete(table)
  const count = await changed(forgetting.where(mine))
  return { count, upTo: looked.length === limit ? looked.at(-1) : undefined }
}
