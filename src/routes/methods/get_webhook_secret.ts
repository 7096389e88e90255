import { z } from 'zod'
import { readWebhookSecret } from '../../vault/webhook-secret.ts'
import { PermissionError } from '../../errors.ts'
import { defineMethod } from '../context.ts'

/** What the site's webhooks are signed with. For the site's own key alone: a host's back office must not sign in its name. */
export const getWebhookSecret = defineMethod({
  name: 'bank_api.bridge.get_webhook_secret',
  params: z.object({}),
  async run({ caller, store, keyring }) {
    if (!caller.site) {
      throw new PermissionError("Only a site's own key may read its webhook secret")
    }

    return { secret: await readWebhookSecret({ store, keyring }, caller.site.id) }
  },
})
