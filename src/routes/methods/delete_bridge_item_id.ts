import { z } from 'zod'
import { itemToDelete } from '../../ownership/ownership.ts'
import { removeItem } from '../../erasure/erase-item.ts'
import { defineMethod } from '../context.ts'
import { itemId, site, user } from './shared-arguments.ts'
import { bankOf } from '../../db/ports/items.ts'

export const deleteBridgeItemId = defineMethod({
  name: 'bank_api.bridge.delete_bridge_item_id',
  tag: 'connections',
  summary: 'Ends a connection: at Bridge first, then here. Already gone there counts as done.',
  effect: 'deletes',
  params: z.object({ item_id: itemId, user, site }),
  result: z.strictObject({
    item_id: z.int(),
    deleted: z.literal(true),
    bank: z.string().nullable(),
    site: z.string(),
    accounts: z.int().describe('How many accounts went with it.'),
  }),
  example: { item_id: 4568477 },
  async run(context, { item_id, ...selector }) {
    const held = await itemToDelete(context, item_id, selector)
    const { item } = held

    const actor = `key:${context.caller.apiKey}`
    const withBridgeUser = context.settings.deleteBridgeUsers
    const { accounts } = await removeItem(context, held, { withBridgeUser, actor })

    return {
      item_id,
      deleted: true as const,
      bank: bankOf(item),
      site: held.site.name,
      accounts,
    }
  },
})
