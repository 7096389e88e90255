import { z } from 'zod'
import { heldItem } from '../../auth/ownership.ts'
import { BridgeStatusError } from '../../bridge/errors.ts'
import { identifier, optionalText } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'

/** Ends a bank connection: at Bridge first, then here. Already gone there counts as done. */
export const deleteBridgeItemId = defineMethod({
  name: 'bank_api.bridge.delete_bridge_item_id',
  params: z.object({ item_id: identifier, user: optionalText(), site: optionalText() }),
  async run(context, { item_id, ...hint }) {
    const { item, bridgeUser, site } = await heldItem(context, item_id, hint)

    await context.bridge.items.delete(bridgeUser, item_id).catch((error: unknown) => {
      if (!(error instanceof BridgeStatusError && error.bridgeStatus === 404)) throw error
    })
    const by = { actor: `key:${context.caller.apiKey}`, at: context.clock.now() }
    const { accounts } = await context.store.deleteItem(item_id, by)

    return {
      item_id,
      deleted: true,
      bank: item.bank ?? item.providerName,
      site: site.name,
      accounts,
    }
  },
})
