import { describe, test, type ExpectStatic } from 'vitest'
import { dataDirectory, startGateway, type Finishing } from '../../support/gateway.ts'
import { aTenantWithKeys, newWebhookSecret, sendWebhooksTo } from '../../support/operator.ts'
import {
  expectedSignatures,
  openSite,
  type Heard,
  type ReceivingSite,
} from '../../support/receiving-site.ts'
import { comeBack, logIn, pull, siteClient, visitBank, type Json } from './visit.ts'

/** Which age of the contract a client was written for: the older one knows no `user` and says no `webhook_url`. */
type Age = 'user' | 'site'

const site = 'erp'
const user = 'ada@acme.test'

/** The gateway with the Bridge in the box, a receiving site, and a client of one age with one kind of key. */
async function scene(
  onTestFinished: Finishing,
  { age, key }: { age: Age; key: 'site' | 'tenant' },
) {
  const receiver = await openSite(onTestFinished)
  const gateway = await startGateway(
    { ...dataDirectory(onTestFinished), DEFAULT_USER_EMAIL: 'bank@acme.test' },
    onTestFinished,
  )
  const keys = await aTenantWithKeys(gateway.env, { site })
  const secret = await newWebhookSecret(gateway.env, site)
  if (age === 'site') await sendWebhooksTo(gateway.env, site, receiver.webhookUrl)
  const ask = siteClient(gateway.url, key === 'site' ? keys.siteKey : keys.tenantKey)
  const link = {
    base_url: receiver.origin,
    redirect_url: '/app/bank?tab=accounts#top',
    bank: 'Demo Bank',
    site,
    ...(age === 'user' && { user, webhook_url: receiver.webhookUrl }),
  }
  return { receiver, ask, link, who: age === 'user' ? { user } : { site }, secret, age }
}
type Scene = Awaited<ReturnType<typeof scene>>

/** Opens a link, visits the bank, comes home, is told, and asks what became of it. */
async function visit(
  expect: ExpectStatic,
  { ask, receiver, link, age, secret }: Scene,
  method: string,
  more: object = {},
): Promise<{ item_id: number; bridge: string }> {
  const opened = await ask(method, { ...link, ...more })
  const { request, url } = opened
  expect(opened).toMatchObject({ redirect_url: url, request: expect.any(String) })
  expect(await ask('get_bridge_item_id', { request }, 'get')).toMatchObject({
    request,
    item_id: null,
    bank: 'Demo Bank',
    status: 'pending',
  })

  const home = await visitBank(url)

  expect(home.origin + home.pathname + home.hash).toBe(`${receiver.origin}/app/bank#top`)
  const item = await ask('get_bridge_item_id', { request }, 'get')
  const { item_id } = item as { item_id: number }
  expect(item).toMatchObject({ request, bank: 'Demo Bank', status: 'completed', success: true })
  expect(Object.fromEntries(home.searchParams)).toEqual({
    tab: 'accounts',
    request,
    success: 'true',
    item_id: String(item_id),
  })
  const told = await heardOf(receiver, request as string)
  expect(told.event).toEqual({
    type: 'connect.completed',
    timestamp: expect.any(Number),
    content: {
      request,
      item_id,
      bank: 'Demo Bank',
      site,
      user: age === 'user' ? user : null,
      success: true,
      status: 0,
      status_code_info: 'ok',
      step: null,
    },
  })
  expectGenuine(expect, told, secret)
  const bridge = new URL(url).origin
  const { now } = (await (await fetch(`${bridge}/_sandbox/clock`)).json()) as { now: number }
  expect(Math.abs(now / 1_000 - Number(told.headers['webhook-timestamp']))).toBeLessThan(60)
  return { item_id, bridge }
}

async function heardOf(receiver: ReceivingSite, request: string): Promise<Heard> {
  for (let count = 1; ; count += 1) {
    const told = await receiver.hears('connect.completed', count)
    if (told.event.content.request === request) return told
  }
}

/** What a careful site checks of each webhook before it believes it. */
function expectGenuine(expect: ExpectStatic, heard: Heard, secret: string): void {
  const { headers, event, method, path } = heard
  expect({ method, path }).toEqual({ method: 'POST', path: '/api/method/bank.webhooks.receive' })
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'x-bank-api-site': site,
    'x-bank-api-event': event.type,
    'webhook-id': expect.stringMatching(/^evt_/),
    ...expectedSignatures(heard, secret),
  })
  // A Frappe site answers 401 to an Authorization that is none of its own keys.
  expect(headers).not.toHaveProperty('authorization')
}

/** As a site counts: by id. The lever moves the clock past the lease of what is in flight, which then comes again. */
const distinct = (heard: readonly Heard[]): Heard[] => [
  ...new Map(heard.map((one) => [one.headers['webhook-id'], one])).values(),
]

async function readBank(
  expect: ExpectStatic,
  { ask, who, age }: Scene,
  item_id: number,
): Promise<void> {
  const accounts: Json[] = await ask('get_bank_accounts', { item_id, ...who }, 'get')
  expect(accounts).toHaveLength(12)
  expect(accounts[0]).toMatchObject({ item_id, balance: expect.any(Number) })
  const [{ id: account_id, provider_id: bank_id }] = accounts
  expect(await ask('get_single_bank', { bank_id }, 'get')).toMatchObject({ id: bank_id })

  const all: Json[] = await ask('get_bank_transactions', { ...who, lang: 'fr' }, 'get')
  expect(all.length).toBeGreaterThan(11_500)
  expect(new Set(all.map((row) => row.account_id)).size).toBeGreaterThan(8)
  if (age === 'user') {
    const order = { account_id, ...who, lang: 'fr' }
    const rows: Json[] = await ask('get_bank_transactions_by_account', order, 'get')
    const ids = all.filter((row) => row.account_id === account_id).map(({ id }) => id)
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(ids))
  }
  const { category_id, category } = all.find((row) => row.category !== null)
  expect(await ask('get_category', { category_id, lang: 'fr' }, 'get')).toMatchObject({
    id: category_id,
    name: category,
  })
  expect(await ask('get_bridge_item_details', { item_id }, 'get')).toMatchObject({
    doctype: 'Bridge Item',
    name: String(item_id),
    item_id,
    bank: 'Demo Bank',
    site,
    status: 0,
  })
}

