import { expect } from 'vitest'
import { methods } from '../../../src/routes/index.ts'
import {
  aConnectedBank,
  callMethod,
  testApp,
  type ConnectedBank,
  type TestApp,
} from '../../support/app.ts'
import { tablesOf } from '../../support/app-tables.ts'
import { databaseFile } from '../../support/store.ts'
import { aRequest, aTenant, type TestTenant } from '../../support/tenants.ts'

export interface TwoTenants extends TestApp {
  acme: TestTenant
  /** Of acme's first site, which its site key sees. */
  alice: ConnectedBank & { request: string }
  /** Of acme's second site: another's for the site key. */
  bob: ConnectedBank & { request: string }
  /** Another tenant's. */
  carol: ConnectedBank & { request: string }
  tables(): Record<string, string[]>
}

export const aliceName = 'alice@acme.test'

/** Two tenants, three sites, each with a user and a connected bank: enough to be wrong about whose is whose. */
export async function twoTenants(env: Record<string, string> = {}): Promise<TwoTenants> {
  const path = databaseFile()
  const made = await testApp({ database: path, env })
  const { app } = made
  const acme = await aTenant(app, { name: 'acme', sites: ['erp.acme.test', 'shop.acme.test'] })
  const globex = await aTenant(app, { name: 'globex', sites: ['erp.globex.test'] })

  const hold = async (tenant: TestTenant, index: number, user: string, itemId: number) => {
    const site = tenant.sites[index]!
    const bank = await aConnectedBank(made, site, { user, item: { id: itemId } })
    const request = await aRequest(app, bank.user, { bank: `Bank of ${user}` })
    return { ...bank, request }
  }
  const alice = await hold(acme, 0, aliceName, 1_000_001)
  const bob = await hold(acme, 1, 'bob@acme.test', 1_000_002)
  const carol = await hold(globex, 0, 'carol@globex.test', 1_000_003)

  // The first use of a key is noted with it; after that a refused call leaves nothing behind.
  for (const as of [acme.siteKey, acme.tenantKey]) {
    await callMethod(app, 'frappe.auth.get_logged_user', {}, { as })
  }
  made.log.length = 0
  return { ...made, acme, alice, bob, carol, tables: tablesOf(path) }
}

/** What no answer to acme's site key may hold, and no line of the log. */
export function expectNothingLeaked({ log, acme, bob, carol }: TwoTenants, answer: string): void {
  const secrets = [
    acme.siteKey.apiSecret,
    acme.tenantKey.apiSecret,
    'client-secret-of-the-operator',
    'token-00000000',
    'connect.bridge.test/session',
    'FR76',
  ]
  const strangers = ['globex', 'carol', 'bob@', 'shop.acme', carol.user.userUuid, bob.user.userUuid]
  for (const word of [...secrets, ...strangers]) {
    expect(answer).not.toContain(word)
    expect(log.join('')).not.toContain(word)
  }
  expect(log.join('')).not.toContain(aliceName)
}

type Arguments = Record<string, unknown>

/** For each method, arguments that its site key may use: those it needs, and one of each other kind. */
const fitting: Record<string, (held: TwoTenants) => Arguments> = {
  get_bridge_connect_link: () => link,
  get_bridge_edit_link: ({ alice }) => ({ ...link, item_id: alice.itemId }),
  get_sca_authentication_link: ({ alice }) => ({ ...link, item_id: alice.itemId }),
  get_pro_confirmation_link: ({ alice }) => ({ ...link, item_id: alice.itemId }),
  get_bridge_item_id: ({ alice }) => ({ request: alice.request }),
  get_bridge_item_details: ({ alice }) => ({ item_id: alice.itemId }),
  delete_bridge_item_id: ({ alice }) => ({ item_id: alice.itemId, user: aliceName }),
  post_item_refresh: ({ alice }) => ({ item_id: alice.itemId, user: aliceName }),
  get_bank_accounts: ({ alice }) => ({ item_id: alice.itemId, user: aliceName }),
  get_single_bank: () => ({ bank_id: 574 }),
  get_bank_transactions_by_account: ({ alice }) => ({ account_id: alice.accountId }),
  get_bank_transactions: () => ({ user: aliceName, since: '2025-03-01' }),
  get_category: () => ({ category_id: 273 }),
  get_webhook_secret: () => ({}),
  get_portal_link: () => ({}),
  get_events: () => ({}),
}

const link: Arguments = {
  redirect_url: 'https://erp.acme.test/app/bank',
  bank: 'Demo Bank',
  email: 'alice@acme.test',
}

export interface MethodUnderTest {
  /** The last segment. */
  name: string
  /** Every argument the method reads. */
  arguments: string[]
  /** Those it cannot do without. */
  required: string[]
  fitting(held: TwoTenants): Arguments
}

/**
 * Every method served that site keys may call, with arguments that work: a method without them here fails, so none is left out
 * of a table.
 */
export const methodsUnderTest: MethodUnderTest[] = methods.flatMap(({ name, tag, params }) => {
  if (tag === 'hosting') return []
  const last = name.replace('bank_api.bridge.', '')
  const given = fitting[last]
  if (!given) throw new Error(`No arguments for ${name}: write some in two-tenants.ts`)
  const { shape } = params as unknown as { shape: Record<string, object> }
  const required = params.safeParse({}).error?.issues.map(({ path }) => String(path[0])) ?? []
  return { name: last, arguments: Object.keys(shape), required, fitting: given }
})
