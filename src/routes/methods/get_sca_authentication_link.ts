import { z } from 'zod'
import { openLink } from '../../connect/open-link.ts'
import { defineMethod } from '../context.ts'
import { link } from '../presentation/forms.ts'
import { itemId, user } from './shared-arguments.ts'
import { linkArguments } from './link-arguments.ts'

export const getScaAuthenticationLink = defineMethod({
  name: 'bank_api.bridge.get_sca_authentication_link',
  tag: 'links',
  summary:
    "A link that renews an item's strong customer authentication now, even if it is still valid.",
  effect: 'changes',
  params: z.object({ ...linkArguments, item_id: itemId, user }),
  result: link,
  example: { redirect_url: 'http://localhost:8000/app/bank', item_id: 4568477 },
  run: async (context, order) =>
    context.present.link(await openLink(context, { ...order, force: true })),
})