/** Two days later: what changed comes by itself, and at once when asked for, which the older contract could not. */
async function keepUp(
  expect: ExpectStatic,
  { ask, who, age, receiver }: Scene,
  { item_id, bridge }: { item_id: number; bridge: string },
): Promise<void> {
  const isUsual = ({ event }: Heard) => event.content.refresh_trigger !== 'connect'
  const refreshes = () => distinct(receiver.of('item.refreshed')).filter(isUsual).length
  const { now } = await pull(bridge, 'clock', { advance: 48 * 60 * 60_000 })
  if (age === 'user') {
    expect(await ask('post_item_refresh', { item_id, ...who })).toEqual({ refreshed: true })
  }
  for (let count = 1; refreshes() < (age === 'user' ? 2 : 1); count += 1) {
    await receiver.hears('item.refreshed', count)
  }

  const dayBefore = new Date(now - 24 * 60 * 60_000)
  // Late in the evening of UTC, the day of a site in Paris is the next one already.
  const since = dayBefore.toLocaleString('sv', {
    timeZone: 'Europe/Paris',
    dateStyle: 'short',
    ...(age !== 'user' && { timeStyle: 'medium' }),
  })
  const rows: Json[] = await ask('get_bank_transactions', { since, lang: 'en', ...who }, 'get')
  expect(rows.length).toBeLessThan(500)
  expect(rows.some(({ deleted }) => deleted === true)).toBe(true)
  expect(rows.some(({ deleted }) => deleted !== true)).toBe(true)
}

const managing = [
  'get_bridge_edit_link',
  'get_sca_authentication_link',
  'get_pro_confirmation_link',
]

/** Waits, on the sandbox's clock, until the visit before has had all its consequences: a full refresh ends each. */
async function rest({ receiver }: Scene, bridge: string): Promise<void> {
  const isFull = ({ event }: Heard) => event.content.full_refresh === true
  const visits = distinct(receiver.of('connect.completed')).length
  const full = () => distinct(receiver.of('item.refreshed')).filter(isFull).length
  await pull(bridge, 'clock', { advance: 5 * 60_000 })
  for (let count = 1; full() < visits; count += 1) {
    await receiver.hears('item.refreshed', count)
  }
  await pull(bridge, 'clock', { advance: 60_000 })
}

async function endIt(
  expect: ExpectStatic,
  { ask, who, receiver }: Scene,
  item_id: number,
): Promise<void> {
  const gone = await ask('delete_bridge_item_id', { item_id, ...who })
  expect(gone).toMatchObject({ item_id, deleted: true, bank: 'Demo Bank', site })
  expect((await receiver.hears('item.deleted')).event.content).toMatchObject({ item_id })
  for (const method of ['get_bank_accounts', 'get_bridge_item_details']) {
    await expect(ask(method, { item_id, ...who }, 'get')).rejects.toMatchObject({
      httpStatus: 404,
      exc_type: 'DoesNotExistError',
    })
  }
}

describe.concurrent('Frappe’s own client walks the whole flow', () => {
  test.for<{ age: Age; key: 'site' | 'tenant' }>([
    { age: 'user', key: 'site' },
    { age: 'user', key: 'tenant' },
    { age: 'site', key: 'site' },
    { age: 'site', key: 'tenant' },
  ])(
    'naming the $age, with a $key key, and its site hears of all of it',
    async ({ age, key }, { expect, onTestFinished }) => {
      const one = await scene(onTestFinished, { age, key })
      const { receiver, secret } = one

      const made = await visit(expect, one, 'get_bridge_connect_link')
      const { item_id } = made
      await readBank(expect, one, item_id)
      await keepUp(expect, one, made)
      for (const method of managing) {
        await rest(one, made.bridge)
        expect(await visit(expect, one, method, { item_id })).toMatchObject({ item_id })
      }
      await endIt(expect, one, item_id)

      const heard = distinct(receiver.heard)
      const count = (type: string) => heard.filter(({ event }) => event.type === type).length
      expect(count('item.created')).toBe(1)
      expect(count('item.account.created')).toBe(12)
      expect(count('connect.completed')).toBe(4)
      for (const one of receiver.heard) expectGenuine(expect, one, secret)
    },
  )

  test('a wrong login ends at home without an item, and the second try with one', async ({
    expect,
    onTestFinished,
  }) => {
    const one = await scene(onTestFinished, { age: 'user', key: 'site' })
    const { ask, link, receiver } = one
    const { url, request } = await ask('get_bridge_connect_link', link)

    const home = await visitBank(url, '402')
    expect(Object.fromEntries(home.searchParams)).toMatchObject({ request, success: 'false' })
    expect(await ask('get_bridge_item_id', { request })).toMatchObject({
      status: 'failed',
      success: false,
      step: home.searchParams.get('step'),
    })
    expect(receiver.of('connect.completed')).toEqual([])

    const back = await comeBack(await logIn(url))
    expect(back.searchParams.get('success')).toBe('true')
    const { event } = await receiver.hears('connect.completed')
    expect(event.content).toMatchObject({ request, success: true })
  })
})
