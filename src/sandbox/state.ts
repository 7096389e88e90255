import { z } from 'zod'

const accountTypes = z.enum(['payment', 'all'])
export type AccountTypes = z.output<typeof accountTypes>

const user = z.object({
  seq: z.int(),
  uuid: z.string(),
  externalUserId: z.string().optional(),
})
export type User = z.output<typeof user>

const change = z.object({
  /** Sandbox-wide, so that one number names a moment across items. */
  revision: z.int(),
  at: z.int(),
  kind: z.enum(['first', 'usual', 'full', 'widened']),
})
/** One successful synchronisation: rows follow from the person, the bank and these alone. */
export type Change = z.output<typeof change>

const item = z.object({
  id: z.int(),
  userUuid: z.string(),
  providerId: z.int(),
  accountTypes,
  /** What the next refreshes meet, in order. */
  upcoming: z.array(z.string()),
  status: z.int(),
  info: z.string(),
  createdAt: z.int(),
  lastTry: z.int().optional(),
  lastSuccess: z.int().optional(),
  consentUntil: z.int().optional(),
  fullDueAt: z.int().optional(),
  nextRefreshAt: z.int(),
  recentFirst: z.boolean(),
  changes: z.array(change),
})
export type Item = z.output<typeof item>

/** What is left of a deleted item: its bank goes on from there when the person connects anew. */
const formerItem = item.pick({ id: true, userUuid: true, providerId: true, changes: true })

const session = z.object({
  id: z.string(),
  token: z.string(),
  userUuid: z.string(),
  expiresAt: z.int(),
  phase: z.enum(['bank', 'credentials', 'code', 'wait', 'confirm', 'failed', 'success', 'ended']),
  manages: z.boolean(),
  providerId: z.int().optional(),
  itemId: z.int().optional(),
  accountTypes: accountTypes.optional(),
  callbackUrl: z.string().optional(),
  context: z.string().optional(),
  /** What the code or the app will meet: an element of the login's scenario. */
  challenge: z.string().optional(),
  notice: z.enum(['wrongCredentials', 'wrongCode', 'expired', 'unconnectable']).optional(),
})
export type Session = z.output<typeof session>

const webhook = z.object({
  seq: z.int(),
  body: z.string(),
  attempts: z.int(),
  dueAt: z.int(),
})
export type Webhook = z.output<typeof webhook>

const token = z.object({ value: z.string(), userUuid: z.string(), expiresAt: z.int() })
export type Token = z.output<typeof token>

/** What is written to disk: lists, where memory has maps. */
export const saved = z.object({
  version: z.literal(1),
  now: z.int(),
  counters: z.object({ user: z.int(), item: z.int(), revision: z.int(), webhook: z.int() }),
  users: z.array(user),
  items: z.array(item),
  formerItems: z.array(formerItem).default([]),
  sessions: z.array(session),
  tokens: z.array(token),
  webhooks: z.array(webhook),
})
export type Saved = z.output<typeof saved>

/** All the sandbox knows. Transactions are not here: they follow from the items. */
export interface State {
  counters: Saved['counters']
  users: Map<string, User>
  items: Map<number, Item>
  formerItems: z.output<typeof formerItem>[]
  sessions: Map<string, Session>
  tokens: Map<string, Token>
  webhooks: Webhook[]
}

/** Nothing yet. Items count from `firstItem`, so two sandboxes rarely give the same ids. */
export function emptyState(firstItem: number): State {
  return {
    counters: { user: 1, item: firstItem, revision: 0, webhook: 0 },
    users: new Map(),
    items: new Map(),
    formerItems: [],
    sessions: new Map(),
    tokens: new Map(),
    webhooks: [],
  }
}

/** What to write to disk at `now`, without what has expired. */
export function toSaved(state: State, now: number): Saved {
  return {
    version: 1,
    now,
    counters: state.counters,
    users: [...state.users.values()],
    items: [...state.items.values()],
    formerItems: state.formerItems,
    sessions: [...state.sessions.values()].filter((one) => one.expiresAt > now),
    tokens: [...state.tokens.values()].filter((one) => one.expiresAt > now),
    webhooks: state.webhooks,
  }
}

/** The state as it was written. */
export function fromSaved(from: Saved): State {
  return {
    counters: from.counters,
    users: new Map(from.users.map((one) => [one.uuid, one])),
    items: new Map(from.items.map((one) => [one.id, one])),
    formerItems: from.formerItems,
    sessions: new Map(from.sessions.map((one) => [one.token, one])),
    tokens: new Map(from.tokens.map((one) => [one.value, one])),
    webhooks: from.webhooks,
  }
}

/** The items of one user, by id. */
export function itemsOf(state: State, userUuid: string): Item[] {
  return [...state.items.values()].filter((one) => one.userUuid === userUuid)
}

/** The synchronisations of a person with a bank, over all items there are and were, between two revisions and in their order. */
export function looksOf(
  state: State,
  { userUuid, providerId }: Item,
  { after, upTo }: { after: number; upTo: number },
): (Change & { itemId: number })[] {
  return [...state.formerItems, ...state.items.values()]
    .filter((one) => one.userUuid === userUuid && one.providerId === providerId)
    .flatMap(({ id, changes }) => changes.map((change) => ({ ...change, itemId: id })))
    .filter(({ revision }) => revision > after && revision <= upTo)
    .toSorted((a, b) => a.revision - b.revision)
}
