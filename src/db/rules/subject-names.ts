import type { Subject } from '../ports/history.ts'
import type { TableName } from './owned-rows.ts'

/** A look for what a word names: its ids in a table's column, where a column equals or begins with it. */
interface Look {
  kind: Subject['kind']
  table: TableName
  id: string
  by: string
  is: { equal: string | number } | { from: string; below: string }
}

/** What the ids begin with that we give, and where they are. Those of connect requests begin with nothing. */
const ids: Readonly<Record<string, Pick<Look, 'kind' | 'table' | 'id'>>> = {
  req: { kind: 'call', table: 'calls', id: 'id' },
  evt: { kind: 'event', table: 'events', id: 'id' },
  dlv: { kind: 'delivery', table: 'deliveries', id: 'id' },
  key: { kind: 'key', table: 'apiKeys', id: 'apiKey' },
  usr: { kind: 'user', table: 'bridgeUsers', id: 'id' },
  sit: { kind: 'site', table: 'sites', id: 'id' },
}
const request = { kind: 'request', table: 'connectRequests', id: 'id' } as const

/**
 * Where to look for what a word names, by its shape: a number is an item, which may have left traces alone, or an account;
 * anything else may begin an id, and be what a user or a site is called. `folded`: as names are compared.
 */
export function looksFor(word: string, folded: string): Look[] {
  if (/^[0-9]{1,16}$/.test(word)) {
    const is = { equal: Number(word) }
    const traces = (['calls', 'events', 'connectRequests'] as const).map(
      (table) => ({ kind: 'item', table, id: 'itemId', by: 'itemId', is }) as const,
    )
    return [
      { kind: 'item', table: 'items', id: 'id', by: 'id', is },
      ...traces,
      { kind: 'account', table: 'accounts', id: 'id', by: 'id', is },
    ]
  }
  const [, prefix = ''] = /^([a-z]{3})_[a-z0-9]*$/.exec(word) ?? []
  const own = ids[prefix] ?? (/^[a-z0-9]{6,26}$/.test(word) ? request : undefined)
  const user = { kind: 'user', table: 'bridgeUsers', id: 'id' } as const
  return [
    // A range, which an index knows; no letter of an id is behind `{`.
    ...(own ? [{ ...own, by: own.id, is: { from: word, below: `${word}{` } }] : []),
    { ...user, by: 'userUuid', is: { equal: word } },
    // Before the users of that name: they may be many, and anybody's.
    { kind: 'site', table: 'sites', id: 'id', by: 'foldedName', is: { equal: folded } },
    { ...user, by: 'foldedName', is: { equal: folded } },
  ]
}

/** Of all that a word found, each once: what has it as its whole id, else what is called or begins so. */
export function subjectsMeant(found: readonly Subject[], word: string, limit: number): Subject[] {
  const each = [...new Map(found.map((one) => [`${one.kind} ${one.id}`, one])).values()]
  const exact = each.filter(({ id }) => id === word)
  return exact.length > 0 ? exact : each.slice(0, limit)
}
