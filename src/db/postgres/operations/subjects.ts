import { and, asc, eq, gte, lt, or, type SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
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
import type { Db } from '../tools.ts'

/** What a word means: each kind of id has its own shape, and its own table that must know it. */
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

  if (/^[0-9]{1,16}$/.test(word)) {
    const number = Number(word)
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
  const [, prefix] = /^([a-z]{3})_[a-z0-9]*$/.exec(word) ?? []
  const own = idsOf[prefix ?? '']
  const folded = foldName(word)
  const found = [
    ...(own ? await some(own.kind, own.table, own.id, beginsWith(own.id, word)) : []),
    ...(/^[a-z0-9]{6,26}$/.test(word)
      ? await some('request', requests, requests.id, beginsWith(requests.id, word))
      : []),
    ...(await some(
      'user',
      bridgeUsers,
      bridgeUsers.id,
      or(eq(bridgeUsers.userUuid, word), eq(bridgeUsers.foldedName, folded)),
    )),
    ...(await some('site', sites, sites.id, eq(sites.foldedName, folded))),
  ]
  const exact = found.filter(({ id }) => id === word)
  return exact.length > 0 ? exact : found.slice(0, limit)
}

/** Our ids begin with what they name. */
const idsOf: Partial<Record<string, { kind: Subject['kind']; table: PgTable; id: PgColumn }>> = {
  req: { kind: 'call', table: calls, id: calls.id },
  evt: { kind: 'event', table: events, id: events.id },
  dlv: { kind: 'delivery', table: deliveries, id: deliveries.id },
  key: { kind: 'key', table: apiKeys, id: apiKeys.apiKey },
  usr: { kind: 'user', table: bridgeUsers, id: bridgeUsers.id },
  sit: { kind: 'site', table: sites, id: sites.id },
}

/** A range, which an index knows; no letter of an id is behind `{`. */
const beginsWith = (id: PgColumn, word: string) => and(gte(id, word), lt(id, `${word}{`))
