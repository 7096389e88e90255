import type { Clock, Ids } from './clock.ts'
import { createApiKey } from './auth/api-keys.ts'
import type { Keyring } from './vault/keyring.ts'
import { ensureSite } from './auth/sites.ts'
import { ConflictError } from './db/store-errors.ts'
import type { Store } from './db/store.ts'
import { quoted } from './terminal/shell.ts'

interface Rooms {
  store: Store
  keyring: Keyring
  clock: Clock
  ids: Ids
}

const name = 'demo'

/**
 * Gives a new sandbox a tenant, a site and a key to try it with; goes on where a start was cut off. Undefined when the
 * tenant has had a key before.
 */
export async function createDemo(
  rooms: Rooms,
): Promise<{ apiKey: string; apiSecret: string } | undefined> {
  const { store, clock, ids } = rooms
  const by = { actor: 'server', at: clock.now() }
  try {
    const known = await store.findTenant(name)
    if (known && (await store.listKeys(known.id)).length > 0) return undefined
    const tenant = known ?? (await store.createTenant({ id: ids.next('ten'), name }, by))
    const site = await ensureSite(rooms, { tenantId: tenant.id, name }, by)
    return await createApiKey(rooms, { tenant, site, label: 'demo' }, by)
  } catch (error) {
    if (error instanceof ConflictError) return undefined
    throw error
  }
}

/** What a newcomer reads in the terminal, in 80 columns: the key, and two commands that work as they stand. */
export function demoGreeting(
  origin: string,
  { apiKey, apiSecret }: { apiKey: string; apiSecret: string },
): string {
  const curl = (method: string): string => `curl --user \\
    ${quoted(`${apiKey}:${apiSecret}`)} \\
    ${quoted(`${origin}/api/method/${method}`)}`
  return `
Bank API runs with a Bridge sandbox in the box: no bank, no money involved.

  api_key     ${apiKey}
  api_secret  ${apiSecret}

The secret is shown this once. Try the key:

  ${curl('frappe.auth.get_logged_user')}

Connect the Demo Bank (open the link in a browser; any login works):

  ${curl('bank_api.bridge.get_bridge_connect_link')} \\
    -d user=me@example.com -d bank='Demo Bank' \\
    -d redirect_url=http://localhost:8000/app/bank

All methods, and a form for each: ${origin}/docs

`
}

/** The same, once the key was shown. */
export const demoReminder = `
Bank API runs with a Bridge sandbox in the box. Its demo key was shown at the
first start; for another: npx bank-api key create --tenant demo --site demo

`
