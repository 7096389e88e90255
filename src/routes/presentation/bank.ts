import type { Provider } from '../../bridge/resources/providers.ts'

/** A bank as Bridge 2021-06-01 described it (Bridge: bank resource). */
export interface V2021Bank {
  id: number
  name: string | null
  country_code: string | null
  logo_url: string | null
  authentication_type: string | null
  authentication_page_url: string | null
  url: string | null
  is_highlighted: boolean
  primary_color: string | null
  secondary_color: string | null
  parent_name: string | null
  capabilities: string[]
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
  logo_url: provider.images?.logo ?? null,
  authentication_type: null,
  authentication_page_url: null,
  url: null,
  is_highlighted: false,
  primary_color: null,
  secondary_color: null,
  parent_name: provider.group_name ?? null,
  capabilities: (provider.capabilities ?? []).map((word) => oldWords.get(word) ?? word),
  channel_type: [],
  display_order: null,
  deeplink_ios: null,
  deeplink_android: null,
  transfer: null,
  payment: toV2021Payment(provider.payment_metadata),
  form: [],
})

/** Capabilities that changed their name (Bridge: migration guide). */
const oldWords = new Map([['aggregation', 'ais']])

function toV2021Payment(metadata: unknown): V2021Payment | null {
  if (typeof metadata !== 'object' || metadata === null) return null
  const known = metadata as Partial<V2021Payment>
  return {
    nb_max_transactions: known.nb_max_transactions ?? null,
    max_size_label: known.max_size_label ?? null,
    sender_iban_available: known.sender_iban_available ?? null,
  }
}
