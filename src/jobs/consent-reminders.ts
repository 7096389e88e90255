import type { Clock } from '../clock.ts'
import type { OwnedItem } from '../db/ports/items.ts'
import { reminded } from '../db/rules/item-notes.ts'
import type { Store } from '../db/store.ts'
import { sealOwnEvent, type OwnEventDeps } from '../vault/seal-own-event.ts'
import { itemContent, itemOwner } from '../connect/item-event.ts'
import { renewalToken } from '../connect/renewal-token.ts'
import { dayMs } from '../durations.ts'

interface ReminderDeps extends OwnEventDeps {
  store: Store
  clock: Clock
  publicUrl: string
  /** Aborted when this server stops: the next one goes on. */
  signal: AbortSignal
}

const batch = 100

/** How many days before its end a site is reminded of a consent, the nearest first. */
const reminderDays = [1, 3, 7, 14, 30] as const

/** The reminder windows at a time: a consent that ends within one, both ends included, is due the reminder of `days`. */
export const windowsAt = (now: number): { endsFrom: number; endsUntil: number; days: number }[] =>
  reminderDays.map((days, index) => ({
    endsFrom: now + (reminderDays[index - 1] ?? 0) * dayMs + 1,
    endsUntil: now + days * dayMs,
    days,
  }))

/**
 * Stores a `consent.expiring` for each item that came nearer to the end of its consent, once for each of the days. After
 * a silence of ours only the nearest is sent. True when there may be more.
 */
export async function remind(deps: ReminderDeps): Promise<boolean> {
  const { store, clock } = deps
  const now = clock.now()
  let more = false
  for (const { days, ...window } of windowsAt(now)) {
    const due = await store.listConnections(
      { ...window, notReminded: days, ofServed: true },
      { by: 'authenticationExpiresAt', limit: batch },
    )
    for (const owned of due) {
      if (deps.signal.aborted) return false
      const { item } = owned
      await store.noteItem(item.id, reminded(item, days), expiringEvent(deps, owned, clock.now()))
    }
    more ||= due.length === batch
  }
  return more
}

function expiringEvent(deps: ReminderDeps, owned: OwnedItem, at: number) {
  const { id, authenticationExpiresAt: end } = owned.item
  if (end === null) throw new Error(`Item ${id} has no consent that could end`)
  const token = renewalToken(deps.keyring, { itemId: id, consentEnd: end })
  const content = {
    ...itemContent(owned),
    expires_at: new Date(end).toISOString(),
    days_left: Math.ceil((end - at) / dayMs),
    renew_url: `${deps.publicUrl}/renew/${token}`,
  }
  return sealOwnEvent(deps, { type: 'consent.expiring', content, ...itemOwner(owned) }, at)
}
