import { z } from 'zod'
import { loose, toFields } from '../../bridge/fields.ts'
import type { Provider } from '../../bridge/resources/providers.ts'

const v2021Payment = z.strictObject({
  nb_max_transactions: z.unknown(),
  max_size_label: z.unknown(),
  sender_iban_available: z.unknown(),
})

/**
 * A bank as Bridge 2021-06-01 described it (Bridge: bank resource).
 * What is unknown here passes as it came; null when it did not.
 */
export const v2021Bank = z
  .strictObject({
    id: z.int(),
    name: loose(z.string()),
    country_code: loose(z.string()),
    logo_url: loose(z.string()),
    authentication_type: z.null(),
    authentication_page_url: z.null(),
    url: z.null(),
    is_highlighted: z.boolean(),
    primary_color: z.null(),
    secondary_color: z.null(),
    parent_name: loose(z.string()),
    capabilities: z.array(loose(z.string())),
    channel_type: z.array(z.string()),
    display_order: z.null(),
    deeplink_ios: z.null(),
    deeplink_android: z.null(),
    transfer: z.null(),
    payment: v2021Payment.nullable(),
    form: z.array(z.unknown()),
  })
  .meta({ id: 'Bank2021' })
export type V2021Bank = z.output<typeof v2021Bank>

/**
 * The 2021 shape of a bank. What Bridge no longer tells (its login form, colours, deep links) is null, or empty where a
 * list was always given.
 */
export const toV2021Bank = (provider: Provider): V2021Bank => ({
  id: provider.id,
  name: provider.name ?? null,
  country_code: provider.country_code ?? null,
  logo_url: toFields(provider.images)?.['logo'] ?? null,
  authentication_type: null,
  authentication_page_url: null,
  url: null,
  is_highlighted: false,
  primary_color: null,
  secondary_color: null,
  parent_name: provider.group_name ?? null,
  capabilities: toOldWords(provider.capabilities),
  channel_type: [],
  display_order: null,
  deeplink_ios: null,
  deeplink_android: null,
  transfer: null,
  payment: toV2021Payment(provider.payment_metadata),
  form: [],
})

/** Capabilities that changed their name (Bridge: migration guide). */
const oldWords = new Map<unknown, string>([['aggregation', 'ais']])

const toOldWords = (capabilities: unknown): unknown[] =>
  Array.isArray(capabilities) ? capabilities.map((word) => oldWords.get(word) ?? word) : []

function toV2021Payment(metadata: unknown): V2021Bank['payment'] {
  const known = toFields(metadata)
  if (!known) return null
  return {
    nb_max_transactions: known['nb_max_transactions'] ?? null,
    max_size_label: known['max_size_label'] ?? null,
    sender_iban_available: known['sender_iban_available'] ?? null,
  }
}
