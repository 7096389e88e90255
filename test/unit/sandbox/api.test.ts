import { expect, test } from 'vitest'
import { aSession, aToken, aUser, anItem, hour, openSandbox, walk } from './open-sandbox.ts'

const users = '/v3/aggregation/users'
const tokens = '/v3/aggregation/authorization/token'
const sessions = '/v3/aggregation/connect-sessions'
const json = { 'content-type': 'application/json' }

test.for([
  ['no client id', { 'client-id': '' }, 401, 'invalid_client_credentials'],
  ['no client secret', { 'client-secret': '' }, 401, 'invalid_client_credentials'],
  ['no version', { 'bridge-version': '' }, 400, 'invalid_version_header'],
  ['an older version', { 'bridge-version': '2021-06-01' }, 400, 'invalid_version_header'],
] as const)('%s is refused', async ([, headers, status, code]) => {
  const { call } = openSandbox()

  const answer = await call('GET', users, { headers })

  expect(answer.status).toBe(status)
  expect(answer.body).toEqual({ code, message: expect.any(String) })
})

test('credentials that are given are the only ones accepted', async () => {
  const { call } = openSandbox({ credentials: { clientId: 'mine', clientSecret: 'own' } })
  const mine = { 'client-id': 'mine', 'client-secret': 'own' }

  expect((await call('GET', users)).status).toBe(401)
  expect((await call('GET', users, { headers: mine })).status).toBe(200)
})

test.for([
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=b', 415],
  ['plain text', { 'content-type': 'text/plain' }, '{}', 415],
  ['half a document', json, '{"external', 422],
  ['a list', json, '[]', 422],
] as const)('%s instead of a JSON object is refused', async ([, headers, body, status]) => {
  const { call } = openSandbox()

  expect((await call('POST', users, { headers, body })).status).toBe(status)
})

test('a token needs a body, a user none', async () => {
  const { call } = openSandbox()

  expect((await call('POST', tokens)).status).toBe(415)
  expect((await call('POST', users)).status).toBe(201)
  expect((await call('POST', users, { headers: json, body: '' })).status).toBe(201)
})

test('null is taken for what is left out, wherever a field is optional', async () => {
  const sandbox = openSandbox()
  const { call } = sandbox

  const { status, body: user } = await call('POST', users, { body: { external_user_id: null } })
  const token = await call('POST', tokens, {
    body: { user_uuid: user.uuid, external_user_id: null },
  })
  const session = await call('POST', sessions, {
    token: token.body.access_token,
    body: {
      user_email: 'a@b.fr',
      country_code: null,
      capabilities: null,
      provider_id: null,
      item_id: null,
      force_reauthentication: null,
      account_types: null,
      allow_account_selection: null,
      max_selectable_accounts: null,
      callback_url: null,
      context: null,
    },
  })

  expect([status, token.status, session.status]).toEqual([201, 201, 201])
})

test('a user is created, found, listed and deleted', async () => {
  const { call } = openSandbox()

  const made = await call('POST', users, { body: { external_user_id: 'site-1_A' } })
  const bare = await call('POST', users, { body: {} })

  expect(made.status).toBe(201)
  expect(made.body).toEqual({ uuid: expect.any(String), external_user_id: 'site-1_A' })
  expect(Object.keys(bare.body)).toEqual(['uuid'])
  expect((await call('GET', `${users}/${made.body.uuid}`)).body).toEqual(made.body)
  const first = await call('GET', `${users}?limit=1`)
  expect(first.body.resources).toEqual([made.body])
  expect(first.body.pagination.next_uri).toMatch(/^\/v3\/aggregation\/users\?after=.+&limit=1$/)
  const second = await call('GET', first.body.pagination.next_uri)
  expect(second.body).toEqual({ resources: [bare.body], pagination: {} })
  expect((await call('DELETE', `${users}/${made.body.uuid}`)).status).toBe(204)
  expect((await call('GET', `${users}/${made.body.uuid}`)).status).toBe(404)
})

