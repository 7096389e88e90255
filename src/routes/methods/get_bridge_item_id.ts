import { z } from 'zod'
import { ownedRequest } from '../../ownership/ownership.ts'
import { isPast, overFrom } from '../../db/rules/request-claim.ts'
import { defineMethod } from '../context.ts'
import { itemHeaders } from '../freshness.ts'
import { request } from './shared-arguments.ts'

export const getBridgeItemId = defineMethod({
  name: 'bank_api.bridge.get_bridge_item_id',
  tag: 'connections',
  summary: 'What became of a connect request.',
  effect: 'reads',
  params: z.object({ request }),
  result: z.strictObject({
    request: z.string(),
    item_id: z.int().nullable().describe('Null until Bridge confirmed an item.'),
    bank: z.string().nullable(),
    status: z.enum(['pending', 'completed', 'failed', 'expired']),
    success: z.boolean(),
    step: z.string().nullable().describe('Where the user left, when it failed.'),
  }),
  headers: itemHeaders,
  example: { request: 'abcdefghijklmnopqrstuvwxyz' },
  async run(context, { request: id }) {
    const { request: opened, item } = await ownedRequest(context, id)
    // What a browser claimed in time may still complete it.
    const isOver = opened.state === 'pending' && isPast(overFrom(opened), context)
    const status = isOver ? 'expired' : opened.state
    if (item) context.fresh.item(item)

    return {
      request: opened.id,
      item_id: status === 'pending' ? null : opened.itemId,
      bank: opened.bank ?? item?.providerName ?? null,
      status,
      success: status === 'completed',
      step: opened.step,
    }
  },
})
