import { http, HttpResponse } from 'msw'
import { describe, expect, it } from 'vitest'
import { aConnectedBank, callMethod } from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { jobsApp, refreshed } from '../../support/jobs-app.ts'
import { sandboxed } from '../../support/sandboxed.ts'

const hour = 60 * 60_000
const itemsPath = '/v3/aggregation/items'

/** A bank that was read before, and of which nothing was heard for an hour. */
async function aQuietBank() {
  const made = await jobsApp()
  const { app, acme, bridge, clock, world } = made
  const bank = await aConnectedBank(made, acme.site, { user: 'ann' })
  const ask = (method: string, args: object = {}) =>
    callMethod(app, method, args, { as: acme.siteKey })
  const listed = () => bridge.calls.filter(({ path }) => path === itemsPath).length
  /** Bridge forgets the item, and no webhook tells of it. */
  const lose = () => {
    for (const map of [world.items, world.accounts, world.transactions]) {
      for (const [id, row] of map) {
        const ofIt = [
          row.id,
          'item_id' in row && row.item_id,
          'account_id' in row && row.account_id,
        ]
        if (ofIt.includes(bank.itemId) || ofIt.includes(bank.accountId)) map.delete(id)
      }
    }
  }
  const told = async () => {
    const rows = await app.store.listForExport(acme.tenant.id, 'events', { after: null, limit: 99 })
    return rows.map(({ row }) => row['type'])
  }
  clock.advance(hour + 1)
  return { ...made, bank, ask, listed, lose, told }
}
type Quiet = Awaited<ReturnType<typeof aQuietBank>>

const redirect_url = 'https://erp.acme.test/app'
const methods: [name: string, call: (quiet: Quiet) => ReturnType<Quiet['ask']>][] = [
  ['get_bank_accounts', ({ ask, bank }) => ask('get_bank_accounts', { item_id: bank.itemId })],
  [
    'get_bank_transactions_by_account',
    ({ ask, bank }) => ask('get_bank_transactions_by_account', { account_id: bank.accountId }),
  ],
  [
    'get_bank_transactions',
    ({ ask, bank }) => ask('get_bank_transactions', { item_id: bank.itemId }),
  ],
  [
    'get_bridge_item_details',
    ({ ask, bank }) => ask('get_bridge_item_details', { item_id: bank.itemId }),
  ],
  ['post_item_refresh', ({ ask, bank }) => ask('post_item_refresh', { item_id: bank.itemId })],
  ...[
    'get_bridge_connect_link',
    'get_bridge_edit_link',
    'get_sca_authentication_link',
    'get_pro_confirmation_link',
  ].map((name): (typeof methods)[number] => [
    name,
    ({ ask, bank }) => ask(name, { item_id: bank.itemId, redirect_url }),
  ]),
]

