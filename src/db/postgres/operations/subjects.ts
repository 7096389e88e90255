import { and, asc, eq, gte, lt, or, type SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
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
import type { Db } from '../tools.ts'

/** What a word names: what it means by its shape, where a table knows it. */
export async function findSubjects(db: Db, word: string, limit: number): Promise<Subject[]> {
  const some = async (
    kind: Subject['kind'],
    table: PgTable,
    id: PgColumn,
    is: SQL | undefined,
  ): Promise<Subject[]> => {
    const rows = await db.select({ id }).from(table).where(is).orderBy(asc(id)).limit(limit)
    return rows.map((row) => ({ kind, id: String(row.id) }))
  }

  const { number, idOf } = meaningOf(word)
  if (number !== undefined) {
    const traces = [
      ...(await some('item', items, items.id, eq(items.id, number))),
      ...(await some('item', calls, calls.itemId, eq(calls.itemId, number))),
      ...(await some('item', events, events.itemId, eq(events.itemId, number))),
      ...(await some('item', requests, requests.itemId, eq(requests.itemId, number))),
    ]
    return [
      ...traces.slice(0, 1),
      ...(await some('account', accounts, accounts.id, eq(accounts.id, number))),
    ]
  }
  const own = idOf && idsOf[idOf]
  const isUser = or(eq(bridgeUsers.userUuid, word), eq(bridgeUsers.foldedName, foldName(word)))
  const found = [
    ...(own ? await some(idOf, own.table, own.id, beginsWith(own.id, word)) : []),
    ...(await some('user', bridgeUsers, bridgeUsers.id, isUser)),
    ...(await some('site', sites, sites.id, eq(sites.foldedName, foldName(word)))),
  ]
  return subjectsMeant(found, word, limit)
}

/** Where the ids are that a word may begin. */
const idsOf: Partial<Record<Subject['kind'], { table: PgTable; id: PgColumn }>> = {
  call: { table: calls, id: calls.id },
  event: { table: events, id: events.id },
  delivery: { table: deliveries, id: deliveries.id },
  key: { table: apiKeys, id: apiKeys.apiKey },
  user: { table: bridgeUsers, id: bridgeUsers.id },
  site: { table: sites, id: sites.id },
  request: { table: requests, id: requests.id },
}

/** A range, which an index knows; no letter of an id is behind `{`. */
const beginsWith = (id: PgColumn, word: string) => and(gte(id, word), lt(id, `${word}{`))
