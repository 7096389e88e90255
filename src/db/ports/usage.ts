/** What a site used in a month. What was counted stays, whatever becomes of the rows, and of the site, afterwards. */
export interface Usage {
  tenant: string
  /** Null: what was asked with the tenant's own keys. */
  site: string | null
  /** That were alive at some time of the month. */
  connections: number
  /** That were answered; those that were refused are not counted. */
  calls: number
  /** That its endpoint took, each time that it did. */
  webhooks: number
  /** Consents that were renewed before their end. */
  renewals: number
}

/** How many consents were found renewed, before and after their end; `looked`: how many connections it took. */
export interface Renewals {
  looked: number
  before: number
  after: number
}

/** How many calls were answered to a site's keys in a month; to the tenant's own where the site is null. */
export interface CallCount {
  month: string
  tenantId: string
  siteId: string | null
  calls: number
}

/** Calls and webhooks are counted where they are stored, in the same commit. */
export interface UsageStore {
  /** Of each site that used anything in the month, of one tenant or of all; by tenant and site. */
  listUsage(month: string, whose: { tenantId?: string }): Promise<Usage[]>
  /** Counts answered calls of which no row is stored: given again, they count again. A site that is gone gets nothing more. */
  countCalls(counts: readonly CallCount[]): Promise<void>
  /**
   * Counts connections that live and were not yet counted for this month or a later one, at most `limit`; returns how
   * many. Each is counted once, whoever asks.
   */
  countConnections(month: string, limit: number): Promise<number>
  /**
   * Counts renewals of consents whose end is not the one that was last looked at, of at most `limit` connections. Each is
   * counted once, whoever asks; those before the end go into the usage of the month of `at`.
   */
  countRenewals(at: number, limit: number): Promise<Renewals>
}
