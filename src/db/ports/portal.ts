import type { By } from '../scope.ts'
import type { ApiKey } from './keys.ts'
import type { Site } from './sites.ts'
import type { Tenant } from './tenants.ts'

/** A way to a site's page: an address that was given out, then the session of whoever entered by it. */
export interface PortalSession {
  id: string
  /** The key that asked for it; null: the command line. */
  apiKey: string | null
  tenantId: string
  /** Null: all the tenant's sites. */
  siteId: string | null
  /** Of the address until somebody entered, then of the cookie. */
  secretHash: Buffer
  madeAt: number
  /** Null while nobody has. */
  enteredAt: number | null
  expiresAt: number
}

/** A session with what it stands and falls with: all that a visit needs, in one look-up. */
export interface PortalHolder {
  session: PortalSession
  key: ApiKey | null
  tenant: Tenant
  site: Site | null
}

/** Who may look at what is one site's, or one tenant's, from a browser. */
export interface PortalStore {
  /** Keeps an address that was given out, and forgets what has expired. */
  offerPortal(offer: Omit<PortalSession, 'enteredAt'>, by: By): Promise<void>
  /** Whether it is still good is the caller's to see. */
  findPortalSession(id: string): Promise<PortalHolder | undefined>
  /** Makes a session of an address, once: false when somebody has entered by it, or it was ended. */
  enterPortal(
    id: string,
    session: { offeredHash: Buffer; secretHash: Buffer; expiresAt: number },
    by: By,
  ): Promise<boolean>
  /** False when there is none. */
  endPortalSession(id: string, by: By): Promise<boolean>
  /** Ends all of one site, whoever asked for them: what was still good; how many that were. */
  endSitePortal(siteId: string, by: By): Promise<number>
  /** Ends all there are, of all tenants. */
  endPortalSessions(): Promise<void>
}