test('an external id belongs to one user and has a shape', async () => {
  const { call } = openSandbox()
  await call('POST', users, { body: { external_user_id: 'one' } })

  const again = await call('POST', users, { body: { external_user_id: 'one' } })
  const odd = await call('POST', users, { body: { external_user_id: 'é' } })

  expect([again.status, again.body.code]).toEqual([409, 'conflict'])
  expect([odd.status, odd.body.property]).toEqual([400, 'external_user_id'])
})

test('a token lives two hours, and an older one lives beside it', async () => {
  const sandbox = openSandbox()
  const { uuid, token } = await aUser(sandbox)
  const list = async (token: string) =>
    (await sandbox.call('GET', '/v3/aggregation/items', { token })).status
  sandbox.clock.advance(2 * hour - 1)
  const second = await aToken(sandbox, uuid)

  expect([await list(token), await list(second)]).toEqual([200, 200])
  sandbox.clock.advance(1)

  expect([await list(token), await list(second), await list('x')]).toEqual([401, 200, 401])
})

test('a token is answered with its end and its user', async () => {
  const { call, clock } = openSandbox()
  const { body: user } = await call('POST', users, { body: { external_user_id: 'me' } })

  const answer = await call('POST', tokens, { body: { external_user_id: 'me' } })

  expect(answer.status).toBe(201)
  expect(answer.body).toEqual({
    access_token: expect.stringMatching(/^[0-9a-f]{40}-[0-9a-f-]{36}$/),
    expires_at: new Date(clock.now() + 2 * hour).toISOString(),
    user,
  })
})

test.for([[{}], [{ user_uuid: 'a', external_user_id: 'b' }]])(
  'a token asked with %j is refused',
  async ([body]) => {
    const { call } = openSandbox()

    expect((await call('POST', tokens, { body })).status).toBe(400)
  },
)

test('a session has an id, and a URL that is another', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)

  const answer = await sandbox.call('POST', sessions, { token, body: { user_email: 'a@b.fr' } })

  expect(answer.status).toBe(201)
  expect(Object.keys(answer.body)).toEqual(['id', 'url'])
  expect(answer.body.url).toMatch(/^http:\/\/connect\.test\/session\/[0-9a-f-]{36}$/)
  expect(answer.body.url).not.toContain(answer.body.id)
})

test.for([
  ['user_email', {}],
  ['user_email', { user_email: 'nobody' }],
  ['country_code', { user_email: 'a@b.fr', country_code: 'fr' }],
  ['account_types', { user_email: 'a@b.fr', account_types: 'some' }],
  ['callback_url', { user_email: 'a@b.fr', callback_url: 'javascript:alert(1)' }],
  ['context', { user_email: 'a@b.fr', context: 'a_b' }],
  ['context', { user_email: 'a@b.fr', context: 'a'.repeat(101) }],
  ['provider_id', { user_email: 'a@b.fr', provider_id: 4 }],
  ['provider_id', { user_email: 'a@b.fr', provider_id: 815 }],
  ['max_selectable_accounts', { user_email: 'a@b.fr', max_selectable_accounts: 0 }],
  ['force_reauthentication', { user_email: 'a@b.fr', force_reauthentication: true }],
] as const)('a session with a bad %s names it', async ([property, body]) => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)

  const answer = await sandbox.call('POST', sessions, { token, body })

  expect([answer.status, answer.body.property]).toEqual([400, property])
})

