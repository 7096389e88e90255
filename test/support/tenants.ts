import { createApiKey, type Caller } from '../../src/auth/api-keys.ts'
import { createKeyring, type Keyring } from '../../src/vault/keyring.ts'
import { ensureSite } from '../../src/auth/sites.ts'
import type { Clock, Ids } from '../../src/clock.ts'
import { defaultPresentation, type Presentation } from '../../src/db/ports/keys.ts'
import type { Language } from '../../src/language.ts'
import type { BridgeUser } from '../../src/db/ports/users.ts'
import type { By, Scope } from '../../src/db/scope.ts'
import type { ConnectRequest } from '../../src/db/ports/requests.ts'
import type { ItemFacts } from '../../src/db/ports/items.ts'
import type { NewEvent } from '../../src/db/ports/events.ts'
import type { Site } from '../../src/db/ports/sites.ts'
import type { Store } from '../../src/db/store.ts'
import type { Tenant } from '../../src/db/ports/tenants.ts'
import { testClock, testNow, watchOver } from './clock.ts'
import { testIds } from './ids.ts'
import { testStore } from './store.ts'

/** What the builders below need; an app that `buildApp` made has all of it. */
export interface TestRooms {
  store: Store
  keyring: Keyring
  clock: Clock
  ids: Ids
}

export const testBy: By = { actor: 'test', at: testNow }

export const testKeyring = (): Keyring =>
  createKeyring({
    pepper: Buffer.alloc(32, 1),
    dataKeys: [{ id: 'd1', key: Buffer.alloc(32, 2) }],
  })

/** An empty store in memory with fresh clock, ids and keys. */
export const testRooms = (store: Store = testStore()) => {
  const clock = testClock()
  return { store, keyring: testKeyring(), clock, ...watchOver(clock), ids: testIds() }
}

/** A key and what it says in an `Authorization` header, and the caller it makes. */
export interface TestKey {
  apiKey: string
  apiSecret: string
  authorization: string
  caller: Caller
}

export interface TestTenant {
  tenant: Tenant
  /** What a tenant key sees. */
  scope: Scope
  /** The first site, which `siteKey` sees. */
  site: Site
  sites: Site[]
  tenantKey: TestKey
  siteKey: TestKey
}

/** A tenant with sites, a tenant key and a key of its first site. */
export async function aTenant(
  rooms: TestRooms,
  { name = 'acme', sites: names = ['erp.acme.test'] }: { name?: string; sites?: string[] } = {},
): Promise<TestTenant> {
  const by = { ...testBy, at: rooms.clock.now() }
  const tenant = await rooms.store.createTenant({ id: rooms.ids.next('ten'), name }, by)
  const sites: Site[] = []
  for (const site of names) {
    sites.push(await ensureSite(rooms, { tenantId: tenant.id, name: site }, by))
  }
  const [site] = sites
  if (!site) throw new Error('A test tenant needs a site')
  return {
    tenant,
    scope: { tenantId: tenant.id, siteId: null },
    site,
    sites,
    tenantKey: await aKey(rooms, tenant, null),
    siteKey: await aKey(rooms, tenant, site),
  }
}

/** A further key: of one site, or of the whole tenant. */
export async function aKey(
  rooms: TestRooms,
  tenant: Tenant,
  site: Site | null,
  more: {
    label?: string
    expiresAt?: number
    readOnly?: boolean
    presentation?: Partial<Presentation>
  } = {},
): Promise<TestKey> {
  const by = { ...testBy, at: rooms.clock.now() }
  const { apiKey, apiSecret } = await createApiKey(rooms, { tenant, site, ...more }, by)
  const scope = { tenantId: tenant.id, siteId: site?.id ?? null }
  return {
    apiKey,
    apiSecret,
    authorization: `token ${apiKey}:${apiSecret}`,
    caller: {
      apiKey,
      tenant,
      site,
      scope,
      readOnly: more.readOnly ?? false,
      presentation: { ...defaultPresentation, ...more.presentation },
    },
  }
}

/** A user of a site whom Bridge knows; with `uuid: null`, one it has yet to make. */
export async function aUser(
  { store, clock, ids }: Pick<TestRooms, 'store' | 'clock' | 'ids'>,
  site: Site,
  { name = '', uuid }: { name?: string; uuid?: string | null } = {},
): Promise<BridgeUser & { userUuid: string }> {
  const id = ids.next('usr')
  const user = await store.ensureUser({ id, siteId: site.id, name, at: clock.now() })
  if (uuid === null) return user as BridgeUser & { userUuid: string }
  const userUuid = uuid ?? `uuid-of-${user.id}`
  await store.setUserUuid(user.id, userUuid)
  return { ...user, userUuid }
}

/** What Bridge said about a healthy item. */
export const itemFacts = (fields: Partial<ItemFacts> = {}): ItemFacts => ({
  id: 4568477,
  providerId: 574,
  providerName: null,
  accountTypes: 'all',
  status: 0,
  statusCodeInfo: 'ok',
  authenticationExpiresAt: null,
  ...fields,
})

/** Stores items as the user's own. */
export const addItems = (
  { store, clock }: Pick<TestRooms, 'store' | 'clock'>,
  user: BridgeUser,
  ...ids: number[]
): Promise<void> =>
  store.keepItems(
    user.id,
    ids.map((id) => itemFacts({ id })),
    { at: clock.now(), complete: false },
  )

/** An open connect request of a user; returns its id. */
export async function aRequest(
  { store, clock, ids }: Pick<TestRooms, 'store' | 'clock' | 'ids'>,
  user: BridgeUser,
  fields: Partial<Pick<ConnectRequest, 'id' | 'bank' | 'managedItemId' | 'expiresAt'>> & {
    origin?: string
    webhookUrl?: string
    email?: Buffer
    language?: Language
  } = {},
): Promise<string> {
  const { origin = null, webhookUrl = null, ...rest } = fields
  const at = clock.now()
  const id = fields.id ?? ids.request()
  await store.openConnectRequest(
    {
      userId: user.id,
      bank: null,
      redirectUrl: 'https://erp.acme.test/app/bank',
      accountTypes: 'all',
      managedItemId: null,
      openedAt: at,
      expiresAt: at + 24 * 60 * 60_000,
      ...rest,
      id,
    },
    { id: user.siteId, origin, webhookUrl },
    { ...testBy, at },
  )
  return id
}

/** The event a completed request is announced with. */
export const anAnnouncement = (
  { clock, ids }: Pick<TestRooms, 'clock' | 'ids'>,
  { id, siteId }: BridgeUser,
  fields: Partial<NewEvent> = {},
): NewEvent => {
  const at = clock.now()
  const eventId = ids.next('evt')
  return {
    id: eventId,
    deliveryId: ids.next('dlv'),
    dedupeKey: eventId,
    type: 'connect.completed',
    userId: id,
    siteId,
    itemId: null,
    body: Buffer.from('sealed'),
    occurredAt: at,
    receivedAt: at,
    handledAt: at,
    ...fields,
  }
}
