import { z } from 'zod'
import { toFacts } from '../../ownership/item-list.ts'
import { item } from '../../bridge/resources/items.ts'
import { markIfMissing } from '../../ownership/gone-items.ts'
import { ownedItem } from '../../ownership/ownership.ts'
import { nextSteps, whatNext } from '../../connect/item-status.ts'
import { nameOfProvider } from '../../connect/provider-name.ts'
import { bankOf, type ItemFacts } from '../../db/ports/items.ts'
import { toFrappeDatetime } from '../../transactions/since.ts'
import { defineMethod } from '../context.ts'
import { itemHeaders } from '../freshness.ts'
import { objectOf } from '../presentation/forms.ts'
import { v2021Item } from '../presentation/item.ts'
import { itemId, lang, site, user } from './shared-arguments.ts'

/** What stands in the document besides Bridge's fields. */
const document = {
  name: z.string(),
  owner: z.string().describe("The site's name."),
  creation: z.string(),
  modified: z.string(),
  docstatus: z.literal(0),
  doctype: z.literal('Bridge Item'),
  item_id: z.int(),
  bank: z.string().optional(),
  site: z.string(),
  user: z.string().optional(),
  next: z.enum(nextSteps).describe('What to do: nothing, wait, or open the link of that name.'),
  next_at: z.iso.datetime().optional().describe('When to do it, where that is known.'),
}

export const getBridgeItemDetails = defineMethod({
  name: 'bank_api.bridge.get_bridge_item_details',
  tag: 'connections',
  summary:
    "The Bridge Item document: ours, then Bridge's live fields, then what to do next and when.",
  effect: 'reads',
  params: z.object({ item_id: itemId, lang, user, site }),
  result: objectOf(
    item.extend(document).meta({ id: 'BridgeItem' }),
    v2021Item.extend(document).meta({ id: 'BridgeItem2021' }),
  ),
  headers: itemHeaders,
  example: { item_id: 4568477, lang: 'fr' },
  async run(context, { item_id, lang, ...selector }) {
    const held = await ownedItem(context, item_id, selector)
    const language = context.language(lang)
    const at = context.clock.now()
    const live = await markIfMissing(
      context,
      held,
      context.bridge.items.get(held.bridgeUser, item_id, { language }),
    )
    // An item that no visit of ours ended with has no name yet.
    const { bank: ordered, providerName } = held.item
    const read = toFacts(live)
    const isNamed = ordered !== null || providerName !== null
    const facts = isNamed
      ? read
      : { ...read, providerName: await nameOfProvider(context, read.providerId) }
    await context.store.updateItem(held.user.id, facts, at)
    const known = { ...held.item, ...whatWasSaid(facts) }
    context.fresh.item(known)
    const { next, at: nextAt } = whatNext(known, at)

    const { item, site, user } = held
    const bank = bankOf(known)
    // No read moves it, as `updatedAt` is moved by this one.
    const modifiedAt = Math.max(item.createdAt, known.lastTryAt ?? 0)
    const own = {
      name: String(item.id),
      owner: site.name,
      creation: toFrappeDatetime(item.createdAt, site.timeZone),
      modified: toFrappeDatetime(modifiedAt, site.timeZone),
      docstatus: 0 as const,
      doctype: 'Bridge Item' as const,
      item_id: item.id,
      ...(bank !== null && { bank }),
      site: site.name,
      ...(user.name !== '' && { user: user.name }),
    }
    return {
      ...own,
      ...context.present.item(live),
      ...own, // a field that Bridge may add one day takes the place of none
      next,
      ...(nextAt !== null && { next_at: new Date(nextAt).toISOString() }),
    }
  },
})

/** What Bridge left out of this answer it may have said before. */
const whatWasSaid = (facts: ItemFacts): Partial<ItemFacts> =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null))
