import { and, desc, eq, gt, gte, inArray, isNull, lt, max, min, sql } from 'drizzle-orm'
import type { FeedStore } from '../../ports/feed.ts'
import { storedAtOnce, pickPage, rowsOfEach } from '../../rules/feed-page.ts'
import type { Scope } from '../../scope.ts'
import { events, sites } from '../schema/index.ts'
import { given, prepared, type Tools } from '../tools.ts'
import { inScopeGiven } from './sites.ts'

type Db = Tools['db']

const sitesSeen = prepared((db) =>
  db.select({ id: sites.id, name: sites.name }).from(sites).where(inScopeGiven).prepare(),
)

const isOfSite = eq(events.siteId, given('siteId'))

const behind = prepared((db) =>
  db
    .select({
      seq: events.seq,
      siteId: sql<string>`${events.siteId}`,
      type: events.type,
      receivedAt: events.receivedAt,
      size: sql<number | null>`length(${events.body})`,
    })
    .from(events)
    .where(and(isOfSite, gt(events.seq, given('after'))))
    .orderBy(events.seq)
    .limit(given('limit'))
    .prepare(),
)

const lastOf = prepared((db) =>
  db
    .select({ seq: events.seq })
    .from(events)
    .where(isOfSite)
    .orderBy(desc(events.seq))
    .limit(1)
    .prepare(),
)

const firstSince = prepared((db) => {
  const earliest = db
    .select({ seq: events.seq })
    .from(events)
    .where(and(isOfSite, gte(events.receivedAt, given('since'))))
    .orderBy(events.receivedAt)
    .limit(storedAtOnce)
    .as('earliest')
  return db
    .select({ seq: min(earliest.seq) })
    .from(earliest)
    .prepare()
})

const lastForgotten = prepared((db) => {
  const latest = db
    .select({ seq: events.seq })
    .from(events)
    .where(and(isOfSite, lt(events.receivedAt, given('before')), isNull(events.body)))
    .orderBy(desc(events.receivedAt))
    .limit(storedAtOnce)
    .as('latest')
  return db
    .select({ seq: max(latest.seq) })
    .from(latest)
    .prepare()
})

export function feedOperations({ db, read }: Tools): FeedStore {
  return {
    findFeedEnd: (scope) => read(() => feedEnd(db, scope)),

    findFeedStart: (scope, since, forgottenBefore) =>
      read(() => {
        const seqs = seqsOf(db, scope, (siteId) => firstSince(db).get({ siteId, since }))
        const start = seqs.length > 0 ? Math.min(...seqs) - 1 : feedEnd(db, scope)
        return Math.max(start, feedFloor(db, scope, forgottenBefore))
      }),

    readFeed: (scope, { after, ...query }) =>
      read(() => {
        const seen = sitesSeen(db).all({ ...scope })
        const limit = rowsOfEach(seen.length)
        const rows = seen.flatMap(({ id }) => behind(db).all({ siteId: id, after, limit }))
        const page = pickPage(rows, query, limit)
        if (page === 'forgotten') return page
        const { seqs, upTo, hasMore } = page
        const found = db
          .select()
          .from(events)
          .where(inArray(events.seq, seqs))
          .orderBy(events.seq)
          .all()
        const names = new Map(seen.map(({ id, name }) => [id, name]))
        const picked = found.map(({ seq, id, type, siteId, itemId, receivedAt, body }) => {
          return { seq, id, type, site: names.get(siteId!)!, itemId, receivedAt, body: body! }
        })
        return { events: picked, upTo, hasMore }
      }),
  }
}

/** One of each site that has one. */
const seqsOf = (
  db: Db,
  scope: Scope,
  find: (siteId: string) => { seq: number | null } | undefined,
): number[] =>
  sitesSeen(db)
    .all({ ...scope })
    .flatMap(({ id }) => find(id)?.seq ?? [])

const feedEnd = (db: Db, scope: Scope): number =>
  Math.max(0, ...seqsOf(db, scope, (siteId) => lastOf(db).get({ siteId })))

const feedFloor = (db: Db, scope: Scope, before: number): number =>
  Math.max(0, ...seqsOf(db, scope, (siteId) => lastForgotten(db).get({ siteId, before })))
