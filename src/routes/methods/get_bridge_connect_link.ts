import { z } from 'zod'
import { openLink } from '../../connect/open-link.ts'
import { optional } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'
import { link } from '../presentation/forms.ts'
import { itemId, user } from './shared-arguments.ts'
import { linkArguments } from './link-arguments.ts'

export const getBridgeConnectLink = defineMethod({
  name: 'bank_api.bridge.get_bridge_connect_link',
  tag: 'links',
  summary: 'A link that connects a bank, or manages the item named.',
  effect: 'changes',
  params: z.object({ ...linkArguments, item_id: optional(itemId), user }),
  result: link,
  example: {
    redirect_url: 'http://localhost:8000/app/bank',
    bank: 'Demo Bank',
    user: 'me@example.com',
  },
  run: async (context, order) => context.present.link(await openLink(context, order)),
})
