import type { Item } from '../ports/items.ts'
import type { ConnectRequest, RequestOutcome } from '../ports/requests.ts'
import { itemAsDescribed, leewayMs } from './item-change.ts'
import { isOpen, unclaimed, type RequestChange } from './request-claim.ts'

/** What stands around a request in the transaction that settles it. */
export interface RequestSurroundings {
  /** Neither is its site being deleted nor its tenant disabled. */
  isServed: boolean
  /** The other request that connected the item. */
  holder: Pick<ConnectRequest, 'id' | 'matchedAt'> | undefined
  /** The item, as far as it is known. */
  item: Item | undefined
  /** No row stands for the item any more, for it was deleted here. */
  wasDeleted: boolean
}

/** What settling a request writes. */
type RequestEnd =
  /** Another request holds the item, it is gone by now, or nobody is served any more: nothing changes. */
  | { kind: 'held' }
  /** It has been settled before: at most the match is confirmed. */
  | { kind: 'over'; change: RequestChange | null }
  | {
      kind: 'settled'
      change: RequestChange
      item: Item
      /** The request that loses the item, and waits again. */
      loser: string | null
      /** The item that this request was matched with by mistake, which another may claim. */
      offered: number | null
      /** Whether the site is told. */
      announced: boolean
    }

export const itemIdOf = ({ item }: Pick<RequestOutcome, 'item'>): number =>
  typeof item === 'number' ? item : item.id

/** A request that lost its item waits again. */
export const released = {
  state: 'pending',
  step: null,
  itemId: null,
  completedAt: null,
  matchedAt: null,
} satisfies RequestChange

/** Decides what becomes of a request whose outcome Bridge told us: the promise is that of `settleRequest`. */
export function settleOutcome(
  request: ConnectRequest,
  outcome: RequestOutcome,
  { isServed, holder, item: known, wasDeleted }: RequestSurroundings,
): RequestEnd {
  const { userId, bank, managedItemId, openedAt } = request
  const { state, step, at, matched = false } = outcome
  // Bridge took its time: meanwhile the tenant may have been disabled, or the deletion of the site begun.
  if (!isServed) return { kind: 'held' }
  const isSame = request.itemId === itemIdOf(outcome)
  if (isOver(request, outcome)) return { kind: 'over', change: null }
  if (request.state === 'completed' && isSame) {
    return { kind: 'over', change: { matchedAt: null, ...unclaimed } }
  }
  if (matched && request.itemId !== null && !isSame) return { kind: 'held' }

  const rival = managedItemId === null ? holder : undefined
  if (rival && !yields(rival, outcome)) return { kind: 'held' }
  const item =
    typeof outcome.item === 'number'
      ? itemAsTold(known, request)
      : itemAsDescribed(known, outcome.item, { userId, bank, at, wasDeleted })
  // One that went since Bridge was asked is nobody's end.
  if (!item || item.goneAt !== null) return { kind: 'held' }
  const isCompleted = state === 'completed'
  const staysFailed = matched && isSame && request.state === 'failed' && state === 'pending'
  return {
    kind: 'settled',
    change: {
      // That its bank is being read, or rests, undoes no failure; a callback that says so is of a user who tries again.
      ...(staysFailed ? { state: 'failed', step: request.step } : { state, step }),
      itemId: item.id,
      ...unclaimed,
      completedAt: isCompleted ? at : null,
      matchedAt: matched ? (isSame ? request.matchedAt : at) : null,
    },
    item: isCompleted && managedItemId !== null ? comparedSince(item, openedAt) : item,
    loser: rival?.id ?? null,
    offered: request.matchedAt !== null && !isSame ? request.itemId : null,
    announced: isCompleted,
  }
}

/** An item as its events left it: those that still wait are no older for this. Null when it is another user's, or not here. */
const itemAsTold = (
  known: Item | undefined,
  { userId, bank }: Pick<ConnectRequest, 'userId' | 'bank'>,
): Item | null => (known?.userId === userId ? { ...known, bank: bank ?? known.bank } : null)

/** A completed request stays as it is; one that was only matched gives way to what was verified. */
const isOver = (request: ConnectRequest, { matched = false }: RequestOutcome): boolean =>
  request.state === 'completed' && (request.matchedAt === null || matched)

/** Only a request that was matched gives up its item, and only to one that was verified. */
const yields = (
  { matchedAt }: Pick<ConnectRequest, 'matchedAt'>,
  { matched = false }: RequestOutcome,
): boolean => !matched && matchedAt !== null

/**
 * Who managed the item may have changed whose accounts it shows. Each visit that ends changes the time, so that no comparison
 * ends with what was read before; not back, for the accounts that were remembered for the visit have its time.
 */
function comparedSince(item: Item, openedAt: number): Item {
  const { compareFrom } = item
  const isLater = compareFrom !== null && openedAt >= compareFrom
  return { ...item, compareFrom: isLater ? compareFrom + 1 : openedAt }
}

/**
 * Whose an item is that a correction let go: of the one that lost its own by the same correction, else of the only open
 * request it can belong to.
 */
export function claimantOf(
  item: Pick<Item, 'createdAt' | 'goneAt'>,
  ofUser: readonly ConnectRequest[],
  loserId: string | null,
): string | undefined {
  if (item.goneAt !== null) return undefined
  const waiting = ofUser.filter((request) => mayHaveMade(request, item))
  const loser = waiting.find(({ id }) => id === loserId)
  return loser?.id ?? (waiting.length === 1 ? waiting[0]?.id : undefined)
}

const mayHaveMade = (request: ConnectRequest, { createdAt }: Pick<Item, 'createdAt'>): boolean =>
  isOpen(request) &&
  request.openedAt <= createdAt + leewayMs &&
  request.expiresAt > createdAt &&
  request.managedItemId === null &&
  request.itemId === null &&
  request.claimedItemId === null
