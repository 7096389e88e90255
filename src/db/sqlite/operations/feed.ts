import {
  and,
  desc,
  eq,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  max,
  min,
  sql,
  type SQL,
} from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { FeedStore } from '../../ports/feed.ts'
import { pickPage, rowsOfEach, sitesAtOnce, storedAtOnce } from '../../rules/feed-page.ts'
import type { Scope } from '../../scope.ts'
import { events, sites } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'
import { inScope, inScopeGiven } from './sites.ts'

type Db = Tools['db']

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

/** The sites with something behind a place, those first whose next comes first. */
const sitesBehind = prepared((db) => {
  const next = sql<number | null>`(SELECT min(seq) FROM ${events}
    WHERE site_id = sites.id AND seq > ${given('after')})`
  const seen = db
    .select({ id: sites.id, name: sites.name, next: next.as('next') })
    .from(sites)
    .where(inScopeGiven)
    .as('seen')
  return db
    .select({ id: seen.id, name: seen.name })
    .from(seen)
    .where(isNotNull(seen.next))
    .orderBy(sql`${seen.next}`)
    .limit(sitesAtOnce)
    .prepare()
})

const firstSince = prepared((db) => {
  const earliest = db
    .select({ seq: events.seq })
    .from(events)
    .where(and(isOfSite, gte(events.receivedAt, given('since'))))
    .orderBy(events.receivedAt, events.seq)
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
    .orderBy(desc(events.receivedAt), desc(events.seq))
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
        const end = feedEnd(db, scope) // before the look for the first: what is stored after either is behind it
        const first = sql`SELECT seq FROM ${events}
          WHERE site_id = sites.id AND received_at >= ${since} ORDER BY received_at, seq LIMIT 1`
        const seqs = firstSites(db, scope, first).flatMap(
          ({ id: siteId }) => firstSince(db).get({ siteId, since })?.seq ?? [],
        )
        const start = seqs.length > 0 ? Math.min(...seqs) - 1 : end
        return Math.max(start, feedFloor(db, scope, forgottenBefore))
      }),

    readFeed: (scope, { after, ...query }) =>
      read(() => {
        const seen = sitesBehind(db).all({ ...scope, after })
        const limit = rowsOfEach(seen.length)
        const rows = seen.flatMap(({ id }) => behind(db).all({ siteId: id, after, limit }))
        const page = pickPage(rows, query, limit)
        if (page === 'forgotten') return page
        const { seqs, upTo, hasMore } = page
        const found = db
          .select()
          .from(events)
          .where(and(inArray(events.seq, seqs), isNotNull(events.body)))
          .orderBy(events.seq)
          .all()
        // Forgotten, or deleted with its item, by another process between the two looks: the reader looks once more.
        if (found.length < seqs.length) return { events: [], upTo: null, hasMore: true }
        const names = new Map(seen.map(({ id, name }) => [id, name]))
        const picked = found.map(({ seq, id, type, siteId, itemId, receivedAt, body }) => {
          return { seq, id, type, site: names.get(siteId!)!, itemId, receivedAt, body: body! }
        })
        return { events: picked, upTo, hasMore }
      }),
  }
}

/** The sites that come first by the place that a query finds of each, where it finds one. */
const firstSites = (db: Db, scope: Scope, query: SQL, order = sql`ASC`) =>
  db.all<{ id: string; name: string }>(sql`
    SELECT id, name FROM (SELECT id, name, (${query}) AS first FROM ${sites} WHERE ${inScope(scope)})
    WHERE first IS NOT NULL ORDER BY first ${order} LIMIT ${sitesAtOnce}`)

function feedEnd(db: Db, scope: Scope): number {
  const last = sql`SELECT max(seq) FROM ${events} WHERE site_id = sites.id`
  const found = db.get<{ seq: number | null }>(sql`
    SELECT max(last) AS seq FROM (SELECT (${last}) AS last FROM ${sites} WHERE ${inScope(scope)})`)
  return found?.seq ?? 0
}

function feedFloor(db: Db, scope: Scope, before: number): number {
  const last = sql`SELECT seq FROM ${events}
    WHERE site_id = sites.id AND received_at < ${before} AND body IS NULL
    ORDER BY received_at DESC, seq DESC LIMIT 1`
  const seqs = firstSites(db, scope, last, sql`DESC`).map(
    ({ id: siteId }) => lastForgotten(db).get({ siteId, before })?.seq ?? 0,
  )
  return Math.max(0, ...seqs)
}
