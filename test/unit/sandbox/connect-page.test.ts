import { expect, test } from 'vitest'
import { aSession, aUser, openSandbox, type Sandbox } from './open-sandbox.ts'

/** A browser as far as this page needs one: it sends forms and follows redirects to the page. */
function browse({ call }: Sandbox, path: string, language = 'en') {
  const headers = { accept: 'text/html', 'accept-language': language }
  const read = async () => (await call('GET', path, { headers })).body as string
  return {
    read,
    leave: async () => call('GET', `${path}/leave`, { headers }),
    async send(fields: Record<string, string>) {
      const body = new URLSearchParams(fields).toString()
      const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await call('POST', path, { headers: form, body })
      const to = String(answer.headers['location'])
      return to === path ? read() : to
    },
  }
}

async function aPage(fields: object = {}, language?: string) {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  return { sandbox, token, ...browse(sandbox, await aSession(sandbox, token, fields), language) }
}

test('a person chooses a bank, signs in, gives a code and is sent back', async () => {
  const { read, send } = await aPage()

  expect(await read()).toContain('Choose your bank')
  expect(await send({ step: 'bank', provider_id: '574' })).toContain('name="password"')
  expect(await send({ step: 'credentials', login: 'otp', password: 'x' })).toContain('name="code"')
  expect(await send({ step: 'code', code: '1' })).toContain('Compte courant')
  expect(await send({ step: 'success' })).toMatch(
    /^https:\/\/gateway\.test\/back\?item_id=\d+.*success=true/,
  )
})

test('wrong credentials and wrong codes may be given again', async () => {
  const { send } = await aPage({ provider_id: 574 })

  expect(await send({ step: 'credentials', login: '402', password: 'x' })).toContain('role="alert"')
  await send({ step: 'credentials', login: 'otp_fail', password: 'x' })
  const page = await send({ step: 'code', code: '1' })

  expect(page).toContain('This code is refused')
  expect(page).toContain('name="code"')
})

test('the wait for the bank’s app goes on by itself', async () => {
  const { sandbox, send } = await aPage({ provider_id: 574 })
  const page = await send({ step: 'credentials', login: 'app2app', password: 'x' })
  const [, next = ''] = /http-equiv="refresh" content="\d+;url=([^"]+)"/.exec(page) ?? []

  const moved = await sandbox.call('GET', next)

  expect(moved.status).toBe(303)
  const after = await sandbox.call('GET', String(moved.headers['location']))
  expect(after.body).toContain('value="success"')
})

test('a failure says why and offers another try', async () => {
  const { send } = await aPage({ provider_id: 574 }, 'fr')

  const page = await send({ step: 'credentials', login: '1003', password: 'x' })

  expect(page).toContain('<html lang="fr">')
  expect(page).toContain('injoignable')
  expect(await send({ step: 'failed' })).toContain('name="login"')
})

const walkTo = {
  highlighted_banks: [],
  bank_creds_form: [{ step: 'bank', provider_id: '574' }],
  otp_form: [
    { step: 'bank', provider_id: '574' },
    { step: 'credentials', login: 'otp', password: 'x' },
  ],
  sync_in_progress: [
    { step: 'bank', provider_id: '574' },
    { step: 'credentials', login: 'app2app', password: 'x' },
  ],
  sync_error: [
    { step: 'bank', provider_id: '574' },
    { step: 'credentials', login: '1003', password: 'x' },
  ],
}
test.for(Object.entries(walkTo))('leaving at %s says so', async ([step, forms]) => {
  const { read, send, leave } = await aPage()
  for (const fields of forms) await send(fields)

  expect(await read()).toContain('/leave?lang=en"')
  const { status, headers } = await leave()

  const end = new URL(String(headers['location'])).searchParams
  expect(status).toBe(303)
  expect([end.get('success'), end.get('step')]).toEqual(['false', step])
})

test('a code asked and never given leaves the item waiting for its user', async () => {
  const { sandbox, token, send, leave } = await aPage({ provider_id: 574 })
  await send({ step: 'credentials', login: 'otp', password: 'x' })
  const list = async () =>
    (await sandbox.call('GET', '/v3/aggregation/items', { token })).body.resources[0].status

  const before = await list()
  await leave()

  expect([before, await list()]).toEqual([-2, 1010])
})

test('another bank than Demo Bank is shown but does not connect', async () => {
  const { send } = await aPage()

  const page = await send({ step: 'bank', provider_id: '12' })

  expect(page).toContain('role="alert"')
  expect(page).toContain('Banque des Rivages')
})

test('without a callback the page itself says how it ended', async () => {
  const { sandbox, token } = await aPage()
  const path = await aSession(sandbox, token, { callback_url: undefined })
  const headers = { accept: 'text/html' }

  const left = await sandbox.call('GET', `${path}/leave`, { headers })
  const done = await sandbox.call('POST', path, { headers, body: { login: 'success' } })
  const over = await sandbox.call('GET', path, { headers })

  expect(left.body).toContain('not finished')
  expect(done.body).toContain('Connected')
  expect([over.status, over.headers['content-type']]).toEqual([410, 'text/html; charset=utf-8'])
})

test('the page needs no script, loads nothing and tells nobody where it came from', async () => {
  const { sandbox, token, read } = await aPage()
  const path = await aSession(sandbox, token)

  const { headers } = await sandbox.call('GET', path)
  const page = await read()

  expect(headers['content-security-policy']).toContain("default-src 'none'")
  expect(headers['referrer-policy']).toBe('no-referrer')
  expect(page).not.toMatch(/<script|<link|src=|@import/)
  expect(page).toContain('<html lang="en">')
  expect(page).toContain('no real bank')
})

test('the page speaks the language chosen on it, until the end', async () => {
  const { sandbox, token, read } = await aPage({ provider_id: 574 }, 'en')
  const path = await aSession(sandbox, token, { provider_id: 574 })
  const french = browse(sandbox, `${path}?lang=fr`)

  expect(await read()).toContain('href="?lang=fr"')
  const code = await french.send({ step: 'credentials', login: 'otp', password: 'x' })

  expect(code).toContain('<html lang="fr">')
  expect(code).toContain('Code reçu')
  expect(code).toContain(`href="${path}/leave?lang=fr"`)
})

test.each(['"><script>', 'de'])('a language we do not have (%s) is none', async (lang) => {
  const { sandbox, token } = await aPage()
  const path = await aSession(sandbox, token)

  const page = await browse(sandbox, `${path}?lang=${encodeURIComponent(lang)}`, 'fr').read()

  expect(page).toContain('<html lang="fr">')
  expect(page).not.toContain('<script')
})
