import { z } from 'zod'
import { openLink } from '../../connect/open-link.ts'
import { defineMethod } from '../context.ts'
import { itemId, linkArguments, user } from './link-arguments.ts'

/** A link that renews an item's strong customer authentication now, though it may still hold. */
export const getScaAuthenticationLink = defineMethod({
  name: 'bank_api.bridge.get_sca_authentication_link',
  params: z.object({ ...linkArguments, item_id: itemId, user }),
  run: async (context, order) =>
    context.present.link(await openLink(context, { ...order, force: true })),
})
