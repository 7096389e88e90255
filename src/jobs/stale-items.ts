import type { Clock } from '../clock.ts'
import type { OwnedItem } from '../db/ports/items.ts'
import { staleTold } from '../db/rules/item-notes.ts'
import type { Store } from '../db/store.ts'
import { sealOwnEvent, type OwnEventDeps } from '../vault/seal-own-event.ts'
import { itemContent, itemOwner } from '../connect/item-event.ts'

const batch = 100

/**
 * Stores an `item.stale` for each item that was not refreshed in its own rhythm, once until it is again. True when there may
 * be more.
 */
export async function tellStale(
  deps: OwnEventDeps & { store: Store; clock: Clock; signal: AbortSignal },
): Promise<boolean> {
  const { store, clock } = deps
  const at = clock.now()
  const stale = await store.listConnections(
    { staleBy: at, ofServed: true },
    { by: 'staleDueAt', limit: batch },
  )
  for (const owned of stale) {
    if (deps.signal.aborted) return false // the next server goes on
    await store.noteItem(owned.item.id, staleTold(owned.item), staleEvent(deps, owned, clock.now()))
  }
  return stale.length === batch
}

function staleEvent(deps: OwnEventDeps, owned: OwnedItem, at: number) {
  const { lastSuccessAt, expectedAt } = owned.item
  const content = {
    ...itemContent(owned),
    data_as_of: new Date(lastSuccessAt ?? 0).toISOString(),
    expected_at: new Date(expectedAt ?? at).toISOString(),
  }
  return sealOwnEvent(deps, { type: 'item.stale', content, ...itemOwner(owned) }, at)
}
