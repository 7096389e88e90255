import type { Keyring } from '../../vault/keyring.ts'
import { toText } from '../../bridge/fields.ts'
import { readBridgeEvent } from '../../bridge/events/webhook-events.ts'
import type { Clock } from '../../clock.ts'
import type { Handling, RefreshedItem, StoredEvent } from '../../db/ports/events.ts'
import { ClaimLostError } from '../../db/store-errors.ts'
import type { Store } from '../../db/store.ts'
import { minuteMs } from '../../durations.ts'
import type { Log } from '../../logger.ts'
import { isRefresh, toChange } from './event-change.ts'
import { eventRow } from '../../vault/sealed-rows.ts'

export interface HandlerDeps {
  store: Store
  /** Whose claims its claims are. */
  memberId: string
  keyring: Keyring
  clock: Clock
  log: Log
  /** Ends the connect request the item belongs to; says when to look again, if it must. */
  onRefreshed(item: RefreshedItem, now: number): Promise<number | undefined>
}

const batch = 100

/** Longer than a batch takes while Bridge is slow to say what a refreshed item is; a member that dies loses it sooner. */
const leaseMs = 5 * minuteMs

const mostMs = 60 * minuteMs

/**
 * Applies what Bridge told us, from the table: a crash repeats an event, which changes nothing more. What concerns one user
 * happens in the order it came; users go side by side, so that they share commits. An event that fails is pushed aside and
 * the next ones go on. True when there may be more to do at once. Once `stopping` is aborted no further event is begun.
 */
export async function tickHandler(deps: HandlerDeps, stopping?: AbortSignal): Promise<boolean> {
  const { store, clock } = deps
  const at = clock.now()
  const claim = { by: deps.memberId, at, until: at + leaseMs }
  const events = await store.claimUnhandledEvents({ ...claim, limit: batch })
  const byUser = Map.groupBy(events, ({ userId }) => userId)
  const ends = await Promise.allSettled(
    Array.from(byUser.values(), async (ofUser) => {
      for (const event of ofUser) {
        if (stopping?.aborted || !(await handleIfMine(deps, event))) return
      }
    }),
  )
  if (events.length > 0) await store.releaseWork('user-events', deps.memberId)
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed) throw failed.reason // once nothing of this batch is under way any more
  return events.length === batch
}

/** False when another server has the user's events by now. */
async function handleIfMine(deps: HandlerDeps, event: StoredEvent): Promise<boolean> {
  try {
    await handleOrPutOff(deps, event)
    return true
  } catch (error) {
    if (!(error instanceof ClaimLostError)) throw error
    deps.log.warn({ event: event.id }, 'event handled too late: another server has it')
    return false
  }
}

async function handleOrPutOff(deps: HandlerDeps, event: StoredEvent): Promise<void> {
  const { store, clock, log } = deps
  const handling = { by: deps.memberId, seq: event.seq }
  try {
    const lookAgainAt = await handle(deps, event, handling)
    if (lookAgainAt !== undefined) await store.postponeEvent(handling, lookAgainAt)
  } catch (error) {
    if (error instanceof ClaimLostError) throw error
    log.error({ event: event.id, type: event.type, err: error }, 'event not handled')
    const until = clock.now() + Math.min(minuteMs * 2 ** event.failures, mostMs)
    await store.postponeEvent(handling, until, { failed: true })
  }
}

/** Applies an event and notes it as handled, unless it must be looked at again: then says when. */
async function handle(
  { store, keyring, clock, log, onRefreshed }: HandlerDeps,
  stored: StoredEvent,
  handling: Handling,
): Promise<number | undefined> {
  const { id, userId, occurredAt, receivedAt } = stored
  const handledAt = clock.now()
  const event =
    stored.body === null || userId === null
      ? undefined
      : readBridgeEvent(keyring.open(stored.body, eventRow(id)))
  const change = event && toChange(event, userId!, occurredAt)
  if (!event || !change) {
    await store.markHandled(handling, handledAt)
    return undefined
  }
  const isRefreshed = isRefresh(event)
  const changed = await store.applyEvent(change, {
    ...handling,
    handledAt: isRefreshed ? null : handledAt,
  })
  if (!changed) log.info({ event: id, type: event.type }, 'event changed nothing')
  if (!isRefreshed) return undefined
  if (changed) {
    const { item_id: itemId, refresh_trigger: trigger, full_refresh: full } = event.content
    const refresh = { itemId, trigger: toText(trigger), full: full === true }
    const lookAgainAt = await onRefreshed({ ...refresh, occurredAt, receivedAt }, clock.now())
    if (lookAgainAt !== undefined) return lookAgainAt
  }
  await store.markHandled(handling, clock.now())
  return undefined
}
