import { z } from 'zod'
import { requireTenantKey } from '../../auth/site-keys.ts'
import { withoutQuery } from '../../connect/site-urls.ts'
import type { ApiKey } from '../../db/ports/keys.ts'
import { defineMethod } from '../context.ts'

/** A list of so many sites and keys is work for one more call: one of all that a tenant may have is 100,000. */
const rowsOfACall = 500

const when = (at: number): string => new Date(at).toISOString()
const whenever = (at: number | null): string | null => (at === null ? null : when(at))

export const listSites = defineMethod({
  name: 'bank_api.bridge.list_sites',
  tag: 'hosting',
  summary:
    'The sites of the tenant, each with its keys that are good, without secrets; for tenant keys.',
  effect: 'reads',
  params: z.object({}),
  result: z.strictObject({
    sites: z.array(
      z.strictObject({
        site: z.string(),
        origin: z.string().nullable().describe('Its address, pinned by its first link.'),
        webhook_url: z.string().nullable().describe('Without its query, to a key that only reads.'),
        time_zone: z.string(),
        created_at: z.iso.datetime(),
        keys: z.array(
          z.strictObject({
            api_key: z.string(),
            label: z.string().nullable(),
            read_only: z.boolean(),
            created_at: z.iso.datetime(),
            last_used_at: z.iso.datetime().nullable().describe('To the hour.'),
            expires_at: z.iso.datetime().nullable(),
          }),
        ),
      }),
    ),
  }),
  example: {},
  async run({ caller, clock, store, limits }) {
    requireTenantKey(caller)
    const { scope, tenant } = caller
    // A key that was revoked stays for good, and a year of them is many.
    const [sites, good] = await Promise.all([
      store.listSites(scope),
      store.listKeys(tenant.id, { goodAt: clock.now() }),
    ])
    limits.keys.add(caller.apiKey, Math.floor((sites.length + good.length) / rowsOfACall))
    const bySite = Map.groupBy(good, ({ siteId }) => siteId)

    return {
      sites: sites.map((site) => ({
        site: site.name,
        origin: site.origin,
        webhook_url: caller.readOnly
          ? site.webhookUrl && withoutQuery(site.webhookUrl)
          : site.webhookUrl,
        time_zone: site.timeZone,
        created_at: when(site.createdAt),
        keys: (bySite.get(site.id) ?? []).map(toAnswer),
      })),
    }
  },
})

const toAnswer = ({ apiKey, label, readOnly, createdAt, lastUsedAt, expiresAt }: ApiKey) => ({
  api_key: apiKey,
  label,
  read_only: readOnly,
  created_at: when(createdAt),
  last_used_at: whenever(lastUsedAt),
  expires_at: whenever(expiresAt),
})
