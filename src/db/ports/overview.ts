import type { DeliveryState } from './deliveries.ts'

/** How a site is, for a line in a list. */
export interface SiteState {
  id: string
  name: string
  tenant: string
  isTenantDisabled: boolean
  hasWebhookUrl: boolean
  /** Of its endpoint. */
  disabledAt: number | null
  failingSince: number | null
  lastCallAt: number | null
  /** The newest event that it was sent, or is to be. */
  lastDelivery: { at: number; state: DeliveryState } | null
  /** Since the time that was asked for: calls that were refused, webhooks that were given up. */
  failed: { calls: number; webhooks: number }
  /** Bank connections that live, and those that ask something of their users. */
  items: number
  asking: number
  /** When the first of their consents ends, or ended. */
  consentEndsAt: number | null
}

/** What makes a site's connections need attention. */
export interface Asking {
  /** Of an item, as Bridge numbers them; none is 0. */
  statuses: readonly number[]
  /** Consents that end until then do. */
  consentsUntil: number
}

/** The installation at a glance, for the operator: of all tenants, unless told whose. */
export interface OverviewStore {
  /**
   * A page of the sites, of one tenant or of all, worst first: those whose endpoint is disabled, those whose webhooks fail, those with connections that
   * need attention, then the rest by name.
   */
  listSiteStates(
    page: { limit: number; offset: number },
    about: { tenantId?: string; failedSince: number; asking: Asking },
  ): Promise<SiteState[]>
  /** What became of the webhooks of the events since a time; of very many, of the newest alone. */
  countLately(since: number): Promise<Record<DeliveryState, number>>
  /** How many consents end in each of so many steps of time, of connections that live; and how many ended before. */
  countConsentEnds(time: {
    from: number
    stepMs: number
    steps: number
  }): Promise<{ ended: number; byStep: number[] }>
}
