import {
  and,
  asc,
  desc,
  eq,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  sql,
  type SQL,
} from 'drizzle-orm'
import type { FeedStore } from '../../ports/feed.ts'
import { pickPage, rowsOfEach, sitesAtOnce, storedAtOnce } from '../../rules/feed-page.ts'
import type { Scope } from '../../scope.ts'
import { events, sites } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { inScope } from './sites.ts'

export function feedOperations({ run }: Tools): FeedStore {
  return {
    findFeedEnd: (scope) => run((db) => feedEnd(db, scope)),

    findFeedStart: (scope, since, forgottenBefore) =>
      run(async (db) => {
        const first = ofEachSite(db, scope, {
          where: gte(events.receivedAt, since),
          by: [events.receivedAt, events.seq],
          limit: storedAtOnce,
        })
        const [end, floor, found] = await Promise.all([
          feedEnd(db, scope), // before the look for the first: what is stored after either is behind it
          feedFloor(db, scope, forgottenBefore),
          db.select({ seq: sql<number | null>`min(${first.seq})`.mapWith(events.seq) }).from(first),
        ])
        const start = found[0]?.seq ?? null
        return Math.max(start === null ? end : start - 1, floor)
      }),

    readFeed: (scope, { after, ...query }) =>
      run(async (db) => {
        const seen = await db
          .select({ id: sites.id, name: sites.name })
          .from(sites)
          .where(inScope(scope))
        const limit = rowsOfEach(seen.length)
        const isBehind = gt(events.seq, after)
        const looked = ofEachSite(db, scope, { where: isBehind, by: [events.seq], limit })
        const page = pickPage(await db.select().from(looked), query, limit)
        if (page === 'forgotten') return page
        const { seqs, upTo, hasMore } = page
        const found = await db
          .select()
          .from(events)
          .where(and(inArray(events.seq, seqs), isNotNull(events.body)))
          .orderBy(events.seq)
        // Forgotten, or deleted with its item, between the two looks: the reader looks once more.
        if (found.length < seqs.length) return { events: [], upTo: null, hasMore: true }
        const names = new Map(seen.map(({ id, name }) => [id, name]))
        const picked = found.map(({ seq, id, type, siteId, itemId, receivedAt, body }) => {
          return { seq, id, type, site: names.get(siteId!)!, itemId, receivedAt, body: body! }
        })
        return { events: picked, upTo, hasMore }
      }),
  }
}

interface Look {
  where: SQL | undefined
  by: (typeof events.seq | typeof events.receivedAt)[]
  order?: typeof asc
  limit: number
}

/** The first events of each site of the scope whose own first one has the first place, as a table to select from. */
function ofEachSite(db: Db, scope: Scope, { where, by, order = asc, limit }: Look) {
  const first = db
    .select({ seq: events.seq })
    .from(events)
    .where(and(eq(events.siteId, sites.id), where))
    .orderBy(...by.map(order))
    .limit(1)
    .as('first')
  const early = db
    .select({ id: sites.id })
    .from(sites)
    .innerJoinLateral(first, sql`true`)
    .where(inScope(scope))
    .orderBy(order(first.seq))
    .limit(sitesAtOnce)
    .as('early')
  const ofSite = db
    .select({
      seq: events.seq,
      type: events.type,
      receivedAt: events.receivedAt,
      size: sql<number | null>`octet_length(${events.body})`.as('size'),
    })
    .from(events)
    .where(and(eq(events.siteId, early.id), where))
    .orderBy(...by.map(order))
    .limit(limit)
    .as('of_site')
  return db
    .select({
      seq: ofSite.seq,
      siteId: early.id,
      type: ofSite.type,
      receivedAt: ofSite.receivedAt,
      size: ofSite.size,
    })
    .from(early)
    .innerJoinLateral(ofSite, sql`true`)
    .as('of_each_site')
}

async function last(db: Db, scope: Scope, of: Look): Promise<number> {
  const looked = ofEachSite(db, scope, of)
  const [found] = await db
    .select({ seq: sql<number>`coalesce(max(${looked.seq}), 0)`.mapWith(events.seq) })
    .from(looked)
  return found?.seq ?? 0
}

const feedEnd = (db: Db, scope: Scope): Promise<number> =>
  last(db, scope, { where: undefined, by: [events.seq], order: desc, limit: 1 })

const feedFloor = (db: Db, scope: Scope, before: number): Promise<number> =>
  last(db, scope, {
    where: and(lt(events.receivedAt, before), isNull(events.body)),
    by: [events.receivedAt, events.seq],
    order: desc,
    limit: storedAtOnce,
  })
