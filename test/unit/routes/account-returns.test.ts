import { expect, test } from 'vitest'
import { aConnectedBank, callMethod, testApp } from '../../support/app.ts'
import { aKey, aTenant } from '../../support/tenants.ts'

/** Ada's bank, connected anew: the account has its old IBAN and another id. */
async function reconnected() {
  const made = await testApp()
  const { app, world, clock } = made
  const acme = await aTenant(app, { sites: ['one', 'two'] })
  const ada = await aConnectedBank(made, acme.site, { user: 'ada' })
  const iban = world.accounts.get(ada.accountId)!.iban
  const connect = () => {
    const item = world.addItem(ada.user.userUuid)
    return { item_id: item.id, account_id: world.addAccount(item.id, { iban }).id }
  }
  const ask = (method: string, params: object, as = acme.siteKey) =>
    callMethod(app, method, { user: 'ada', ...params }, { as })
  const accounts = async (item_id: number) => (await ask('get_bank_accounts', { item_id })).message
  const events = async () =>
    (await ask('get_events', { since: '2000-01-01', types: 'account.replaced' })).message.events
  return { ...made, app, world, clock, acme, ada, iban, connect, ask, accounts, events }
}

test('an account that came back says which one it replaces, and the site is told once', async () => {
  const { ada, connect, ask, accounts, events, acme, app } = await reconnected()
  await accounts(ada.itemId)
  const { item_id, account_id } = connect()
  expect(await accounts(item_id)).not.toHaveProperty('0.replaces')
  await ask('delete_bridge_item_id', { item_id: ada.itemId })

  const [first] = await accounts(item_id)
  const [again] = await accounts(item_id)

  const replaces = { item_id: ada.itemId, account_id: ada.accountId, data_until: expect.anything() }
  expect(first).toMatchObject({ id: account_id, replaces })
  expect(again).toEqual(first)
  expect(await events()).toMatchObject([
    {
      item_id,
      event: {
        type: 'account.replaced',
        content: {
          item_id,
          account_id,
          replaced_item_id: ada.itemId,
          replaced_account_id: ada.accountId,
          data_until: first.replaces.data_until,
        },
      },
    },
  ])
  const as = await aKey(app, acme.tenant, acme.site, {
    presentation: { bridgeVersion: '2021-06-01' },
  })
  const old = (await callMethod(app, 'get_bank_accounts', { item_id }, { as })).message
  expect(old).toMatchObject([{ id: account_id, is_pro: false, replaces }])
})

test('it says until when the bank had been read for the old one, as far as Bridge told', async () => {
  const { ada, connect, ask, accounts, world } = await reconnected()
  await accounts(ada.itemId)
  world.items.get(ada.itemId)!.last_successful_refresh = '2025-03-09T06:00:00Z'
  await ask('get_bridge_item_details', { item_id: ada.itemId })
  await ask('delete_bridge_item_id', { item_id: ada.itemId })

  const [account] = await accounts(connect().item_id)

  expect(account.replaces.data_until).toBe('2025-03-09T06:00:00.000Z')
})

test('the same IBAN on another site, or of another user, replaces nothing', async () => {
  const { ada, ask, accounts, world, app, acme, iban, events, ...made } = await reconnected()
  await accounts(ada.itemId)
  await ask('delete_bridge_item_id', { item_id: ada.itemId })
  const others = [
    await aConnectedBank({ ...made, app, world }, acme.sites[1]!, { user: 'ada' }),
    await aConnectedBank({ ...made, app, world }, acme.site, { user: 'bob' }),
  ]

  for (const { itemId, accountId, user } of others) {
    world.accounts.get(accountId)!.iban = iban!
    const params = { item_id: itemId, user: user.name }
    const read = await callMethod(app, 'get_bank_accounts', params, { as: acme.tenantKey })
    expect(read.message).toHaveLength(1)
    expect(read.message[0]).not.toHaveProperty('replaces')
  }
  expect(await events()).toEqual([])
})
