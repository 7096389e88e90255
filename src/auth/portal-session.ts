import type { SessionHolder } from '../db/ports/sessions.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import type { By, Scope } from '../db/scope.ts'
import { hourMs } from '../durations.ts'
import { keyState } from './api-keys.ts'
import {
  createLinkSessions,
  type LinkSessions,
  type Offer,
  type OfferDeps,
} from './link-sessions.ts'

/** Who looks at a site's page, and at whose. */
export interface PortalVisitor {
  sessionId: string
  /** What is done is written down under this. */
  actor: string
  tenant: Tenant
  /** Null: whoever looks sees all the tenant's sites. */
  site: Site | null
  scope: Scope
}

/** The way in of a site's people. */
export const portalSessions: LinkSessions<PortalVisitor> = createLinkSessions({
  prefix: 'por',
  uses: { offer: 'portal-offer', session: 'portal-session' },
  boundTo: ({ tenantId, siteId, apiKey }) => [tenantId, siteId, apiKey],
  offeredMs: hourMs,
  sessionMs: hourMs,
  toVisitor(holder, now) {
    const { session, key, tenant, site } = holder
    if (!tenant || !isAlive(holder, tenant, now)) return undefined
    const label = key?.label == null ? '' : ` (${key.label})`
    return {
      sessionId: session.id,
      actor: `portal:${session.apiKey ?? 'cli'}${label}`,
      tenant,
      site,
      scope: { tenantId: tenant.id, siteId: session.siteId },
    }
  },
})

/** Makes an address that shows what a key sees, or a site. `apiKey`: with which it ends. */
export const offerPortal = (
  deps: OfferDeps,
  { tenantId, siteId, apiKey }: Scope & { apiKey: string | null },
  by: By,
): Promise<Offer> => portalSessions.offer(deps, { who: null, tenantId, siteId, apiKey }, by)

/** A session ends with its tenant or site, and with the key that asked for it: also when that key was given another secret. */
function isAlive({ session, key, site }: SessionHolder, tenant: Tenant, now: number): boolean {
  const { apiKey, siteId, madeAt } = session
  if (tenant.disabledAt !== null) return false
  if (siteId !== null && (site === null || site.removedAt !== null)) return false
  if (apiKey === null) return true
  return (
    key !== null &&
    keyState(key, tenant, now) === 'active' &&
    (key.rotatedAt === null || key.rotatedAt < madeAt)
  )
}
