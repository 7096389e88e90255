import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock, Ids } from '../clock.ts'
import { AuthenticationError, ValidationError } from '../errors.ts'
import type { ApiKey, KeyHolder, Presentation } from '../db/ports/keys.ts'
import type { By, Scope } from '../db/scope.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Store } from '../db/store.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import type { Keyring } from '../vault/keyring.ts'
import { EarlierSecretError } from '../vault/webhook-secret.ts'
import { bindHash } from '../vault/owned-hash.ts'
import type { Limits } from './limits.ts'
import { networkOf } from '../networks.ts'
import type { AuditCounter } from '../audit/counter.ts'
import { hourOf } from '../durations.ts'

/** Who is calling: all ownership follows from this. */
export interface Caller {
  apiKey: string
  tenant: Tenant
  /** Null for a tenant key. */
  site: Site | null
  scope: Scope
  /** Nothing is open to it that changes anything, or reveals a secret. */
  readOnly: boolean
  presentation: Presentation
}

/** Whose an unknown key is: so that hashing it takes as long. */
const nobody: Scope = { tenantId: '', siteId: null }

const hashOf = (keyring: Keyring, apiKey: string, secret: string): Buffer =>
  keyring.hash('api-secret', `${apiKey}:${secret}`)

const hashSecret = (keyring: Keyring, apiKey: string, secret: string, owner: Scope): Buffer =>
  bindHash(keyring, owner, hashOf(keyring, apiKey, secret))

/** The hash that was found to be the one of a holder's secret. The store gives out another object once anything changed. */
const proven = new WeakMap<KeyHolder, Buffer>()

/**
 * Makes a key and returns its secret, which is stored nowhere and cannot be shown again. Throws a ValidationError when its site
 * has `mostOfSite` already.
 */
export async function createApiKey(
  { store, keyring, ids }: { store: Store; keyring: Keyring; ids: Ids },
  key: {
    tenant: Tenant
    site: Site | null
    label?: string | undefined
    expiresAt?: number | undefined
    readOnly?: boolean | undefined
    /** How many of its site's keys may be good at once; without it, any. */
    mostOfSite?: number
    /** Hears the secret before the key is stored; when it throws, there is no key. */
    beforeStored?: (made: { apiKey: string; apiSecret: string }) => Promise<void>
    /** Instead of a secret that is random. */
    secretOf?: (apiKey: string) => string
    presentation?: Partial<Presentation>
  },
  by: By,
): Promise<{ apiKey: string; apiSecret: string }> {
  const apiKey = ids.next('key')
  const apiSecret = key.secretOf?.(apiKey) ?? randomBytes(32).toString('base64url')
  const owner = { tenantId: key.tenant.id, siteId: key.site?.id ?? null }
  const { mostOfSite, beforeStored } = key
  await beforeStored?.({ apiKey, apiSecret })
  const isMade = await store.createKey(
    {
      apiKey,
      ...owner,
      secretHash: hashSecret(keyring, apiKey, apiSecret, owner),
      label: key.label ?? null,
      expiresAt: key.expiresAt ?? null,
      readOnly: key.readOnly ?? false,
      ...key.presentation,
    },
    by,
    mostOfSite === undefined ? undefined : { mostOfSite },
  )
  if (!isMade)
    throw new ValidationError('too_many_keys', {
      name: key.site?.name ?? '',
      most: mostOfSite ?? 0,
    })
  return { apiKey, apiSecret }
}

/**
 * Gives a key a new secret, shown this once. The one before stays good until `previousUntil` (epoch milliseconds), so that a
 * site can change over without a gap; one from an earlier rotation that is still good is ended only by force. Undefined for a
 * key that is revoked or not there. Throws EarlierSecretError.
 */
export async function rotateApiKey(
  { store, keyring }: { store: Store; keyring: Keyring },
  { apiKey, ...rotation }: { apiKey: string; previousUntil: number; force?: boolean },
  by: By,
): Promise<{ key: ApiKey; apiSecret: string } | undefined> {
  const apiSecret = randomBytes(32).toString('base64url')
  const holder = await store.findKey(apiKey)
  if (!holder) return undefined
  const secretHash = hashSecret(keyring, apiKey, apiSecret, holder.key)
  const key = await store.changeKey(apiKey, { kind: 'rotated', secretHash, ...rotation }, by)
  if (key && !key.secretHash.equals(secretHash)) {
    throw new EarlierSecretError(key.previousSecretUntil!)
  }
  return key && { key, apiSecret }
}

/** Whether a key opens the door now, and if not, why. */
export function keyState(
  key: Pick<ApiKey, 'revokedAt' | 'expiresAt'>,
  tenant: Pick<Tenant, 'disabledAt'>,
  now: number,
): 'active' | 'revoked' | 'expired' | 'disabled' {
  if (key.revokedAt !== null) return 'revoked'
  if (key.expiresAt !== null && key.expiresAt <= now) return 'expired'
  return tenant.disabledAt === null ? 'active' : 'disabled'
}

