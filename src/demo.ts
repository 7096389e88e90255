import type { Clock, Ids } from './clock.ts'
import { callerBehind, createApiKey, type Caller } from './auth/api-keys.ts'
import type { Keyring } from './vault/keyring.ts'
import { ensureSite } from './auth/sites.ts'
import type { Site } from './db/ports/sites.ts'
import type { By } from './db/scope.ts'
import { ConflictError } from './db/store-errors.ts'
import type { Store } from './db/store.ts'
import { quoted } from './terminal/shell.ts'

interface Rooms {
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

/** Who the walk on our own pages connects a bank for. */
export const demoUser = 'me@example.com'
export const demoBank = 'Demo Bank'

/** Where that walk ends. */
export const demoPage = (origin: string): string => `${origin}/demo`

/**
 * Gives a new sandbox a tenant, a site and a key to try it with, and lets links of that site end on our own page at `origin`;
 * goes on where a start was cut off. Undefined when the tenant has had a key before.
 */
export async function createDemo(rooms: Rooms, origin: string): Promise<DemoKey | undefined> {
  const { store, keyring, clock, ids } = rooms
  const by = { actor: 'server', at: clock.now() }
  try {
    const known = await store.findTenant(name)
    if (known && (await store.listKeys(known.id)).length > 0) {
      const demo = await findDemo(rooms)
      if (demo?.caller.site) await allowPage(store, demo.caller.site, origin, by)
      return undefined
    }
    const tenant = known ?? (await store.createTenant({ id: ids.next('ten'), name }, by))
    const site = await ensureSite(rooms, { tenantId: tenant.id, name }, by)
    await allowPage(store, site, origin, by)
    const secretOf = (apiKey: string): string => demoSecret(keyring, apiKey)
    return await createApiKey(rooms, { tenant, site, label: name, secretOf }, by)
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
  rooms: Pick<Rooms, 'store' | 'keyring' | 'clock'>,
): Promise<{ key: DemoKey; caller: Caller } | undefined> {
  const { store, keyring, clock } = rooms
  const tenant = await store.findTenant(name)
  if (!tenant) return undefined
  const keys = await store.listKeys(tenant.id, { goodAt: clock.now() })
  const made = keys.find(({ label }) => label === name)
  if (!made) return undefined
  const key = { apiKey: made.apiKey, apiSecret: demoSecret(keyring, made.apiKey) }
  const caller = await callerBehind(rooms, { key: key.apiKey, secret: key.apiSecret })
  return caller && { key, caller }
}

/** Follows from the installation's own secrets, so that a sandbox can show it again: it is stored nowhere. */
const demoSecret = (keyring: Keyring, apiKey: string): string =>
  keyring.hash('demo-secret', apiKey).toString('base64url')

/**
 * The reference with the key filled in. Behind `#`, so that no server and no log is told of it; the page takes it out of the
 * address.
 */
export const docsWithKey = ({ apiKey, apiSecret }: DemoKey): string =>
  `/docs#${new URLSearchParams({ api_key: apiKey, api_secret: apiSecret }).toString()}`

/** What a newcomer may type: each works as it stands. */
export function demoCommands(origin: string, { apiKey, apiSecret }: DemoKey) {
  const curl = (method: string, args: Record<string, string | number> = {}): string =>
    [
      'curl --user',
      quoted(`${apiKey}:${apiSecret}`),
      quoted(`${origin}/api/method/${method}`),
      ...Object.entries(args).map(([word, value]) => `-d ${word}=${quoted(String(value))}`),
    ].join(' \\\n  ')
  const bridge = (method: string, args: Record<string, string | number>): string =>
    curl(`bank_api.bridge.${method}`, args)
  return {
    whoAmI: curl('frappe.auth.get_logged_user'),
    connect: bridge('get_bridge_connect_link', {
      user: demoUser,
      bank: demoBank,
      redirect_url: demoPage(origin),
    }),
    outcome: (request: string): string => bridge('get_bridge_item_id', { request }),
    accounts: (item: number): string => bridge('get_bank_accounts', { item_id: item }),
    transactions: (account: number): string =>
      bridge('get_bank_transactions_by_account', { account_id: account }),
  }
}

const indented = (text: string): string => text.replaceAll(/^/gm, '  ')

/** What a newcomer reads in the terminal, in 80 columns: where to begin, the key, and two commands that work as they stand. */
export function demoGreeting(origin: string, key: DemoKey): string {
  const { whoAmI, connect } = demoCommands(origin, key)
  return `
Bank API runs with a Bridge sandbox in the box: no bank, no money involved.

Connect a bank in a browser:

  ${origin}

  api_key     ${key.apiKey}
  api_secret  ${key.apiSecret}

The same from here. Try the key:

${indented(whoAmI)}

Ask for a link, open it in a browser, and log in as success, or with any word
that is not listed: it ends on a page with the accounts.

${indented(connect)}

All methods, and a form for each: ${origin}/docs

`
}

/** The same, once the key was shown: what a terminal prints at every start ends in somebody's log. */
export const demoReminder = (origin: string): string => `
Bank API runs with a Bridge sandbox in the box. Connect a bank, and see the demo
key again, in a browser:

  ${origin}

For another key: npx bank-api key create --tenant demo --site demo

`
