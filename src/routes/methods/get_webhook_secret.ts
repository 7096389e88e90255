import { z } from 'zod'
import { readWebhookSecret } from '../../vault/webhook-secret.ts'
import { PermissionError } from '../../errors.ts'
import { defineMethod } from '../context.ts'

/** A tenant key signs in no site's name by itself: it would first make a key of the site, which the audit names. */
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
