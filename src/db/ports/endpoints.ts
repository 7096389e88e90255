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

/** How a try of an endpoint ended. */
export interface EndpointAnswer {
  /** Where it was sent: once the site has another URL, it counts no more. */
  webhookUrl: string
  /** Null when there was none. */
  status: number | null
  /** How long the receiver asked us to wait. */
  retryAfterMs?: number | undefined
}

/** Where a site's webhooks go and how that went. */
export interface EndpointReport {
  site: Pick<Site, 'id' | 'name' | 'tenantId'> & { tenant: string; webhookUrl: string }
  health: Pick<EndpointHealth, 'failingSince' | 'disabledAt' | 'disabledReason'>
  allowedTargets: string[]
}

/** How the tries of a site's webhooks went. */
export interface DeliveryRate {
  tenant: string
  site: string
  tries: number
  /** Those that got no 2xx. */
  failed: number
}

export interface EndpointStore {
  readEndpoint(siteId: string): Promise<EndpointHealth & { allowedTargets: string[] }>
  /** Lets a disabled endpoint be tried again, and all that waits or died of its failures; tells how much that is. */
  enableEndpoint(siteId: string, by: By): Promise<{ waiting: number; recovering: number }>
  /** Replaces the CIDRs that are open to the site besides the public internet. */
  allowTargets(siteId: string, cidrs: readonly string[], by: By): Promise<void>
  listEndpoints(): Promise<EndpointReport[]>
  /** When each site, by its id, last took a webhook. Reads all deliveries, seconds on a large database: not for a server. */
  lastDeliveries(): Promise<ReadonlyMap<string, number>>
  /** Of what came since then, by site; sites of which nothing was tried are left out. Reads all of it: not for a server. */
  deliveryRates(since: number): Promise<DeliveryRate[]>
}