/** What a call brought to prove who it is. */
export interface Given {
  key: string
  secret: string
  address: string
  /** Hears whose key was named, good or not: for what the operator is told, never for the answer. */
  onFound?: (holder: KeyHolder, how: { isGood: boolean }) => void
}

interface Authentication {
  store: Store
  keyring: Keyring
  clock: Clock
  auditCounter: AuditCounter
}

/**
 * The caller behind a key and secret. One look-up, two hashes and a constant-time compare with both secrets a key may
 * have, whatever is wrong with them; one hash where nothing changed since the same secret was good. Every refusal is the
 * same AuthenticationError.
 */
export async function authenticate(
  { store, keyring, clock, auditCounter }: Authentication,
  { key, secret, address, onFound }: Given,
): Promise<Caller> {
  const { holder, isGood, now } = await judge({ store, keyring, clock }, { key, secret })
  if (holder) onFound?.(holder, { isGood })
  if (!holder || !isGood) {
    auditCounter.count({
      at: now,
      ...(holder && { tenantId: holder.tenant.id }),
      actor: `address:${networkOf(address)}`,
      action: 'key.refused',
      subject: holder ? key : 'unknown key',
      bucket: hourOf(now),
    })
    throw new AuthenticationError()
  }

  if (hourOf(holder.key.lastUsedAt ?? 0) < hourOf(now)) {
    // Only operators look at it: a full disk or a locked database must not cost the caller its answer.
    // The hour may have begun before the key did.
    await store.touchKey(key, Math.max(hourOf(now), holder.key.createdAt)).catch(() => {})
  }
  return toCaller(holder)
}

/** The caller behind a key and secret that we hold ourselves, as the demo's. No call was made: nothing is counted or thrown. */
export async function callerBehind(
  deps: Pick<Authentication, 'store' | 'keyring' | 'clock'>,
  given: Pick<Given, 'key' | 'secret'>,
): Promise<Caller | undefined> {
  const { holder, isGood } = await judge(deps, given)
  return holder && isGood ? toCaller(holder) : undefined
}

async function judge(
  { store, keyring, clock }: Pick<Authentication, 'store' | 'keyring' | 'clock'>,
  { key, secret }: Pick<Given, 'key' | 'secret'>,
): Promise<{ holder: KeyHolder | undefined; isGood: boolean; now: number }> {
  const holder = await store.findKey(key)
  const now = clock.now()
  const hash = hashOf(keyring, key, secret)
  const before = holder && proven.get(holder)
  if (holder && before && timingSafeEqual(hash, before)) {
    return { holder, isGood: isAlive(holder, now), now }
  }
  const given = bindHash(keyring, holder?.key ?? nobody, hash)
  const match = matchOf(given, holder?.key, now)
  if (holder && match === 'current') proven.set(holder, hash)
  return {
    holder,
    isGood: holder !== undefined && match !== undefined && isAlive(holder, now),
    now,
  }
}

function toCaller({ key, tenant, site }: KeyHolder): Caller {
  const { apiKey, bridgeVersion, lists, links, readOnly } = key
  return {
    apiKey,
    tenant,
    site,
    scope: { tenantId: tenant.id, siteId: site?.id ?? null },
    readOnly,
    presentation: { bridgeVersion, lists, links },
  }
}

/**
 * `authenticate` within limits. The key is judged first, so a good one is never slowed by its address; what is refused counts
 * against the address. Throws TooManyRequestsError beyond either limit.
 */
export async function admit(
  deps: Authentication & { limits: Limits },
  given: Given,
): Promise<Caller> {
  const { limits } = deps
  const caller = await authenticate(deps, given).catch((error: unknown) => {
    if (error instanceof AuthenticationError) limits.unauthenticated.take(networkOf(given.address))
    throw error
  })
  limits.keys.take(caller.apiKey)
  return caller
}

/** Which secret it is. Compares with both places one may stand in, always: an empty one holds what no hash is. */
function matchOf(
  given: Buffer,
  key: ApiKey | undefined,
  now: number,
): 'current' | 'previous' | undefined {
  const nothing = Buffer.alloc(given.length)
  const overlaps = (key?.previousSecretUntil ?? 0) > now
  const both = [key?.secretHash ?? nothing, key?.previousSecretHash ?? nothing]
  const [isCurrent, isPrevious] = both.map((secret) => timingSafeEqual(given, secret))
  if (isCurrent === true) return 'current'
  return isPrevious === true && overlaps ? 'previous' : undefined
}

/** A site key without its site would see the whole tenant: it is dead, as is one of a site being deleted. */
const isAlive = ({ key, tenant, site }: KeyHolder, now: number): boolean =>
  keyState(key, tenant, now) === 'active' &&
  (key.siteId === null) === (site === null) &&
  (site === null || site.removedAt === null)