describe('an item that is gone at Bridge without a word', () => {
  it.each(methods)(
    'is 404 for %s, and for all others then, and its site is told once',
    async (_, call) => {
      const quiet = await aQuietBank()
      quiet.lose()

      const first = await call(quiet)
      const all = await Promise.all(methods.map(([, other]) => other(quiet)))

      expect(first).toMatchObject({ status: 404, body: { exc_type: 'DoesNotExistError' } })
      expect(all.map(({ status }) => status)).toEqual(methods.map(() => 404))
      expect(await quiet.told()).toEqual(['item.deleted'])
    },
  )

  it.each(methods)('is 404 for %s when its whole user is gone', async (_, call) => {
    const quiet = await aQuietBank()
    quiet.lose()
    quiet.world.users.clear()
    quiet.world.expireTokens()

    expect(await call(quiet)).toMatchObject({ status: 404 })
    expect(await quiet.told()).toEqual(['item.deleted'])
  })

  it('is told at the time it is stored: a reader who goes by time does not pass over it', async () => {
    const quiet = await aQuietBank()
    const { ask, bank, bridge, clock } = quiet
    quiet.lose()
    bridge.use(http.get(`${bridgeUrl}${itemsPath}`, () => clock.advance(5_000)))

    await ask('get_bank_accounts', { item_id: bank.itemId })

    const since = new Date(clock.now()).toISOString()
    const { message } = await ask('get_events', { since })
    expect(message).toMatchObject({ events: [{ type: 'item.deleted', item_id: bank.itemId }] })
  })

  it('is told though it was heard of while Bridge said that its whole user is gone', async () => {
    const quiet = await aQuietBank()
    const { ask, bank, bridge } = quiet
    quiet.world.users.clear()
    quiet.world.expireTokens()
    const hear = () => refreshed(quiet, bank, 0)
    bridge.use(http.post(`${bridgeUrl}/v3/aggregation/authorization/token`, hear, { once: true }))

    const link = { redirect_url, user: 'ann', email: 'ann@acme.test' }
    expect((await ask('get_bridge_connect_link', link)).status).toBe(200)

    expect(await quiet.told()).toEqual(['item.refreshed', 'item.deleted'])
  })

  it('is found by a read of all the user’s transactions too; a user that is gone is 404 there', async () => {
    const quiet = await aQuietBank()
    quiet.lose()

    await quiet.ask('get_bank_transactions', { user: 'ann' })
    expect(await quiet.told()).toEqual(['item.deleted'])
    quiet.world.users.clear()
    quiet.world.expireTokens()
    quiet.clock.advance(hour + 1)

    expect((await quiet.ask('get_bank_transactions', { user: 'ann' })).status).not.toBe(200)
  })

  it('is lost in the sandbox by a lever', async () => {
    const { call, lever, clock, itemId } = await sandboxed()
    await call('get_bank_accounts', { item_id: itemId })
    clock.advance(hour + 1)

    await lever('POST', `items/${itemId}/lose`)

    expect((await call('get_bank_accounts', { item_id: itemId })).status).toBe(404)
  })
})

describe('an item that reads as empty and is there', () => {
  it('stays, and is looked for once an hour', async () => {
    const { ask, bank, world, listed, clock, told } = await aQuietBank()
    world.accounts.clear()
    world.transactions.clear()

    const answers = []
    for (let times = 0; times < 3; times += 1) {
      answers.push((await ask('get_bank_accounts', { item_id: bank.itemId })).message)
    }
    expect([answers, listed()]).toEqual([[[], [], []], 1])
    clock.advance(hour + 1)
    await ask('get_bank_accounts', { item_id: bank.itemId })

    expect(listed()).toBe(2)
    expect(await told()).toEqual([])
  })

  it('is not looked for while webhooks tell of it, nor by the hourly poll', async () => {
    const quiet = await aQuietBank()
    const { ask, bank, world, listed } = quiet
    world.accounts.clear()
    world.transactions.clear()

    const since = '2025-03-10'
    await ask('get_bank_transactions_by_account', { account_id: bank.accountId, since })
    await refreshed(quiet, bank, 0)
    await ask('get_bank_accounts', { item_id: bank.itemId })

    expect(listed()).toBe(0)
  })

  it('keeps its answer back when Bridge cannot be asked, and is looked for again at once', async () => {
    const { ask, bank, world, bridge, listed } = await aQuietBank()
    world.accounts.clear()
    let away = true
    bridge.use(http.get(`${bridgeUrl}${itemsPath}`, () => (away ? bridgeProblem(400) : undefined)))

    const refused = await ask('get_bank_accounts', { item_id: bank.itemId })
    away = false
    const answered = await ask('get_bank_accounts', { item_id: bank.itemId })

    expect([refused.status, answered.status, listed()]).toEqual([502, 200, 2])
  })
})

it('a 404 of the item alone leaves it unreachable, and tells nobody', async () => {
  const { app, acme, ask, bank, bridge, told } = await aQuietBank()
  bridge.use(http.get(`${bridgeUrl}${itemsPath}/:id`, () => HttpResponse.json({}, { status: 404 })))

  const answer = await ask('get_bridge_item_details', { item_id: bank.itemId })

  expect(answer.status).toBe(502)
  expect(await app.store.findItem(acme.scope, bank.itemId)).toMatchObject({
    item: { goneAt: null, unreachableAt: expect.any(Number) as number },
  })
  expect(await told()).toEqual([])
})
