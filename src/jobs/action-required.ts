import type { Clock } from '../clock.ts'
import { nextStep } from '../connect/item-status.ts'
import type { ItemFacts, OwnedItem } from '../db/ports/items.ts'
import type { NewEvent } from '../db/ports/events.ts'
import type { Store } from '../db/store.ts'
import { ownEvent, type OwnEventDeps } from '../vault/own-event.ts'
import { itemContent, itemOwner } from './item-event.ts'

export interface ActionRequiredDeps extends OwnEventDeps {
  store: Store
  clock: Clock
}

const batch = 100

/**
 * Looks at every item whose status changed since the last look: stores an `item.action_required` when the new one asks
 * something of the user. True when there may be more.
 */
export async function tellActions(deps: ActionRequiredDeps): Promise<boolean> {
  const { store, clock } = deps
  const changed = await store.listUntoldStatuses(batch)
  for (const owned of changed) {
    const next = nextStep(owned.item.status)
    const isUsers = next !== 'none' && next !== 'wait'
    const event = isUsers ? actionEvent(deps, owned, { next }, clock.now()) : null
    await store.tellStatus(owned.item, event)
  }
  return changed.length === batch
}

/** The event that asks the site to do something about an item. */
export function actionEvent(
  deps: OwnEventDeps,
  owned: OwnedItem,
  { next, facts = owned.item }: { next: 'connect' | 'sca' | 'edit' | 'check'; facts?: ItemFacts },
  at: number,
): NewEvent {
  const { status, statusCodeInfo: status_code_info } = facts
  const content = { ...itemContent(owned), status, status_code_info, next }
  return ownEvent(deps, { type: 'item.action_required', content, ...itemOwner(owned) }, at)
}
