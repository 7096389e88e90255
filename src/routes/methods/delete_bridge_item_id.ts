import { z } from 'zod'
import { ownedItem } from '../../auth/ownership.ts'
import { identifier, optionalText } from '../../frappe/arguments.ts'
import { removeItem } from '../../erasure/erase-item.ts'
import { defineMethod } from '../context.ts'

/** Ends a bank connection: at Bridge first, then here. Already gone there counts as done. */
export const deleteBridgeItemId = defineMethod({
  name: 'bank_api.bridge.delete_bridge_item_id',
  params: z.object({ item_id: identifier, user: optionalText(), site: optionalText() }),
  async run(context, { item_id, ...selector }) {
    const held = await ownedItem(context, item_id, selector)
    const { item, site } = held

    const by = { actor: `key:${context.caller.apiKey}`, at: context.clock.now() }
    const withBridgeUser = context.settings.deleteBridgeUsers
    const { accounts } = await removeItem(context, held, { withBridgeUser, by })

    return {
      item_id,
      deleted: true,
      bank: item.bank ?? item.providerName,
      site: site.name,
      accounts,
    }
  },
})
