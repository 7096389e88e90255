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
  const path = await aSession(sandbox, token, fields)
  return { sandbox, token, path, ...browse(sandbox, path, language) }
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
  const first = await send({ step: 'credentials', login: 'otp_fail', password: 'x' })
  const page = await send({ step: 'code', code: '1' })

  expect(page).toContain('This code is refused')
  expect(page).toContain('name="code"')
  for (const each of [first, page]) expect(each).not.toContain('any will do')
})

test('the wait for the bank’s app goes on by itself', async () => {
  const { sandbox, send, path } = await aPage({ provider_id: 574 })
  const page = await send({ step: 'credentials', login: 'app2app', password: 'x' })
  const { refresh } = (await sandbox.call('GET', path)).headers
  const [, next = ''] = /^3;url=(.+)$/.exec(String(refresh)) ?? []

  const moved = await sandbox.call('GET', next)

  expect(page).toContain('Waiting for your approval')
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
  const { read, send } = await aPage()

  const [open = '', closed = ''] = (await read()).split('Not in the sandbox')
  expect(open.match(/<button class="bank"[^>]*>/g)).toEqual([
    '<button class="bank" name="provider_id" value="574">',
  ])
  const buttons = closed.match(/<button[^>]*>/g)!
  expect(buttons.length).toBeGreaterThan(5)
  expect(new Set(buttons)).toEqual(new Set(['<button class="bank" disabled>']))

  const page = await send({ step: 'bank', provider_id: '12' })

  expect(page).toContain('role="alert"')
  expect(page).toContain('Banque des Rivages')
})

test.each([
  ['Demo Bank', 'name="password"'],
  [' demo bank ', 'name="password"'],
  ['574', 'name="password"'],
  ['Banque des Rivages', 'role="alert"'],
  ['a bank that nobody invented', 'Choose your bank'],
  ['x'.repeat(300), 'Choose your bank'],
])('the bank that the address names is chosen already (%s)', async (bank, shown) => {
  const { sandbox, path, read } = await aPage()
  const headers = { accept: 'text/html' }

  const query = new URLSearchParams({ lang: 'en', bank }).toString()
  const moved = await sandbox.call('GET', `${path}?${query}`, { headers })

  if (bank.length <= 200) {
    expect([moved.status, moved.headers['location']]).toEqual([303, `${path}?lang=en`])
  }
  expect(await read()).toContain(shown)
})

test('a bank that is named late changes nothing', async () => {
  const { sandbox, path, read } = await aPage({ provider_id: 574 })

  await sandbox.call('GET', `${path}?bank=Banque%20des%20Rivages`)

  expect(await read()).toContain('name="password"')
})

test('a login of the list stands in the form once it was chosen, and no other word', async () => {
  const { sandbox, path, send } = await aPage({ provider_id: 574 })
  const read = async (login: string) =>
    (await browse(sandbox, `${path}?login=${encodeURIComponent(login)}`).read()).replaceAll(
      /\s+/g,
      ' ',
    )

  const chosen = await read('success.1010')
  const strange = await read('"><script>')

  expect(chosen).toContain('name="login" value="success.1010"')
  expect(chosen).toContain('type="password" value="demo"')
  expect(chosen).toContain('<a href="?lang=en&amp;login=success.1010" aria-current="true"')
  expect(chosen).toContain('href="?login=success.1010&amp;lang=fr"')
  expect(strange).toContain('name="login" value=""')
  expect(strange).not.toContain('script')
  expect(await send({ step: 'credentials', login: 'otp', password: 'demo' })).toContain(
    'name="code"',
  )
})

test('the last step names where it leads', async () => {
  const { send } = await aPage({ provider_id: 574 })

  const page = await send({ step: 'credentials', login: 'success', password: 'x' })

  expect(page).toContain('<button>Finish and go to gateway.test</button>')
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
