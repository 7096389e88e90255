import { and, asc, eq, gte, lt, or, type SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { foldName } from '../../../names.ts'
import type { Subject } from '../../ports/history.ts'
import { meaningOf, subjectsMeant } from '../../rules/subject-names.ts'
import {
  accounts,
  apiKeys,
  bridgeUsers,
  calls,
  connectRequests as requests,
  deliveries,
  events,
  items,
  sites,
} from '../schema/index.ts'
import type { Tools } from '../tools.ts'

type Db = Tools['db']

/** What a word names: what it means by its shape, where a table knows it. */
export function findSubjects(db: Db, word: string, limit: number): Subject[] {
  const some = (kind: Subject['kind'], table: SQLiteTable, id: SQLiteColumn, is: SQL | undefined) =>
    db
      .select({ id })
      .from(table)
      .where(is)
      .orderBy(asc(id))
      .limit(limit)
      .all()
      .map((row) => ({ kind, id: String(row.id) }))

  const { number, idOf } = meaningOf(word)
  if (number !== undefined) {
    const traces = [
      ...some('item', items, items.id, eq(items.id, number)),
      ...some('item', calls, calls.itemId, eq(calls.itemId, number)),
      ...some('item', events, events.itemId, eq(events.itemId, number)),
      ...some('item', requests, requests.itemId, eq(requests.itemId, number)),
    ]
    return [
      ...traces.slice(0, 1),
      ...some('account', accounts, accounts.id, eq(accounts.id, number)),
    ]
  }
  const own = idOf && idsOf[idOf]
  const isUser = or(eq(bridgeUsers.userUuid, word), eq(bridgeUsers.foldedName, foldName(word)))
  const found = [
    ...(own ? some(idOf, own.table, own.id, beginsWith(own.id, word)) : []),
    ...some('user', bridgeUsers, bridgeUsers.id, isUser),
    ...some('site', sites, sites.id, eq(sites.foldedName, foldName(word))),
  ]
  return subjectsMeant(found, word, limit)
}

/** Where the ids are that a word may begin. */
const idsOf: Partial<Record<Subject['kind'], { table: SQLiteTable; id: SQLiteColumn }>> = {
  call: { table: calls, id: calls.id },
  event: { table: events, id: events.id },
  delivery: { table: deliveries, id: deliveries.id },
  key: { table: apiKeys, id: apiKeys.apiKey },
  user: { table: bridgeUsers, id: bridgeUsers.id },
  site: { table: sites, id: sites.id },
  request: { table: requests, id: requests.id },
}

/** A range, which an index knows; no letter of an id is behind `{`. */
const beginsWith = (id: SQLiteColumn, word: string) => and(gte(id, word), lt(id, `${word}{`))