test("another user's item, account and transaction are not there", async () => {
  const sandbox = openSandbox()
  const owner = await aUser(sandbox)
  const { token } = await aUser(sandbox)
  const item = await anItem(sandbox, owner.token)
  const [account] = await walk(sandbox, owner.token, '/v3/aggregation/accounts?limit=20')
  const rows = await sandbox.call('GET', '/v3/aggregation/transactions?limit=1', {
    token: owner.token,
  })
  const paths = [
    `items/${item}`,
    `accounts/${account.id}`,
    `transactions/${rows.body.resources[0].id}`,
  ]

  for (const path of paths) {
    const mine = await sandbox.call('GET', `/v3/aggregation/${path}`, { token: owner.token })
    const other = await sandbox.call('GET', `/v3/aggregation/${path}`, { token })
    expect([path, mine.status, other.status]).toEqual([path, 200, 404])
  }
  const manage = await sandbox.call('POST', sessions, { token, body: { item_id: item } })
  expect(manage.status).toBe(404)
  expect((await sandbox.call('GET', '/v3/aggregation/accounts', { token })).body.resources).toEqual(
    [],
  )
})

test('an item has no null, and goes with its accounts when deleted', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token)

  const { body } = await sandbox.call('GET', `/v3/aggregation/items/${id}`, { token })

  expect(body).toEqual({
    id,
    provider_id: 574,
    status: 0,
    status_code_info: 'ok',
    account_types: 'all',
    created_at: '2026-03-17T09:30:00Z',
    last_successful_refresh: '2026-03-17T09:30:00Z',
    last_try_refresh: '2026-03-17T09:30:00Z',
    authentication_expires_at: '2026-09-13T09:30:00Z',
  })
  expect((await sandbox.call('DELETE', `/v3/aggregation/items/${id}`, { token })).status).toBe(204)
  expect((await sandbox.call('GET', `/v3/aggregation/items/${id}`, { token })).status).toBe(404)
  expect(await walk(sandbox, token, '/v3/aggregation/accounts')).toEqual([])
  expect(await walk(sandbox, token, '/v3/aggregation/transactions')).toEqual([])
})

const kinds = { checking: 4, card: 2, savings: 1, brokerage: 3, loan: 2 }
test.for([
  ['all', kinds],
  ['payment', { checking: 4, card: 2 }],
] as const)('an item of %s account types has its accounts', async ([account_types, expected]) => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token, 'success', { account_types })

  const accounts = await walk(sandbox, token, `/v3/aggregation/accounts?item_id=${id}&limit=5`)

  const count: Record<string, number> = {}
  for (const { type } of accounts) count[type] = (count[type] ?? 0) + 1
  expect(count).toEqual(expected)
  expect(new Set(accounts.map((one) => one.id)).size).toBe(accounts.length)
  expect(JSON.stringify(accounts)).not.toContain('null')
  for (const { iban } of accounts.filter((one) => one.iban)) {
    const digits = `${iban.slice(4)}1527${iban.slice(2, 4)}`
    expect([iban, BigInt(digits) % 97n]).toEqual([iban, 1n])
    expect(iban).toMatch(/^FR\d{2}99999\d{18}$/)
  }
})

test('the list of accounts of one item leaves out another', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const first = await anItem(sandbox, token)
  await anItem(sandbox, token)

  expect(await walk(sandbox, token, '/v3/aggregation/accounts')).toHaveLength(24)
  const own = await walk(sandbox, token, `/v3/aggregation/accounts?item_id=${first}&limit=7`)
  expect(own.map((one) => one.item_id)).toEqual(Array(12).fill(first))
})

test('providers are listed with Demo Bank among them, filtered by several values in either form', async () => {
  const { call } = openSandbox()
  const ids = async (query: string) =>
    (await call('GET', `/v3/providers?${query}`)).body.resources.map(
      (one: { id: number }) => one.id,
    )

  expect(await ids('')).toContain(574)
  expect(await ids('country_code=IT,ES')).toEqual([640, 702])
  expect(await ids('country_code=IT&country_code=ES')).toEqual([640, 702])
  expect(await ids('capabilities=aggregation,single_payment&country_code=DE')).toEqual([])
  expect((await call('GET', '/v3/providers/574')).body.name).toBe('Demo Bank')
  expect((await call('GET', '/v3/providers/1')).status).toBe(404)
})

