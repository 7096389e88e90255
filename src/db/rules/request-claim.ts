import { dayMs } from '../../durations.ts'
import type { ConnectRequest, RequestState, RequestTurn } from '../ports/requests.ts'

export type RequestChange = Partial<Omit<ConnectRequest, 'id' | 'userId'>>

/** The requests that may still end with an item. */
export const openStates = ['pending', 'failed'] as const satisfies readonly RequestState[]

/** How many open requests of one user are looked at: those that hold the item in question, then the newest. */
export const mostOpen = 100

export const isOpen = ({ state }: Pick<ConnectRequest, 'state'>): boolean =>
  openStates.some((open) => open === state)

export const unclaimed = { claimedItemId: null, claimedStep: null } satisfies RequestChange

/** For how long after its day a request waits for its claim to be verified: Bridge may be away. */
export const claimWaitMs = dayMs

/** Whether a request has an item that it made: then it may complete on any day, for as long as the item is there. */
export const hasMadeItem = ({
  itemId,
  managedItemId,
}: Pick<ConnectRequest, 'itemId' | 'managedItemId'>): boolean =>
  itemId !== null && managedItemId === null

/** When a request is over that nothing ended; null when that is not a matter of time. */
export function overFrom(
  request: Pick<ConnectRequest, 'expiresAt' | 'claimedItemId' | 'itemId' | 'managedItemId'>,
): number | null {
  if (hasMadeItem(request)) return null
  const { expiresAt, claimedItemId } = request
  return claimedItemId === null ? expiresAt : expiresAt + claimWaitMs
}

/** Whether the time has come, which is noted only with the next round; null never comes, and nothing ends by a clock in doubt. */
export const isPast = (
  time: number | null,
  { clock, isClockInDoubt }: { clock: { now(): number }; isClockInDoubt(): boolean },
): boolean => time !== null && time <= clock.now() && !isClockInDoubt()

/** A claim that Bridge's events made, and that nobody verified yet. */
const isGuess = ({ itemId, matchedAt }: Pick<ConnectRequest, 'itemId' | 'matchedAt'>): boolean =>
  itemId === null && matchedAt !== null

/** What a callback claims takes the place of a guess; a completed request takes no claim. */
export const claimOfCallback = (
  request: Pick<ConnectRequest, 'state' | 'itemId' | 'matchedAt'>,
  { itemId, step }: { itemId: number; step: string | null },
): RequestChange | null =>
  request.state === 'completed'
    ? null
    : {
        claimedItemId: itemId,
        claimedStep: step,
        ...(isGuess(request) && { matchedAt: null }),
      }

/** A claim that is given up, and the guess with it. */
export const claimGivenUp = (
  request: Pick<ConnectRequest, 'itemId' | 'matchedAt'>,
): RequestChange => ({ ...unclaimed, ...(isGuess(request) && { matchedAt: null }) })

/** When the user left, an open request failed, and what was guessed was wrong; null when that changes nothing. */
export function requestLeft(
  request: Pick<ConnectRequest, 'state' | 'itemId' | 'matchedAt'>,
  step: string | null,
): RequestChange | null {
  if (!isOpen(request) && !isGuess(request)) return null
  return {
    ...(isOpen(request) && { state: 'failed', step }),
    ...(isGuess(request) && { ...unclaimed, matchedAt: null }),
  }
}

/** The claim on an item that was offered. The worker asks Bridge, for nobody may come back with it. */
export const offeredClaim = (itemId: number, at: number): RequestChange => ({
  claimedItemId: itemId,
  claimedStep: null,
  matchedAt: at,
})

/** What a turn changes of a request; null when nothing. */
export function requestTurned(
  request: ConnectRequest,
  turn: RequestTurn,
  { isServed }: { isServed: boolean },
): RequestChange | null {
  if (turn.kind === 'left') return requestLeft(request, turn.step)
  if (turn.kind === 'claimed') return isServed ? claimOfCallback(request, turn) : null
  return request.claimedItemId === turn.itemId ? claimGivenUp(request) : null
}
