import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Ids } from '../clock.ts'
import type { Session, SessionHolder, SessionStore } from '../db/ports/sessions.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import type { By, Scope } from '../db/scope.ts'
import { hourMs } from '../durations.ts'
import type { Keyring } from '../vault/keyring.ts'
import { keyState } from './api-keys.ts'

interface Deps {
  store: SessionStore
  keyring: Pick<Keyring, 'hash'>
}

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

/** How long an address is good, and then the session of who entered by it. */
export const portalMs = hourMs

/** Makes an address's secret, which is stored nowhere and cannot be shown again. `apiKey`: with which it ends. */
export async function offerPortal(
  { store, keyring, ids }: Deps & { ids: Ids },
  of: Scope & { apiKey: string | null },
  by: By,
): Promise<{ token: string; expiresAt: number }> {
  const [id, secret, expiresAt] = [ids.next('por'), newSecret(), by.at + portalMs]
  const { tenantId, siteId, apiKey } = of
  const secretHash = hashOf(keyring, 'portal-offer', { id, tenantId, siteId, apiKey }, secret)
  const whose = { who: null, tenantId, siteId, apiKey }
  await store.offerSession({ id, ...whose, secretHash, madeAt: by.at, expiresAt }, by)
  return { token: `${id}.${secret}`, expiresAt }
}

/** Whom an address lets in, while it is good. Changes nothing. */
export async function findPortalOffer(
  deps: Deps,
  token: string,
  now: number,
): Promise<PortalVisitor | undefined> {
  const found = await findBy(deps, 'portal-offer', token, now)
  return found?.session.enteredAt === null ? toVisitor(found) : undefined
}

/** Makes a session of an address, once. The token is for the cookie alone. */
export async function enterPortal(
  deps: Deps,
  token: string,
  now: number,
): Promise<{ token: string } | undefined> {
  const offer = await findBy(deps, 'portal-offer', token, now)
  if (!offer || offer.session.enteredAt !== null) return undefined
  const { id, secretHash: offeredHash } = offer.session
  const secret = newSecret()
  const secretHash = hashOf(deps.keyring, 'portal-session', offer.session, secret)
  const session = { offeredHash, secretHash, expiresAt: now + portalMs }
  const by = { actor: toVisitor(offer).actor, at: now }
  return (await deps.store.enterSession(id, session, by)) ? { token: `${id}.${secret}` } : undefined
}

/** Who holds a cookie, while its session is good and so is all that it stands and falls with. */
export async function findPortalVisitor(
  deps: Deps,
  token: string,
  now: number,
): Promise<PortalVisitor | undefined> {
  const found = await findBy(deps, 'portal-session', token, now)
  return found && found.session.enteredAt !== null ? toVisitor(found) : undefined
}

type Use = 'portal-offer' | 'portal-session'
type Bound = Pick<Session, 'id' | 'tenantId' | 'siteId' | 'apiKey'>

/** A session that is a tenant's. */
type PortalHolder = SessionHolder & { tenant: Tenant }

const newSecret = (): string => randomBytes(32).toString('base64url')

/** Bound to its row and to what that shows: on another it is good for nothing. */
const hashOf = (keyring: Deps['keyring'], use: Use, of: Bound, secret: string): Buffer =>
  keyring.hash(use, JSON.stringify([of.id, of.tenantId, of.siteId, of.apiKey, secret]))

/** Whose an unknown session is: so that hashing it takes as long. */
const nobodys = { tenantId: '', siteId: null, apiKey: null }

async function findBy(
  { store, keyring }: Deps,
  use: Use,
  token: string,
  now: number,
): Promise<PortalHolder | undefined> {
  const [, id, secret] = /^(por_\w{1,30})\.([\w-]{43})$/.exec(token) ?? []
  if (id === undefined || secret === undefined) return undefined
  const holder = await store.findSession(id)
  const given = hashOf(keyring, use, holder?.session ?? { id, ...nobodys }, secret)
  const isIt = timingSafeEqual(given, holder?.session.secretHash ?? Buffer.alloc(given.length))
  if (!holder?.tenant || !isIt) return undefined
  const found = { ...holder, tenant: holder.tenant }
  return isAlive(found, now) ? found : undefined
}

/** It ends by itself, with its tenant or site, and with the key that asked for it: also when that got another secret since. */
function isAlive({ session, key, tenant, site }: PortalHolder, now: number): boolean {
  const { apiKey, siteId, madeAt, expiresAt } = session
  if (expiresAt <= now || tenant.disabledAt !== null) return false
  if (siteId !== null && (site === null || site.removedAt !== null)) return false
  if (apiKey === null) return true
  return (
    key !== null &&
    keyState(key, tenant, now) === 'active' &&
    (key.rotatedAt === null || key.rotatedAt < madeAt)
  )
}

function toVisitor({ session, key, tenant, site }: PortalHolder): PortalVisitor {
  const label = key?.label == null ? '' : ` (${key.label})`
  return {
    sessionId: session.id,
    actor: `portal:${session.apiKey ?? 'cli'}${label}`,
    tenant,
    site,
    scope: { tenantId: tenant.id, siteId: session.siteId },
  }
}