test('categories follow the language, parents with their children', async () => {
  const { call } = openSandbox()
  const list = async (language: string) =>
    (await call('GET', '/v3/aggregation/categories', { headers: { 'accept-language': language } }))
      .body.resources
  const names = (tree: { id: number; name: string }[]) => tree.find(({ id }) => id === 160)?.name

  expect(names(await list('fr-FR,en;q=0.5'))).toBe('Impôts & Taxes')
  expect(names(await list('en'))).toBe('Taxes')
  const [parent] = await list('en')
  expect(parent.categories[0]).toEqual({ id: 230, name: 'Salaries' })
  const one = await call('GET', '/v3/aggregation/categories/273', {
    headers: { 'accept-language': 'fr' },
  })
  expect(one.body).toEqual({ id: 273, name: 'Supermarché / Épicerie', parent_id: 162 })
})

test('every category of a transaction exists', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  await anItem(sandbox, token)
  const { body } = await sandbox.call('GET', '/v3/aggregation/categories?limit=500')
  const tree: { id: number; categories: { id: number }[] }[] = body.resources
  const known = new Set(tree.flatMap((one) => [one.id, ...one.categories.map(({ id }) => id)]))

  const rows = await walk(sandbox, token, '/v3/aggregation/transactions?limit=500')

  expect(rows.filter((row) => !known.has(row.category_id))).toEqual([])
})

test('the refresh of 2021-06-01 answers 202 and refreshes, v3 has none', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token, 'success.1010')
  const headers = { 'bridge-version': '2021-06-01' }

  const old = await sandbox.call('POST', `/v2/items/${id}/refresh`, { token, headers })
  const none = await sandbox.call('POST', `/v2/items/${id}/refresh`, { headers })
  const young = await sandbox.call('POST', `/v3/aggregation/items/${id}/refresh`, { token })
  const wrong = await sandbox.call('POST', `/v2/items/${id}/refresh`, { token })

  expect([old.status, none.status, young.status]).toEqual([202, 401, 404])
  expect([wrong.status, wrong.body.type]).toEqual([400, 'invalid_version_header'])
  const item = await sandbox.call('GET', `/v3/aggregation/items/${id}`, { token })
  expect(item.body.status).toBe(1010)
})

test('deleting a user takes their items, tokens and sessions', async () => {
  const sandbox = openSandbox()
  const { uuid, token } = await aUser(sandbox)
  const path = await aSession(sandbox, token)
  await anItem(sandbox, token)

  await sandbox.call('DELETE', `${users}/${uuid}`)

  expect((await sandbox.call('GET', '/v3/aggregation/items', { token })).status).toBe(401)
  expect((await sandbox.call('GET', path)).status).toBe(404)
  expect((await sandbox.call('POST', tokens, { body: { user_uuid: uuid } })).status).toBe(404)
})

/** Every operation that Bridge documents for version 2025-01-15, payments and the like aside. */
const documented = [
  'POST /v3/aggregation/authorization/token',
  'POST /v3/aggregation/connect-sessions',
  'POST /v3/aggregation/user-management-sessions',
  'GET /v3/aggregation/users',
  'POST /v3/aggregation/users',
  'GET /v3/aggregation/users/{uuid}',
  'GET /v3/aggregation/items',
  'GET /v3/aggregation/items/{item}',
  'GET /v3/aggregation/accounts',
  'GET /v3/aggregation/accounts/{account}',
  'GET /v3/aggregation/transactions',
  'GET /v3/aggregation/transactions/{transaction}',
  'GET /v3/aggregation/stocks',
  'GET /v3/aggregation/stocks/{stock}',
  'GET /v3/aggregation/categories',
  'GET /v3/aggregation/categories/273',
  'GET /v3/aggregation/insights/category',
  'GET /v3/aggregation/accounts-information',
  'GET /v3/providers',
  'GET /v3/providers/574',
  'DELETE /v3/aggregation/items/{item}',
  'DELETE /v3/aggregation/users/{uuid}',
]

