import { z } from 'zod'
import { makeSiteKey, requireTenantKey } from '../../auth/site-keys.ts'
import { described, optional, optionalName, text, yesOrNo } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'

export const createSiteKey = defineMethod({
  name: 'bank_api.bridge.create_site_key',
  tag: 'hosting',
  summary:
    'Each call makes a key of one site, and the site when it is new; for tenant keys. The secret is in this answer alone.',
  effect: 'changes',
  params: z.object({
    site: described(text(), 'The name of the site, made when there is none.', 'shop.example'),
    label: described(optionalName, 'What the key is for, as people read it.', 'ERP in production'),
    read_only: described(optional(yesOrNo), 'Whether the key may only read.', 0),
  }),
  result: z.strictObject({
    site: z.string(),
    label: z.string().nullable(),
    read_only: z.boolean(),
    api_key: z.string(),
    api_secret: z.string().describe('Shown this once: keep it.'),
  }),
  example: { site: 'shop.example', label: 'ERP in production' },
  async run(context, { site: name, label, read_only: readOnly = false }) {
    requireTenantKey(context.caller)
    const { site, apiKey, apiSecret } = await makeSiteKey(context, { site: name, label, readOnly })

    return {
      site: site.name,
      label: label ?? null,
      read_only: readOnly,
      api_key: apiKey,
      api_secret: apiSecret,
    }
  },
})
