import { z } from 'zod'
import { endSiteKey, requireTenantKey } from '../../auth/site-keys.ts'
import { described, text } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'

export const revokeSiteKey = defineMethod({
  name: 'bank_api.bridge.revoke_site_key',
  tag: 'hosting',
  summary:
    'Ends a key of one of the sites, at once and for good; for tenant keys. Calling it again changes nothing.',
  effect: 'changes',
  params: z.object({
    api_key: described(
      text(),
      'The key, without its secret, as create_site_key and list_sites answer it.',
      'key_00000000-0000-0000-0000-000000000000',
    ),
  }),
  result: z.strictObject({ api_key: z.string(), revoked_at: z.iso.datetime() }),
  example: { api_key: 'key_00000000-0000-0000-0000-000000000000' },
  async run(context, { api_key: apiKey }) {
    requireTenantKey(context.caller)
    const { revokedAt } = await endSiteKey(context, apiKey)

    return { api_key: apiKey, revoked_at: new Date(revokedAt ?? 0).toISOString() }
  },
})