test('every documented operation is served', async () => {
  const sandbox = openSandbox()
  const { uuid, token } = await aUser(sandbox)
  const item = await anItem(sandbox, token)
  const first = async (list: string) =>
    (await sandbox.call('GET', `/v3/aggregation/${list}?limit=1`, { token })).body.resources[0].id
  const known: Record<string, string | number> = {
    uuid,
    item,
    account: await first('accounts'),
    transaction: await first('transactions'),
    stock: await first('stocks'),
  }
  const body = { user_uuid: uuid, user_email: 'a@b.fr' }

  for (const operation of documented) {
    const [method, path = ''] = operation.split(' ')
    const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(known[name]))
    const sent = method === 'POST' ? { token, body } : { token }
    const answer = await sandbox.call(method as 'GET' | 'POST' | 'DELETE', url, sent)

    expect([operation, answer.status]).toEqual([operation, expect.toBeOneOf([200, 201, 204])])
    expect(JSON.stringify(answer.body)).not.toContain('null')
  }
})

test('securities accounts hold stocks, by page, by account and since a time', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const other = await aUser(sandbox)
  await anItem(sandbox, token)
  const list = '/v3/aggregation/stocks'

  const all = await walk(sandbox, token, `${list}?limit=4`)
  const [one] = all

  expect(all).toHaveLength(9)
  expect(new Set(all.map(({ id }) => id)).size).toBe(9)
  for (const { total_value, current_price, quantity } of all) {
    expect(total_value).toBeCloseTo(current_price * quantity, 2)
  }
  const read = async (query: string, by = token) =>
    (await sandbox.call('GET', `${list}${query}`, { token: by })).body
  expect(await read(`/${one.id}`)).toEqual(one)
  expect((await read(`?account_id=${one.account_id}`)).resources).toHaveLength(3)
  expect((await read(`?since=${one.updated_at}`)).resources).toHaveLength(6)
  expect((await read('', other.token)).resources).toEqual([])
  expect(await read(`/${one.id}`, other.token)).toMatchObject({ code: 'not_found' })
})

test('insights add up to the booked transactions', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  await anItem(sandbox, token)

  const { body } = await sandbox.call('GET', '/v3/aggregation/insights/category', { token })

  const rows = await walk(sandbox, token, '/v3/aggregation/transactions?limit=500')
  const booked = rows.filter(({ booking_date }) => booking_date !== undefined)
  const dates: string[] = booked.map(({ date }) => date)
  const oldest = dates.reduce((first, date) => (date < first ? date : first))
  const count = ({ categories }: { categories: { aggregates: { count: number } }[] }) =>
    categories.reduce((sum, { aggregates }) => sum + aggregates.count, 0)
  expect(body.oldest_existing_transaction).toBe(oldest)
  expect(count(body.kpis.global)).toBe(booked.length)
  expect(body.kpis.monthly.map(count).reduce((a: number, b: number) => a + b)).toBe(booked.length)
})

test('accounts information names the holder of each account with an IBAN', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const item_id = await anItem(sandbox, token)

  const { body } = await sandbox.call('GET', '/v3/aggregation/accounts-information', { token })

  const accounts = await walk(sandbox, token, '/v3/aggregation/accounts')
  const ibans = accounts.flatMap(({ iban }) => iban ?? [])
  expect(body.resources).toMatchObject([{ item_id, last_name: 'DUPONT' }])
  expect(body.resources[0].accounts.map(({ iban }: { iban: string }) => iban)).toEqual(ibans)
})

test('an unknown path is Bridge’s 404', async () => {
  const { call } = openSandbox()

  const answer = await call('GET', '/v3/aggregation/v3/aggregation/items')

  expect([answer.status, answer.body.code]).toEqual([404, 'not_found'])
})
