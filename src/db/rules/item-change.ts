import type { EventChange } from '../ports/events.ts'
import type { Item, ItemFacts } from '../ports/items.ts'
import type { BridgeUser } from '../ports/users.ts'
import { noRhythm, rhythmAfter } from './item-rhythm.ts'
import { dayMs, hourMs } from '../../durations.ts'

/**
 * Bridge's clock and ours differ a little, and its times may be cut to the second; an item that is heard of again within this
 * time is not written again.
 */
export const leewayMs = 2_000

/** Bridge's "just added, refresh pending": what an item is as long as no event said otherwise (Bridge: item statuses). */
const justAdded = -2

/** How long an answer of Bridge's may take until it is stored, with all its pages and waits. */
const longestAnswerMs = hourMs

/** How long Bridge may go on telling of an item that was just deleted. */
const lastWordMs = dayMs

/** What Bridge told, or was asked, at this time may come too late for: an item that was deleted here since then. */
export const lateFrom = (at: number): number => at - lastWordMs

/**
 * An item as it stands once Bridge described it, asked at `at`. Bridge may leave a thing out of an answer that still holds.
 * What an event told since then is younger than the answer, and what was gone since then stays gone. Null when another user
 * holds the item, or it was deleted here: it is left alone.
 */
export function itemAsDescribed(
  known: Item | undefined,
  facts: ItemFacts,
  {
    userId,
    bank = null,
    at,
    wasDeleted,
  }: { userId: string; bank?: string | null; at: number; wasDeleted: boolean },
): Item | null {
  if (known ? known.userId !== userId : wasDeleted) return null
  const younger = known && isTriedSince(known, at) ? known : undefined
  const { status, statusCodeInfo } = younger ?? facts
  const timeOf = (name: 'authenticationExpiresAt' | 'lastSuccessAt' | 'lastTryAt') =>
    later(facts[name] ?? known?.[name], younger?.[name])
  const lastSuccessAt = timeOf('lastSuccessAt')
  const goneAt = known?.goneAt ?? null
  return {
    ...(known ?? newItem(facts.id, userId, at)),
    status,
    statusCodeInfo,
    bank: bank ?? known?.bank ?? null,
    providerId: facts.providerId ?? known?.providerId ?? null,
    providerName: facts.providerName ?? known?.providerName ?? null,
    accountTypes: facts.accountTypes ?? known?.accountTypes ?? null,
    authenticationExpiresAt: timeOf('authenticationExpiresAt'),
    lastSuccessAt,
    ...rhythmAfter(known, lastSuccessAt),
    lastTryAt: timeOf('lastTryAt'),
    updatedAt: known && isHeardSince(known, at) ? known.updatedAt : at,
    unreachableAt: null,
    goneAt: goneAt !== null && goneAt >= at - leewayMs ? goneAt : null,
  }
}

/** Whether we heard after `at` how a try ended that was made after it, too: an event of one of its accounts says nothing of that. */
const isTriedSince = (known: Item, at: number): boolean =>
  isHeardSince(known, at) && known.lastTryAt !== null && known.lastTryAt > at

/** Later than any answer takes is the time of a clock that was ahead: it would make each event old news until then. */
const isHeardSince = ({ updatedAt }: Item, at: number): boolean =>
  updatedAt > at && updatedAt <= at + longestAnswerMs

const later = (one: number | null = null, other: number | null = null): number | null =>
  one === null || other === null ? (one ?? other) : Math.max(one, other)

/**
 * Which of a user's items are gone, by a whole list that was asked for at `at`. What was heard of then, or later, may be
 * younger than the list.
 */
export function missingItems(
  living: readonly Pick<Item, 'id' | 'updatedAt'>[],
  listed: readonly Pick<ItemFacts, 'id'>[],
  at: number,
): number[] {
  const there = new Set(listed.map(({ id }) => id))
  return living
    .filter(({ id, updatedAt }) => !there.has(id) && updatedAt < at - leewayMs)
    .map(({ id }) => id)
}

/**
 * Whether an event is about the user as it now is. A user that is gone has no items: what says otherwise was sent before.
 * And a user with another uuid was made anew: that the former one is gone is old news.
 */
export function concernsUser(
  user: Pick<BridgeUser, 'userUuid'> | undefined,
  change: EventChange,
): boolean {
  if (!user) return false
  if (change.kind === 'item' || change.kind === 'account') return user.userUuid !== null
  return change.kind === 'item-gone' || user.userUuid === change.userUuid
}

/**
 * What an event makes of an item: the item as it then stands, null when nothing is to be written, undefined when the event
 * does not count. Late events may concern items already deleted (Bridge: webhooks), and come after newer ones: those change
 * nothing.
 */
export function itemAfterEvent(
  known: Item | undefined,
  change: Exclude<EventChange, { kind: 'user-gone' }>,
  { wasDeleted }: { wasDeleted: boolean },
): Item | null | undefined {
  const { userId, itemId, at } = change
  if (known ? known.userId !== userId : wasDeleted) return undefined
  if (change.kind === 'item-gone')
    return known?.goneAt === null ? { ...known, goneAt: at } : undefined
  if (known && (isOlder(change, known) || isKnown(change, known))) return null
  const before = known ?? newItem(itemId, userId, at)
  const after = {
    ...before,
    updatedAt: Math.max(before.updatedAt, at),
    unreachableAt: null,
    goneAt: null,
  }
  if (change.kind === 'account') return after
  const { status, statusCodeInfo, authenticationExpiresAt, accountTypes, refreshed } = change
  return {
    ...after,
    status: status ?? before.status,
    // What goes with a status: a status without a word for it has none.
    statusCodeInfo: known && status === null ? known.statusCodeInfo : statusCodeInfo,
    authenticationExpiresAt: authenticationExpiresAt ?? before.authenticationExpiresAt,
    accountTypes: accountTypes ?? before.accountTypes,
    lastTryAt: refreshed === undefined ? before.lastTryAt : at,
    lastSuccessAt: refreshed ? at : before.lastSuccessAt,
    ...rhythmAfter(before, refreshed ? at : before.lastSuccessAt),
  }
}

const isOlder = ({ at }: { at: number }, { updatedAt, goneAt }: Item): boolean =>
  at < updatedAt - leewayMs || (goneAt !== null && at <= goneAt + leewayMs)

/** One refresh is an event for each account: that we heard of the item a moment ago is known, and costs most of a commit. */
const isKnown = (change: EventChange & { kind: 'item' | 'account' }, known: Item): boolean =>
  saysNothing(change) &&
  known.goneAt === null &&
  known.unreachableAt === null &&
  change.at <= known.updatedAt + leewayMs

const saysNothing = (change: EventChange & { kind: 'item' | 'account' }): boolean =>
  change.kind === 'account' ||
  (change.refreshed === undefined &&
    change.status === null &&
    change.statusCodeInfo === null &&
    change.authenticationExpiresAt === null &&
    change.accountTypes === null)

const newItem = (id: number, userId: string, at: number): Item => ({
  id,
  userId,
  providerId: null,
  providerName: null,
  bank: null,
  accountTypes: null,
  status: justAdded,
  statusCodeInfo: null,
  authenticationExpiresAt: null,
  lastSuccessAt: null,
  lastTryAt: null,
  createdAt: at,
  updatedAt: at,
  unreachableAt: null,
  goneAt: null,
  toldStatus: null,
  helpAskedAt: null,
  ...noRhythm,
  remindedOf: null,
  remindedDays: null,
  mailedOf: null,
  mailedDays: null,
  mailedAt: null,
  mailEnd: null,
  mailDeferredAt: null,
  compareFrom: null,
})
