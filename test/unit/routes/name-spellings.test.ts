import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { foldName } from '../../../src/names.ts'
import { aConnectedBank, callMethod, testApp, type ConnectedBank } from '../../support/app.ts'
import { databaseFile } from '../../support/store.ts'
import { aTenant, type TestKey } from '../../support/tenants.ts'

const redirect = { redirect_url: 'https://erp.acme.example/app', email: 'a@b.fr' }

async function twoSites({ database = ':memory:' } = {}) {
  const made = await testApp({ database })
  const acme = await aTenant(made.app, { sites: ['erp.acme.example', 'shop.acme.example'] })
  const ask = (method: string, params: object, as: TestKey = acme.siteKey) =>
    callMethod(made.app, method, params, { as })
  return { ...made, acme, ask }
}

/** Users as a version stored them that did not fold names: two of one site may differ in case alone. */
async function withTwins(...names: string[]) {
  const database = databaseFile()
  const made = await twoSites({ database })
  const held: ConnectedBank[] = []
  for (const index of names.keys()) {
    held.push(await aConnectedBank(made, made.acme.site, { user: `user ${index}` }))
  }
  const client = new Sqlite(database)
  onTestFinished(() => void client.close())
  const rename = client.prepare('UPDATE bridge_users SET name = ?, folded_name = ? WHERE id = ?')
  names.forEach((name, index) => rename.run(name, foldName(name), held[index]!.user.id))
  return { ...made, held }
}

test('a user whose name comes in another case is the one known, and connects no bank twice', async () => {
  const { acme, app, ask, world, ...made } = await twoSites()
  const user = 'claire@acme.example'
  const claire = await aConnectedBank({ app, world, ...made }, acme.site, { user })
  const facts = (await app.store.findItem(acme.scope, claire.itemId))!.item
  await app.store.keepItems(claire.user.id, [{ ...facts, providerName: 'Ma Banque' }], {
    at: app.clock.now(),
    complete: false,
  })

  const link = await ask('get_bridge_connect_link', {
    ...redirect,
    user: 'Claire@Acme.example',
    bank: 'MA BANQUE',
  })
  const read = await ask('get_bank_transactions', { user: 'CLAIRE@acme.example' })
  const accounts = await ask('get_bank_accounts', {
    item_id: claire.itemId,
    user: ' Claire@ACME.example',
  })
  const details = await ask('get_bridge_item_details', {
    item_id: claire.itemId,
    user: 'Claire@Acme.example',
  })

  expect(link.message).toMatchObject({ existing_item_id: claire.itemId })
  expect(read.message).toMatchObject([{ id: claire.transactionId }])
  expect(accounts.message).toMatchObject([{ id: claire.accountId }])
  expect(details.message).toMatchObject({ user })
  expect(world.users.size).toBe(1)
})

test('a site whose name or address comes in another case is the one known', async () => {
  const { acme, app, ask } = await twoSites()
  const as = acme.tenantKey

  const named = await ask(
    'get_bridge_connect_link',
    { ...redirect, site: 'ERP.acme.example', user: 'ann' },
    as,
  )
  const read = await ask('get_bank_transactions', { site: 'Erp.Acme.Example', user: 'ann' }, as)
  const own = await ask('get_bank_transactions', { site: 'ERP.ACME.EXAMPLE', user: 'ann' })
  const foreign = await ask('get_bank_transactions', { site: 'SHOP.acme.example' })

  expect((await app.store.findRequest(acme.scope, named.message.request))?.site.name).toBe(
    'erp.acme.example',
  )
  expect([read.status, own.status, foreign.status]).toEqual([200, 200, 404])
  expect(await app.store.listSites(acme.scope)).toHaveLength(2)
})

test('two users that differ in case alone keep their banks apart, by their exact names', async () => {
  const { ask, held } = await withTwins('Ann', 'ann')
  const [upper, lower] = held as [ConnectedBank, ConnectedBank]

  for (const [user, own, other] of [
    ['Ann', upper, lower],
    ['ann', lower, upper],
  ] as const) {
    const { message } = await ask('get_bank_transactions', { user })
    expect(message).toMatchObject([{ id: own.transactionId }])
    expect((await ask('get_bank_accounts', { item_id: own.itemId, user })).status).toBe(200)
    expect((await ask('get_bank_accounts', { item_id: other.itemId, user })).status).toBe(404)
  }
})

test('a third spelling of two such users is asked back for, in the caller’s language', async () => {
  const { ask, app, acme } = await withTwins('Ann', 'ann')

  const read = await ask('get_bank_transactions', { user: 'ANN' })
  const link = await ask('get_bridge_connect_link', { ...redirect, user: 'ANN', lang: 'fr' })

  for (const { status, body } of [read, link]) {
    expect(status).toBe(417)
    expect(body.exc_type).toBe('ValidationError')
    expect(body.exception).toContain("'user'")
  }
  expect(link.body.exception).toContain('exactement')
  expect(await app.store.findUsers(acme.scope, 'ANN')).toHaveLength(2)
})

test('of two such users, an item decides which a third spelling means', async () => {
  const { ask, held } = await withTwins('Ann', 'ann')

  for (const { itemId, accountId } of held) {
    const { status, message } = await ask('get_bank_accounts', { item_id: itemId, user: 'ANN' })
    expect(status).toBe(200)
    expect(message).toMatchObject([{ id: accountId }])
  }
})

test('two sites that differ in case alone stay apart, and a third spelling is asked back for', async () => {
  const database = databaseFile()
  const { acme, app, ask } = await twoSites({ database })
  const client = new Sqlite(database)
  onTestFinished(() => void client.close())
  const upper = 'ERP.acme.example'
  client
    .prepare('UPDATE sites SET name = ?, folded_name = ? WHERE id = ?')
    .run(upper, foldName(upper), acme.sites[1]!.id)
  const link = (site: string) =>
    ask('get_bridge_connect_link', { ...redirect, site, user: 'ann' }, acme.tenantKey)
  const siteOf = async (request: string) =>
    (await app.store.findRequest(acme.scope, request))?.site.id

  const first = await siteOf((await link('erp.acme.example')).message.request)
  const second = await siteOf((await link(upper)).message.request)
  const third = await link('Erp.acme.example')
  const read = await ask('get_bank_transactions', { site: 'Erp.acme.example' }, acme.tenantKey)

  expect([first, second]).toEqual(acme.sites.map(({ id }) => id))
  for (const { status, body } of [third, read]) {
    expect(status).toBe(417)
    expect(body.exception).toContain("'site'")
  }
})
