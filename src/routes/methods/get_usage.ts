import { z } from 'zod'
import { requireTenantKey } from '../../auth/site-keys.ts'
import { isMonth, monthOf } from '../../db/rules/usage-month.ts'
import { described, optional, reason, text } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'

const figure = z.int().min(0)

export const getUsage = defineMethod({
  name: 'bank_api.bridge.get_usage',
  tag: 'hosting',
  summary: 'What each site used in a month, for a host that bills by it; for tenant keys.',
  effect: 'reads',
  params: z.object({
    month: described(
      optional(text().refine(isMonth, reason('month'))),
      'A month of UTC; this one when missing.',
      '2027-01',
    ),
  }),
  result: z.strictObject({
    month: z.string(),
    sites: z.array(
      z.strictObject({
        site: z
          .string()
          .nullable()
          .describe("Null: what was asked with the tenant's own keys. Deleted sites stay."),
        connections: figure.describe('That lived at some time of the month.'),
        calls: figure.describe('That were answered.'),
        webhooks: figure.describe('That its endpoint took.'),
        renewals: figure.describe('Consents that were renewed before their end.'),
      }),
    ),
  }),
  example: {},
  async run({ caller, clock, store }, { month = monthOf(clock.now()) }) {
    requireTenantKey(caller)
    const used = await store.listUsage(month, { tenantId: caller.tenant.id })

    return { month, sites: used.map(({ tenant: _theirs, ...figures }) => figures) }
  },
})
