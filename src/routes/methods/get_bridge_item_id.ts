import { z } from 'zod'
import { ownedRequest } from '../../auth/ownership.ts'
import { text } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'

/** What became of a connect request; `item_id` is null until Bridge confirmed an item. */
export const getBridgeItemId = defineMethod({
  name: 'bank_api.bridge.get_bridge_item_id',
  params: z.object({ request: text(64) }),
  async run(context, { request: id }) {
    const { request, item } = await ownedRequest(context, id)
    if (item) context.fresh.item(item)

    return {
      request: request.id,
      item_id: request.state === 'pending' ? null : request.itemId,
      bank: request.bank ?? item?.providerName ?? null,
      status: request.state,
      success: request.state === 'completed',
      step: request.step,
    }
  },
})
