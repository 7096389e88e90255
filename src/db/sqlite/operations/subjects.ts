import { and, asc, eq, gte, lt, or, type SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { foldName } from '../../../names.ts'
import type { Subject } from '../../ports/history.ts'
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

/** What a word means: each kind of id has its own shape, and its own table that must know it. */
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

  if (/^[0-9]{1,16}$/.test(word)) {
    const number = Number(word)
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
  const [, prefix] = /^([a-z]{3})_[a-z0-9]*$/.exec(word) ?? []
  const own = idsOf[prefix ?? '']
  const folded = foldName(word)
  const found = [
    ...(own ? some(own.kind, own.table, own.id, beginsWith(own.id, word)) : []),
    ...(/^[a-z0-9]{6,26}$/.test(word)
      ? some('request', requests, requests.id, beginsWith(requests.id, word))
      : []),
    ...some(
      'user',
      bridgeUsers,
      bridgeUsers.id,
      or(eq(bridgeUsers.userUuid, word), eq(bridgeUsers.foldedName, folded)),
    ),
    ...some('site', sites, sites.id, eq(sites.foldedName, folded)),
  ]
  const exact = found.filter(({ id }) => id === word)
  return exact.length > 0 ? exact : found.slice(0, limit)
}

/** Our ids begin with what they name. */
const idsOf: Partial<
  Record<string, { kind: Subject['kind']; table: SQLiteTable; id: SQLiteColumn }>
> = {
  req: { kind: 'call', table: calls, id: calls.id },
  evt: { kind: 'event', table: events, id: events.id },
  dlv: { kind: 'delivery', table: deliveries, id: deliveries.id },
  key: { kind: 'key', table: apiKeys, id: apiKeys.apiKey },
  usr: { kind: 'user', table: bridgeUsers, id: bridgeUsers.id },
  sit: { kind: 'site', table: sites, id: sites.id },
}

/** A range, which an index knows; no letter of an id is behind `{`. */
const beginsWith = (id: SQLiteColumn, word: string) => and(gte(id, word), lt(id, `${word}{`))
