import { z } from 'zod'
import { openLink } from '../../connect/open-link.ts'
import { defineMethod } from '../context.ts'
import { linkArguments, optionalItemId, user } from './link-arguments.ts'

/** A link that connects a bank, or manages the item named. */
export const getBridgeConnectLink = defineMethod({
  name: 'bank_api.bridge.get_bridge_connect_link',
  params: z.object({ ...linkArguments, item_id: optionalItemId, user }),
  run: async (context, order) => context.present.link(await openLink(context, order)),
})
