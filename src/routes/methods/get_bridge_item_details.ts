import { z } from 'zod'
import { toFacts } from '../../auth/item-list.ts'
import { ownedItem, markIfMissing } from '../../auth/ownership.ts'
import { identifier, optionalText } from '../../frappe/arguments.ts'
import { whatNext } from '../../connect/item-status.ts'
import type { ItemFacts } from '../../db/ports/items.ts'
import { toFrappeDatetime } from '../../transactions/since.ts'
import { defineMethod } from '../context.ts'

/** The Bridge Item document, as Frappe would show it: our fields, then Bridge's live ones, then what to do next and when. */
export const getBridgeItemDetails = defineMethod({
  name: 'bank_api.bridge.get_bridge_item_details',
  params: z.object({
    item_id: identifier,
    lang: optionalText(),
    user: optionalText(),
    site: optionalText(),
  }),
  async run(context, { item_id, lang, ...selector }) {
    const held = await ownedItem(context, item_id, selector)
    const language = context.language(lang)
    const live = await markIfMissing(
      context,
      held,
      context.bridge.items.get(held.bridgeUser, item_id, { language }),
    )
    const at = context.clock.now()
    const facts = toFacts(live)
    await context.store.updateItem(held.user.id, facts, at)
    const known = { ...held.item, ...withoutNulls(facts) }
    context.fresh.item(known)
    const { next, at: nextAt } = whatNext(known, at)

    const { item, site, user } = held
    const bank = item.bank ?? item.providerName
    const own = {
      name: String(item.id),
      owner: site.name,
      creation: toFrappeDatetime(item.createdAt, site.timeZone),
      modified: toFrappeDatetime(item.updatedAt, site.timeZone),
      docstatus: 0,
      doctype: 'Bridge Item',
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
const withoutNulls = (facts: ItemFacts): Partial<ItemFacts> =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null))
