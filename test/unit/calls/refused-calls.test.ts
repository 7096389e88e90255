import { expect, it } from 'vitest'
import { aConnectedBank, callMethod, testApp } from '../../support/app.ts'
import { aTenant, testBy } from '../../support/tenants.ts'

/** A site with its key, and what was kept and logged of its refused calls. */
async function aSite(env: Record<string, string> = {}) {
  const setup = await testApp({ env })
  const { app, log } = setup
  const acme = await aTenant(app)
  const kept = async (id: unknown) => {
    await app.callLog.flush()
    return (await app.store.listCalls({ id: String(id) }, { limit: 1 }))[0]
  }
  const logged = (id: unknown) =>
    log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find(({ msg, reqId }) => msg === 'call refused' && reqId === id)
  const call = (method: string, params: object, headers: Record<string, string> = {}) =>
    callMethod(app, method, params, { as: acme.siteKey, headers })
  const whose = {
    apiKey: acme.siteKey.apiKey,
    tenantId: acme.tenant.id,
    siteId: acme.site.id,
  }
  return { ...setup, ...acme, kept, logged, call, whose }
}

it('a refused call is kept with whose it was and the message the caller got, in its language', async () => {
  const { call, kept, logged, whose, siteKey, tenant, site } = await aSite()

  const { headers, body } = await call(
    'get_bank_accounts',
    { item_id: 77 },
    { 'accept-language': 'fr' },
  )
  const id = headers['x-request-id']

  expect(await kept(id)).toMatchObject({
    ...whose,
    method: 'bank_api.bridge.get_bank_accounts',
    status: 404,
    itemId: 77,
    refusal: { code: 'item_not_found', named: { id: 77 }, limit: null },
  })
  const { message } = (await kept(id))!.refusal!
  expect(body.exception).toContain(message)
  expect(message).toContain('introuvable')
  expect(logged(id)).toMatchObject({
    key: siteKey.apiKey,
    tenant: tenant.name,
    site: site.name,
    code: 'item_not_found',
    message,
  })
})

it('what did not come as far as a method is kept as well', async () => {
  const { app, call, kept, siteKey, whose } = await aSite()

  const unknown = await call('bank_api.bridge.get_everything', {})
  const malformed = await call('get_bank_accounts', { item_id: 'x' })
  const unreadable = await app.inject({
    method: 'POST',
    url: '/api/method/bank_api.bridge.get_bank_accounts',
    headers: { authorization: siteKey.authorization, 'content-type': 'application/json' },
    payload: '{"item',
  })

  expect(await kept(unknown.headers['x-request-id'])).toMatchObject({
    ...whose,
    method: 'bank_api.bridge.get_everything',
    refusal: { code: 'method_unknown', message: expect.stringContaining('get_everything') },
  })
  expect(await kept(malformed.headers['x-request-id'])).toMatchObject({
    refusal: { code: 'argument_invalid', named: { name: 'item_id' } },
  })
  expect(await kept(unreadable.headers['x-request-id'])).toMatchObject({
    ...whose,
    method: 'bank_api.bridge.get_bank_accounts',
    refusal: { code: 'body_unreadable' },
  })
})

it('a key that is no good any more is named to the operator, and to nobody else', async () => {
  const { app, kept, logged, siteKey, call, whose } = await aSite()
  await app.store.changeKey(siteKey.apiKey, { kind: 'revoked' }, testBy)

  const revoked = await call('get_bank_accounts', { item_id: 7 })
  const other = await app.inject({
    url: '/api/method/planted-words',
    headers: { authorization: `token ${siteKey.apiKey}:wrong` },
  })

  expect(await kept(revoked.headers['x-request-id'])).toMatchObject({
    ...whose,
    method: 'bank_api.bridge.get_bank_accounts',
    status: 401,
    refusal: { code: 'credentials_invalid' },
  })
  expect(await kept(other.headers['x-request-id'])).toMatchObject({ method: 'unknown' })
  expect(logged(revoked.headers['x-request-id'])).toMatchObject({ key: siteKey.apiKey })
  expect(other.body).toBe(revoked.text)
})

it('of a stranger the log has the code and no word, and no call is kept', async () => {
  const { app, kept, logged, log } = await aSite()

  const answer = await app.inject({
    url: '/api/method/bank_api.bridge.planted-words',
    headers: { 'content-type': 'application/json' },
  })
  const id = answer.headers['x-request-id']

  expect(await kept(id)).toBeUndefined()
  expect(logged(id)).toMatchObject({ code: 'method_unknown' })
  expect(log.join('')).not.toContain('planted-words')
})

it('a limit that was met is named', async () => {
  const { call, kept } = await aSite({ LIMIT_PER_KEY: '1' })
  await call('get_bank_accounts', { item_id: 7 })

  const second = await call('get_bank_accounts', { item_id: 7 })

  expect(await kept(second.headers['x-request-id'])).toMatchObject({
    status: 429,
    refusal: { code: 'too_many_calls', limit: 'key' },
  })
})

it('of Bridge’s quotas the one that was met is named', async () => {
  const { app, call, kept, site, world } = await aSite({ QUOTA_USER_PER_MINUTE: '6' })
  const { itemId } = await aConnectedBank({ app, world }, site)
  let last
  do last = await call('get_bank_accounts', { item_id: itemId })
  while (last.status === 200)

  expect(await kept(last.headers['x-request-id'])).toMatchObject({
    refusal: { code: 'bridge_quota_spent', limit: 'bridge_user' },
  })
})
