import { z } from 'zod'
import { openLink } from '../../connect/open-link.ts'
import { defineMethod } from '../context.ts'
import { itemId, linkArguments, user } from './link-arguments.ts'

/** A link that manages an item: credentials, shared accounts, whatever its status asks for. */
export const getBridgeEditLink = defineMethod({
  name: 'bank_api.bridge.get_bridge_edit_link',
  params: z.object({ ...linkArguments, item_id: itemId, user }),
  run: async (context, order) => context.present.link(await openLink(context, order)),
})
