import { expect, test } from 'vitest'
import { aSession, aUser, anItem, answer, day, minute, openSandbox } from './open-sandbox.ts'

const item = async (sandbox: ReturnType<typeof openSandbox>, token: string, id: number | string) =>
  (await sandbox.call('GET', `/v3/aggregation/items/${id}`, { token })).body

test.for([
  ['success', 'true', null, 0, 'ok'],
  ['someone else', 'true', null, 0, 'ok'],
  ['otp', 'true', null, 0, 'ok'],
  ['app2app', 'true', null, 0, 'ok'],
  ['otp_fail', 'false', 'otp_form', 1010, 'wrong_otp'],
  ['app2app_expiry', 'false', 'otp_form', 1010, 'otp_required'],
  ['402', 'false', 'bank_creds_form', 402, 'invalid_creds'],
  ['402_ACCOUNT_BLOCKED', 'false', 'bank_creds_form', 402, 'account_blocked'],
  ['429', 'false', 'sync_error', 429, undefined],
  ['1003', 'false', 'sync_error', 1003, 'bank_is_down'],
  ['1005_CLOSED_ACCOUNT', 'false', 'sync_error', 1005, 'closed_account'],
] as const)('the login %s ends as documented', async ([login, success, step, status, info]) => {
  const sandbox = openSandbox()
  const { uuid, token } = await aUser(sandbox)
  const path = await aSession(sandbox, token, { context: 'request-1' })

  const end = await answer(sandbox, path, { login })

  expect([end.get('success'), end.get('step')]).toEqual([success, step])
  expect([end.get('user_uuid'), end.get('context')]).toEqual([uuid, 'request-1'])
  const one = await item(sandbox, token, end.get('item_id') ?? '')
  expect([one.status, one.status_code_info]).toEqual([status, info])
})

test('the callback keeps its own query as it was written, and its fragment', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const path = await aSession(sandbox, token, {
    callback_url: 'https://gateway.test/back?a=b%20c&a=+d#here',
  })

  const { status, headers } = await sandbox.call('POST', path, { body: { login: 'success' } })

  expect(status).toBe(303)
  expect(headers['location']).toMatch(
    /^https:\/\/gateway\.test\/back\?a=b%20c&a=\+d&item_id=\d+&user_uuid=[0-9a-f-]+&success=true&source=connect#here$/,
  )
})

test('a form is as good as JSON, and a program without callback reads how it ended', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const path = await aSession(sandbox, token, { callback_url: undefined })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }

  const refused = await sandbox.call('POST', path, { headers, body: 'login=402&password=x' })
  const taken = await sandbox.call('POST', path, { headers, body: 'login=success&password=x' })

  expect([refused.status, refused.body]).toEqual([200, { success: false, step: 'bank_creds_form' }])
  expect([taken.status, taken.body]).toEqual([200, { success: true }])
})

test('a retry in the same session completes the same item', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const path = await aSession(sandbox, token)

  const first = await answer(sandbox, path, { login: '402' })
  const second = await answer(sandbox, path, { login: 'success' })

  expect(second.get('item_id')).toBe(first.get('item_id'))
  expect(second.get('success')).toBe('true')
})

test('a session completes once and lives thirty minutes', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const used = await aSession(sandbox, token)
  const old = await aSession(sandbox, token)
  await answer(sandbox, used, { login: 'success' })

  expect((await sandbox.call('POST', used, { body: { login: 'success' } })).status).toBe(410)
  expect((await sandbox.call('GET', used)).status).toBe(410)
  sandbox.clock.advance(30 * minute - 1)
  expect((await sandbox.call('GET', old)).status).toBe(200)
  sandbox.clock.advance(1)
  expect((await sandbox.call('GET', old)).status).toBe(410)
  expect((await sandbox.call('GET', '/session/unknown')).status).toBe(404)
})

test('only Demo Bank connects', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const path = await aSession(sandbox, token)

  const end = await answer(sandbox, path, { login: 'success', provider_id: 12 })

  expect([end.get('success'), end.get('step'), end.get('item_id')]).toEqual([
    'false',
    'highlighted_banks',
    null,
  ])
})

test('a chained scenario gives one element to each refresh, and its last for good', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token, 'success.1003.success.1010')
  const statuses: number[] = []

  for (let n = 0; n < 5; n += 1) {
    statuses.push((await sandbox.lever(`items/${id}/refresh`)).status)
  }

  expect(statuses).toEqual([1003, 0, 1010, 1010, 1010])
})

test('a consent ends after 180 days and is renewed by a managing session', async () => {
  const sandbox = openSandbox()
  const { uuid, token } = await aUser(sandbox)
  const id = await anItem(sandbox, token)
  sandbox.clock.advance(180 * day)
  await sandbox.lever(`items/${id}/refresh`)
  const { body } = await sandbox.call('POST', '/v3/aggregation/authorization/token', {
    body: { user_uuid: uuid },
  })
  const late = await item(sandbox, body.access_token, id)

  const path = await aSession(sandbox, body.access_token, { item_id: id })
  const page = await sandbox.call('GET', path)
  const end = await answer(sandbox, path, {})

  expect([late.status, late.status_code_info]).toEqual([1010, 'otp_required'])
  expect(page.body).toContain('name="code"')
  expect([end.get('success'), end.get('item_id')]).toEqual(['true', String(id)])
  const renewed = await item(sandbox, body.access_token, id)
  expect(renewed.status).toBe(0)
  expect(Date.parse(renewed.authentication_expires_at)).toBe(
    Math.floor((sandbox.clock.now() + 180 * day) / 1000) * 1000,
  )
})

test.for([
  ['402', {}, 'name="login"', 'edit_bank_creds_form'],
  ['1010', {}, 'name="code"', 'otp_form'],
  ['success', { force_reauthentication: true }, 'name="code"', 'otp_form'],
  ['success', {}, 'value="confirm"', 'sync_pending'],
  ['429', {}, 'value="confirm"', 'sync_pending'],
] as const)(
  'managing an item at %s %j goes straight to what it needs',
  async ([login, fields, field, step]) => {
    const sandbox = openSandbox()
    const { token } = await aUser(sandbox)
    const id = await anItem(sandbox, token, login)
    const path = await aSession(sandbox, token, { item_id: id, ...fields })

    const page = await sandbox.call('GET', path)
    const left = await sandbox.call('GET', `${path}/leave`)
    const end = await answer(sandbox, path, { login: 'success' })

    expect(page.body).toContain(field)
    expect(new URL(String(left.headers['location'])).searchParams.get('step')).toBe(step)
    expect([end.get('success'), end.get('item_id')]).toEqual(['true', String(id)])
    expect((await item(sandbox, token, id)).status).toBe(0)
  },
)

test('account types asked again narrow and widen the item', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token)
  const accounts = async () =>
    (await sandbox.call('GET', '/v3/aggregation/accounts', { token })).body.resources.length
  const manage = async (account_types: string) =>
    answer(sandbox, await aSession(sandbox, token, { item_id: id, account_types }), {})

  await manage('payment')
  const narrow = await accounts()
  await manage('all')

  expect([narrow, await accounts()]).toEqual([6, 12])
})

test('a session whose item is deleted is over', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const id = await anItem(sandbox, token)
  const path = await aSession(sandbox, token, { item_id: id })
  await sandbox.call('DELETE', `/v3/aggregation/items/${id}`, { token })

  expect((await sandbox.call('POST', path, { body: { login: 'success' } })).status).toBe(410)
})
