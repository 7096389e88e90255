import { z } from 'zod'
import { openLink } from '../../connect/open-link.ts'
import { optional } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'
import { link } from '../presentation/forms.ts'
import { itemId } from './shared-arguments.ts'
import { linkArguments } from './link-arguments.ts'

export const getProConfirmationLink = defineMethod({
  name: 'bank_api.bridge.get_pro_confirmation_link',
  tag: 'links',
  summary:
    'A link for a business account, which Bridge no longer confirms apart: it manages the item, or connects one.',
  effect: 'changes',
  params: z.object({ ...linkArguments, item_id: optional(itemId) }),
  result: link,
  example: { redirect_url: 'http://localhost:8000/app/bank', item_id: 4568477 },
  run: async (context, order) =>
    context.present.link(await openLink(context, order, { takesUser: false })),
})
