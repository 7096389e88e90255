import type { By } from '../scope.ts'
import type { ApiKey } from './keys.ts'
import type { Site } from './sites.ts'
import type { Tenant } from './tenants.ts'

/** A way into the console, or to a site's page: an address that was given out, then the session of whoever entered by it. */
export interface Session {
  id: string
  /** Of the console: what its acts are written down under. */
  who: string | null
  /** Of a site's page: whose it is. Null: the console's, which shows everything. */
  tenantId: string | null
  /** Null: all the tenant's sites. */
  siteId: string | null
  /** The key that asked for it; null: the command line. */
  apiKey: string | null
  /** Of the address until somebody entered, then of the cookie. */
  secretHash: Buffer
  madeAt: number
  /** Null while nobody has. */
  enteredAt: number | null
  expiresAt: number
}

/** A session with what it stands and falls with: all that a visit needs, in one look-up. */
export interface SessionHolder {
  session: Session
  key: ApiKey | null
  tenant: Tenant | null
  site: Site | null
}

/** Who may look at everything, or at what is one site's or one tenant's, from a browser. */
export interface SessionStore {
  /** Keeps an address that was given out, and forgets what has expired. */
  offerSession(offer: Omit<Session, 'enteredAt'>, by: By): Promise<void>
  /** Whether it is still good is the caller's to see. */
  findSession(id: string): Promise<SessionHolder | undefined>
  /** Makes a session of an address, once: false when somebody has entered by it, or it was ended. */
  enterSession(
    id: string,
    session: { offeredHash: Buffer; secretHash: Buffer; expiresAt: number },
    by: By,
  ): Promise<boolean>
  /** What has not expired at that time, addresses too; the newest first. */
  listSessions(at: number): Promise<Session[]>
  /** False when there is none. */
  endSession(id: string, by: By): Promise<boolean>
  /** Ends all of one site, whoever asked for them: what was still good; how many that were. */
  endSiteSessions(siteId: string, by: By): Promise<number>
}
