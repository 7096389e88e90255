import type { Site } from './sites.ts'
import type { By } from '../scope.ts'

/** How an endpoint fares; what it may do next follows from it alone. */
export interface EndpointHealth {
  /** The first failure since the last 2xx. */
  failingSince: number | null
  lastFailureAt: number | null
  /** How far the clock was put forward since they began: time that did not pass. */
  jumpedMs: number
  /** Failures in a row that say the site is down. */
  streak: number
  /** No try starts before. */
  holdUntil: number
  /** How many tries may be in flight at once. */
  concurrency: number
  disabledAt: number | null
  disabledReason: string | null
}

/** What a try means for its endpoint. */
export interface Verdict {
  health: EndpointHealth
  /** Set by the first 2xx after failures: what died since then, all its tries among them, is tried again. */
  recoverSince: number | null
}

/** Where a site's webhooks go and how that went. */
export interface EndpointReport {
  site: Pick<Site, 'id' | 'name' | 'tenantId'> & { tenant: string; webhookUrl: string }
  health: Pick<EndpointHealth, 'failingSince' | 'disabledAt' | 'disabledReason'>
  allowedTargets: string[]
  lastDeliveredAt: number | null
}

export interface EndpointStore {
  readEndpoint(siteId: string): Promise<EndpointHealth & { allowedTargets: string[] }>
  /** Lets a disabled endpoint be tried again, and all that waits or died of its failures; tells how much of the latter. */
  enableEndpoint(siteId: string, by: By): Promise<{ recovering: number }>
  /** Replaces the CIDRs that are open to the site besides the public internet. */
  allowTargets(siteId: string, cidrs: readonly string[], by: By): Promise<void>
  listEndpoints(): Promise<EndpointReport[]>
}
