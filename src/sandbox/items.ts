import { accountKinds, sharedAccounts } from './account-kinds.ts'
import { fraction } from './chance.ts'
import { stepOf, unattended } from './demo-bank.ts'
import {
  sendAccounts,
  sendItemCreated,
  sendItemDeleted,
  sendItemRefreshed,
  type Trigger,
} from './item-events.ts'
import { dayMs, hourMs, minuteMs } from '../durations.ts'
import type { Box } from './box.ts'
import { itemsOf, type AccountTypes, type Change, type Item } from './state.ts'

/** Bridge, "Strong customer authentication": a consent lasts 180 days. */
const consent = 180 * dayMs
const fullAfter = 2 * minuteMs

/** A connection whose credentials were just given: it exists before they are tried. */
export function createItem(
  box: Box,
  asked: { userUuid: string; providerId: number; accountTypes: AccountTypes },
): Item {
  const { state, clock, switches } = box
  const now = clock.now()
  const item: Item = {
    ...asked,
    id: state.counters.item,
    upcoming: [],
    status: -2,
    info: '',
    createdAt: now,
    nextRefreshAt: now,
    recentFirst: switches.historyAtConnect === 'recent',
    changes: [],
  }
  item.nextRefreshAt = nextRefresh(item, now)
  state.counters.item += 1
  state.items.set(item.id, item)
  sendItemCreated(box, item)
  box.changed()
  return item
}

/** The person was there and the bank said yes: accounts, rows and a consent that starts anew. */
export function connectItem(box: Box, item: Item, types: AccountTypes = item.accountTypes): void {
  const now = box.clock.now()
  item.consentUntil = now + consent
  item.fullDueAt = now + fullAfter
  if (types !== item.accountTypes && item.changes.length > 0) changeTypes(box, item, types)
  else item.accountTypes = types
  synchronise(box, item, { full: false, trigger: 'connect' })
}

/** The attempt ended badly; what was there before stays readable. */
export function failItem(
  box: Box,
  item: Item,
  outcome: { status: number; info: string },
  trigger: Trigger,
): void {
  const now = box.clock.now()
  Object.assign(item, outcome)
  item.lastTry = now
  item.nextRefreshAt = nextRefresh(item, now)
  sendItemRefreshed(box, item, { full: false, trigger })
  box.changed()
}

/** One refresh without anybody there. It takes the next element of the item's scenario. */
export function refreshItem(box: Box, item: Item, trigger: Trigger): void {
  finishHistory(box, item)
  // Below zero a person was asked something and went away.
  const open = item.status < 0
  const next = open ? undefined : item.upcoming.shift()
  const same = item.status > 0 ? { status: item.status, info: item.info } : undefined
  const planned = next === undefined ? same : unattended(stepOf(next))
  const late = open || (item.consentUntil ?? Infinity) <= box.clock.now()
  const outcome = late ? { status: 1010, info: 'otp_required' } : planned
  if (outcome === undefined) synchronise(box, item, { full: false, trigger })
  else failItem(box, item, outcome, trigger)
}

/** The full refresh that follows each connection, if it is still to come. */
export function finishHistory(box: Box, item: Item): void {
  if (item.fullDueAt === undefined) return
  delete item.fullDueAt
  // Adds rows only when Connect showed recent ones; the events come either way.
  note(box, item, 'full')
  sendAccounts(box, item, 'updated')
  sendItemRefreshed(box, item, { full: true, trigger: 'connect' })
}

/** Removes the item; `announce` says whether a webhook tells of it. */
export function deleteItem(box: Box, item: Item, announce: boolean): void {
  const { items, formerItems } = box.state
  items.delete(item.id)
  const { id, userUuid, providerId, changes } = item
  formerItems.push({ id, userUuid, providerId, changes })
  if (announce) sendItemDeleted(box, item)
  box.changed()
}

function synchronise(box: Box, item: Item, refresh: { full: boolean; trigger: Trigger }): void {
  const now = box.clock.now()
  const first = item.changes.length === 0
  Object.assign(item, { status: 0, info: 'ok', lastTry: now, lastSuccess: now })
  item.consentUntil ??= now + consent
  item.nextRefreshAt = nextRefresh(item, now)
  note(box, item, first ? 'first' : 'usual')
  if (first) sendAccounts(box, item, 'created')
  sendAccounts(box, item, 'updated')
  sendItemRefreshed(box, item, refresh)
}

function changeTypes(box: Box, item: Item, types: AccountTypes): void {
  const beyond = [...accountKinds.keys()].slice(sharedAccounts('payment').length)
  item.accountTypes = types
  if (types === 'all') {
    note(box, item, 'widened')
    sendAccounts(box, item, 'created', beyond)
    sendAccounts(box, item, 'updated', beyond)
  } else sendAccounts(box, item, 'deleted', beyond)
}

/** A change's rows have one stamp an account, each later than all of the person's before: `since` is asked of all items at once. */
function note(box: Box, item: Item, kind: Change['kind']): void {
  const { state, clock } = box
  state.counters.revision += 1
  const before = itemsOf(state, item.userUuid).map(({ changes }) => changes.at(-1)?.at ?? 0)
  const at = Math.max(clock.now(), Math.max(...before) + accountKinds.length)
  item.changes.push({ revision: state.counters.revision, at, kind })
  box.changed()
}

/** Twice a day, each item at its own times. */
const nextRefresh = (item: Item, now: number): number =>
  now + 11 * hourMs + Math.floor(2 * hourMs * fraction(item.id, item.changes.length))
