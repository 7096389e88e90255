import { z } from 'zod'
import { openLink } from '../../connect/open-link.ts'
import { defineMethod } from '../context.ts'
import { linkArguments, optionalItemId } from './link-arguments.ts'

/** Bridge removed the separate step for business accounts: the link manages the item, or connects one. */
export const getProConfirmationLink = defineMethod({
  name: 'bank_api.bridge.get_pro_confirmation_link',
  params: z.object({ ...linkArguments, item_id: optionalItemId }),
  run: async (context, order) =>
    context.present.link(await openLink(context, order, { takesUser: false })),
})
