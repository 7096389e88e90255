import { z } from 'zod'
import { readWebhookSecret } from '../../vault/webhook-secret.ts'
import { PermissionError } from '../../errors.ts'
import { defineMethod } from '../context.ts'

/** A host's back office, which has a tenant key, must not sign in a site's name. */
export const getWebhookSecret = defineMethod({
  name: 'bank_api.bridge.get_webhook_secret',
  tag: 'webhooks',
  summary: "What the site's webhooks are signed with; for the site's own key alone.",
  effect: 'reveals',
  params: z.object({}),
  result: z.strictObject({ secret: z.string().describe('`whsec_…`, as Standard Webhooks.') }),
  example: {},
  async run({ caller, store, keyring }) {
    if (!caller.site) throw new PermissionError('site_key_required')

    return { secret: await readWebhookSecret({ store, keyring }, caller.site.id) }
  },
})
