import { toFields } from '../../bridge/fields.ts'
import type { Provider } from '../../bridge/resources/providers.ts'

/**
 * A bank as Bridge 2021-06-01 described it (Bridge: bank resource).
 * What is unknown here passes as it came; null when it did not.
 */
export interface V2021Bank {
  id: number
  name: unknown
  country_code: unknown
  logo_url: unknown
  authentication_type: string | null
  authentication_page_url: string | null
  url: string | null
  is_highlighted: boolean
  primary_color: string | null
  secondary_color: string | null
  parent_name: unknown
  capabilities: unknown[]
  channel_type: string[]
  display_order: number | null
  deeplink_ios: string | null
  deeplink_android: string | null
  transfer: null
  payment: V2021Payment | null
  form: never[]
}

interface V2021Payment {
  nb_max_transactions: unknown
  max_size_label: unknown
  sender_iban_available: unknown
}

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

function toV2021Payment(metadata: unknown): V2021Payment | null {
  const known = toFields(metadata)
  if (!known) return null
  return {
    nb_max_transactions: known['nb_max_transactions'] ?? null,
    max_size_label: known['max_size_label'] ?? null,
    sender_iban_available: known['sender_iban_available'] ?? null,
  }
}
