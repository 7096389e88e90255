import { expect } from 'vitest'
import { mostMs } from '../../../support/form.ts'
import { triesAtOnce } from '../../../../src/db/rules/endpoint-health.ts'
import { keptCalls, type Call } from '../../../../src/sandbox/calls.ts'
import { pull } from '../../e2e/visit.ts'
import type { Post } from './endpoint.ts'
import type { Instances } from './instances.ts'
import type { Accepted, Traffic } from './traffic.ts'

/** How often each event was in hand when an accident happened. */
export type InHand = Map<string, number>

/** Writes down whose delivery an accident may repeat: what is in hand of one instance, or of all. */
export async function noteInHand({ pool }: Instances, inHand: InHand, pid?: number): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT events.id FROM deliveries JOIN events ON events.seq = deliveries.event_seq
     WHERE state = 'pending' AND claimed_until IS NOT NULL
       AND ($1::bigint IS NULL OR claimed_by = (SELECT id FROM members WHERE pid = $1))`,
    [pid ?? null],
  )
  for (const { id } of rows) inHand.set(id, (inHand.get(id) ?? 0) + 1)
}

/** Waits until nothing is to be done any more: each event is handled and delivered, each visit and reminder told. */
export async function settled(instances: Instances, traffic: Traffic): Promise<void> {
  const { store, bridge } = instances
  const ended = reminded(traffic)
  await expect
    .poll(
      async () => {
        const { pending } = await pull(bridge.url, 'webhooks/flush')
        const { deliveries, unhandledEvents } = await store.readFigures(Date.now())
        const told = postsOf(instances).filter(({ type }) => type === 'consent.expiring')
        const heard = new Set(told.map(({ content }) => content.item_id))
        return {
          untold: pending.length,
          unhandledEvents,
          pending: deliveries.pending,
          dead: deliveries.dead,
          notReminded: ended.filter((itemId) => !heard.has(itemId)).length,
        }
      },
      { timeout: mostMs / 2, interval: 250 },
    )
    .toEqual({ untold: 0, unhandledEvents: 0, pending: 0, dead: 0, notReminded: 0 })
}

/** What was promised and not kept. */
export type Verdict = Record<keyof typeof spotless, unknown[]>

/** All promises kept. */
export const spotless = {
  notHandled: [],
  notDelivered: [],
  repeatedTooOften: [],
  outOfOrder: [],
  tooManyAtOnce: [],
  settledTwice: [],
  signedAtAnotherTime: [],
  refusedByBridge: [],
  visitsNotToldOnce: [],
  refreshedTooOften: [],
  notRemindedOnce: [],
}

/** Looks at what came of the traffic once all is `settled`. */
export async function verdictOn(
  instances: Instances,
  traffic: Traffic,
  inHand: InHand,
): Promise<Verdict> {
  return {
    ...faultsIn(postsOf(instances), traffic, inHand),
    ...faultsInCalls(await callsToBridge(instances)),
    notHandled: notHandled(traffic.accepted, await keptItems(instances)),
    tooManyAtOnce: instances.listeners
      .map(({ endpoint }) => endpoint.mostAtOnce())
      .filter((most) => most > triesAtOnce),
    settledTwice: await settledTwice(instances),
  }
}

/** What is wrong with what sites were told. */
export function faultsIn(
  posts: readonly Post[],
  traffic: Pick<Traffic, 'accepted' | 'visits'>,
  inHand: InHand,
) {
  const arrived = new Set(posts.map(({ content }) => content.n))
  return {
    notDelivered: traffic.accepted.filter(({ n }) => !arrived.has(n)),
    repeatedTooOften: tooOften(posts, inHand),
    outOfOrder: outOfOrder(posts),
    signedAtAnotherTime: posts.filter(({ cameAt, signedAt }) => Math.abs(cameAt - signedAt) > 60),
    visitsNotToldOnce: notOnce(
      traffic.visits.map(({ request }) => request),
      posts.filter(({ type }) => type === 'connect.completed'),
      ({ content }) => content.request!,
    ),
    notRemindedOnce: notOnce(
      reminded(traffic),
      posts.filter(({ type }) => type === 'consent.expiring'),
      ({ content }) => content.item_id!,
    ),
  }
}

const postsOf = ({ listeners }: Instances): Post[] =>
  listeners.flatMap(({ endpoint }) => endpoint.posts)

/** The items whose story came to its end. */
const reminded = ({ accepted }: Pick<Traffic, 'accepted'>): number[] =>
  accepted.filter(({ type }) => type === 'item.refreshed').map(({ itemId }) => itemId)

function tooOften(posts: readonly Post[], inHand: InHand): unknown[] {
  const byId = Map.groupBy(posts, ({ id }) => id)
  return [...byId]
    .filter(([id, { length }]) => length > 1 + (inHand.get(id) ?? 0))
    .map(([id, { length }]) => ({ id, came: length, inHandAtAccidents: inHand.get(id) ?? 0 }))
}

/** Events of one item that came first after a later one of it. */
function outOfOrder(posts: readonly Post[]): unknown[] {
  const seen = new Set<number>()
  const last = new Map<number, number>()
  const late: unknown[] = []
  for (const { content, type } of posts) {
    const { n, item_id: itemId } = content
    if (n === undefined || itemId === undefined || seen.has(n)) continue
    seen.add(n)
    if (n < (last.get(itemId) ?? 0)) late.push({ type, itemId, n, after: last.get(itemId) })
    else last.set(itemId, n)
  }
  return late
}

/** Those of `expected` that were not announced by exactly one event. */
function notOnce<T>(
  expected: readonly T[],
  posts: readonly Post[],
  nameOf: (post: Post) => T,
): unknown[] {
  const byName = Map.groupBy(posts, nameOf)
  return expected
    .map((name) => ({ name, events: new Set(byName.get(name)?.map(({ id }) => id)).size }))
    .filter(({ events }) => events !== 1)
}

/** Deliveries of which two instances each said that theirs was the try that arrived. */
async function settledTwice({ pool }: Instances): Promise<unknown[]> {
  const { rows } = await pool.query<object>(
    `SELECT delivery_id, count(*) FROM attempts WHERE status = 200
     GROUP BY delivery_id HAVING count(*) > 1`,
  )
  return rows
}

async function callsToBridge({ bridge }: Instances): Promise<Call[]> {
  const answer = await fetch(`${bridge.url}/_sandbox/calls`)
  const calls = (await answer.json()) as Call[]
  if (calls.length >= keptCalls) throw new Error('The sandbox forgot calls: they cannot be judged')
  return calls
}

/** What is kept of an item. */
export interface Kept {
  id: number
  hasAccount: boolean
  hasConsent: boolean
}

async function keptItems({ pool }: Instances): Promise<Kept[]> {
  const { rows } = await pool.query<Kept>(
    `SELECT id::float8, authentication_expires_at IS NOT NULL AS "hasConsent",
       EXISTS (SELECT FROM accounts WHERE item_id = items.id) AS "hasAccount" FROM items`,
  )
  return rows
}

/** Events that left no trace in what is kept of their item. */
export function notHandled(accepted: readonly Accepted[], kept: readonly Kept[]): Accepted[] {
  const byId = new Map(kept.map((item) => [item.id, item]))
  return accepted.filter(({ type, itemId }) => {
    const item = byId.get(itemId)
    if (type.startsWith('item.account.')) return !item?.hasAccount
    return type === 'item.refreshed' ? !item?.hasConsent : !item
  })
}

/** What Bridge would not have been asked by who keeps to its limits, and to the four refreshes of a day. */
export function faultsInCalls(calls: readonly Call[]) {
  const refreshes = calls.filter(
    ({ method, path }) => method === 'POST' && path.endsWith('/refresh'),
  )
  return {
    refusedByBridge: calls.filter(({ status }) => status === 429),
    refreshedTooOften: [...Map.groupBy(refreshes, ({ path }) => path)]
      .map(([path, { length }]) => ({ path, times: length }))
      .filter(({ times }) => times > 4),
  }
}
