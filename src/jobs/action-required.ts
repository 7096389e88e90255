import type { Clock } from '../clock.ts'
import { nextStep, type NextStep } from '../connect/item-status.ts'
import type { Item, ItemFacts, OwnedItem } from '../db/ports/items.ts'
import type { NewEvent } from '../db/ports/events.ts'
import { statusTold } from '../db/rules/item-notes.ts'
import type { Store } from '../db/store.ts'
import { sealOwnEvent, type OwnEventDeps } from '../vault/seal-own-event.ts'
import { itemContent, itemOwner } from '../connect/item-event.ts'

export interface ActionRequiredDeps extends OwnEventDeps {
  store: Store
  clock: Clock
}

const batch = 100

/**
 * Looks at every item whose status changed since the last look: stores an `item.action_required` when the new one asks
 * something of the user, and an `item.repaired` when one that did works again. True when there may be more.
 */
export async function tellActions(
  deps: ActionRequiredDeps & { signal: AbortSignal },
): Promise<boolean> {
  const { store, clock } = deps
  const changed = await store.listConnections(
    { untold: true, ofServed: true },
    { by: 'id', limit: batch },
  )
  for (const owned of changed) {
    if (deps.signal.aborted) return false // the next server goes on
    const { item } = owned
    const at = clock.now()
    const next = nextStep(item.status)
    if (isUsers(next)) {
      await store.noteItem(item.id, statusTold(item, at), actionEvent(deps, owned, { next }, at))
    } else if (next === 'none' && wasAsked(item)) {
      await store.noteItem(item.id, statusTold(item, null), repaired(deps, owned, at))
    } else {
      await store.noteItem(item.id, statusTold(item, item.helpAskedAt))
    }
  }
  return changed.length === batch
}

const isUsers = (next: NextStep): next is Exclude<NextStep, 'none' | 'wait'> =>
  next !== 'none' && next !== 'wait'

/** Also before it was noted when. */
const wasAsked = ({ helpAskedAt, toldStatus }: Item): boolean =>
  helpAskedAt !== null || (toldStatus !== null && isUsers(nextStep(toldStatus)))

function repaired(deps: OwnEventDeps, owned: OwnedItem, at: number): NewEvent {
  const content = { ...itemContent(owned), status: owned.item.status }
  return sealOwnEvent(deps, { type: 'item.repaired', content, ...itemOwner(owned) }, at)
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
  return sealOwnEvent(deps, { type: 'item.action_required', content, ...itemOwner(owned) }, at)
}
