import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock, Ids } from '../clock.ts'
import { AuthenticationError } from '../errors.ts'
import type { By, KeyHolder, Scope, Site, Store, Tenant } from '../db/store.ts'
import type { Keyring } from './keyring.ts'
import { hourOf, minuteOf, type Tally } from './tally.ts'

/** Who is calling: all ownership follows from this. */
export interface Caller {
  apiKey: string
  tenant: Tenant
  /** Null for a tenant key. */
  site: Site | null
  scope: Scope
}

const hashSecret = (keyring: Keyring, apiKey: string, secret: string): Buffer =>
  keyring.hash('api-secret', `${apiKey}:${secret}`)

/** Makes a key and returns its secret, which is stored nowhere and cannot be shown again. */
export async function createApiKey(
  { store, keyring, ids }: { store: Store; keyring: Keyring; ids: Ids },
  key: {
    tenant: Tenant
    site: Site | null
    label?: string | undefined
    expiresAt?: number | undefined
  },
  by: By,
): Promise<{ apiKey: string; apiSecret: string }> {
  const apiKey = ids.next('key')
  const apiSecret = randomBytes(32).toString('base64url')
  await store.createKey(
    {
      apiKey,
      tenantId: key.tenant.id,
      siteId: key.site?.id ?? null,
      secretHash: hashSecret(keyring, apiKey, apiSecret),
      label: key.label ?? null,
      expiresAt: key.expiresAt ?? null,
    },
    by,
  )
  return { apiKey, apiSecret }
}

export interface Authentication {
  store: Store
  keyring: Keyring
  clock: Clock
  tally: Tally
}

/**
 * The caller behind a key and secret. One look-up, one hash and one constant-time compare, whatever is wrong with them.
 * Every refusal is the same AuthenticationError.
 */
export async function authenticate(
  { store, keyring, clock, tally }: Authentication,
  { key, secret, address }: { key: string; secret: string; address: string },
): Promise<Caller> {
  const holder = await store.findKey(key)
  const now = clock.now()
  const given = hashSecret(keyring, key, secret)
  const matches = timingSafeEqual(given, holder?.key.secretHash ?? Buffer.alloc(given.length))
  if (!holder || !matches || !isAlive(holder, now)) {
    tally.count({
      at: now,
      actor: `address:${address}`,
      action: 'key.refused',
      subject: holder ? key : 'unknown key',
      bucket: minuteOf(now),
    })
    throw new AuthenticationError()
  }

  const { tenant, site } = holder
  if (hourOf(holder.key.lastUsedAt ?? 0) < hourOf(now)) await store.touchKey(key, hourOf(now))
  return { apiKey: key, tenant, site, scope: { tenantId: tenant.id, siteId: site?.id ?? null } }
}

const isAlive = ({ key, tenant }: KeyHolder, now: number): boolean =>
  key.revokedAt === null &&
  tenant.disabledAt === null &&
  (key.expiresAt === null || key.expiresAt > now)
