import type { Clock, Ids } from '../clock.ts'
import { callerBehind, createApiKey, type Caller } from '../auth/api-keys.ts'
import type { Keyring } from '../vault/keyring.ts'
import { ensureSite } from '../auth/sites.ts'
import type { Site } from '../db/ports/sites.ts'
import type { By } from '../db/scope.ts'
import { ConflictError } from '../db/store-errors.ts'
import type { Store } from '../db/store.ts'

interface Deps {
  store: Store
  keyring: Keyring
  clock: Clock
  ids: Ids
}

/** The key of the demo, and its secret. */
export interface DemoKey {
  apiKey: string
  apiSecret: string
}

const name = 'demo'

/**
 * Gives a new sandbox a tenant, a site and a key to try it with, and lets links of that site end on our own page at `origin`;
 * goes on where a start was cut off. Undefined when the tenant has had a key before.
 */
export async function createDemo(deps: Deps, origin: string): Promise<DemoKey | undefined> {
  const { store, keyring, clock, ids } = deps
  const by = { actor: 'server', at: clock.now() }
  try {
    const known = await store.findTenant(name)
    if (known && (await store.listKeys(known.id)).length > 0) {
      const demo = await findDemo(deps)
      if (demo?.caller.site) await allowPage(store, demo.caller.site, origin, by)
      return undefined
    }
    const tenant = known ?? (await store.createTenant({ id: ids.next('ten'), name }, by))
    const site = await ensureSite(deps, { tenantId: tenant.id, name }, by)
    await allowPage(store, site, origin, by)
    const secretOf = (apiKey: string): string => demoSecret(keyring, apiKey)
    return await createApiKey(deps, { tenant, site, label: name, secretOf }, by)
  } catch (error) {
    if (error instanceof ConflictError) return undefined
    throw error
  }
}

/** The site's own address stays open: whoever tries the key with a site of theirs pins that one. */
async function allowPage(
  store: Store,
  { id, allowedOrigins }: Site,
  origin: string,
  by: By,
): Promise<void> {
  if (allowedOrigins.includes(origin)) return
  await store.updateSite(id, { allowedOrigins: [...allowedOrigins, origin] }, by)
}

/** The demo's key and its caller, while that key is good and has the secret it was made with. */
export async function findDemo(
  deps: Pick<Deps, 'store' | 'keyring' | 'clock'>,
): Promise<{ key: DemoKey; caller: Caller } | undefined> {
  const { store, keyring, clock } = deps
  const tenant = await store.findTenant(name)
  if (!tenant) return undefined
  const keys = await store.listKeys(tenant.id, { goodAt: clock.now() })
  const made = keys.find(({ label }) => label === name)
  if (!made) return undefined
  const key = { apiKey: made.apiKey, apiSecret: demoSecret(keyring, made.apiKey) }
  const caller = await callerBehind(deps, { key: key.apiKey, secret: key.apiSecret })
  return caller && { key, caller }
}

/** Follows from the installation's own secrets, so that a sandbox can show it again: it is stored nowhere. */
const demoSecret = (keyring: Keyring, apiKey: string): string =>
  keyring.hash('demo-secret', apiKey).toString('base64url')
