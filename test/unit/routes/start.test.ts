import { describe, expect, it } from 'vitest'
import { findDemo, createDemo } from '../../../src/demo/demo-key.ts'
import { testApp } from '../../support/app.ts'
import { sandboxed } from '../../support/sandboxed.ts'

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const origin = 'http://bank-api.test'
const textOf = (page: string): string => page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

/** A sandbox with its demo key, and one who looks at it in a browser. */
async function aSandbox(env: Record<string, string> = {}) {
  const made = await sandboxed({ env })
  const { app } = made
  const key = (await createDemo(app, origin))!
  const get = (url: string, headers: Record<string, string> = {}) =>
    app.inject({ url, headers: { ...html, ...headers } })
  const begin = (headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/demo', headers: { ...html, ...headers } })

  /** Logs in at the sandbox's bank and follows the browser; gives where it ends, as a path of ours. */
  async function walk(link: string, login = 'success'): Promise<string> {
    const done = await fetch(link, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ login, password: 'any' }),
    })
    const back = new URL(done.headers.get('location')!)
    const home = await app.inject({ url: `${back.pathname}${back.search}` })
    expect(home.statusCode).toBe(302)
    return String(home.headers.location)
  }
  return { ...made, key, get, begin, walk }
}

describe('the front page', () => {
  it.each([
    ['en', 'This server connects Dokos and ERPNext sites to their banks'],
    ['fr', 'Ce serveur relie les sites Dokos et ERPNext à leurs banques'],
  ])(
    'says what this is (%s), and where the reference and the health are',
    async (language, what) => {
      const { app } = await testApp()

      const page = await app.inject({ url: '/', headers: { ...html, 'accept-language': language } })

      expect(page.statusCode).toBe(200)
      expect(page.body).toContain(`<html lang="${language}">`)
      expect(page.body).toContain(what)
      for (const path of ['/docs', '/ready']) {
        expect(page.body).toContain(`href="${path}"`)
        expect((await app.inject(path)).statusCode).toBe(200)
      }
    },
  )

  it('speaks the language that was chosen on it', async () => {
    const { app } = await testApp()

    const page = await app.inject({ url: '/?lang=fr', headers: html })

    expect(page.body).toContain('<html lang="fr">')
    expect(page.body).toContain('href="?lang=en"')
  })

  it('is for people: programs are answered as by any Frappe site', async () => {
    const { app } = await testApp()

    const answers = await Promise.all([
      app.inject('/'),
      app.inject({ url: '/', headers: { accept: '*/*' } }),
      app.inject({ url: '/?cmd=ping', headers: html }),
      app.inject({ method: 'POST', url: '/', headers: html, payload: { cmd: 'ping' } }),
      app.inject({ url: '/', headers: { ...html, authorization: 'token a:b' } }),
    ])

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 200, 200, 401])
    for (const { headers } of answers) expect(headers['content-type']).toContain('json')
  })

  it('counts against the limit of those who have no key', async () => {
    const { app } = await testApp({ env: { LIMIT_PER_ADDRESS: '2' } })
    const look = async () => (await app.inject({ url: '/', headers: html })).statusCode

    expect([await look(), await look(), await look()]).toEqual([200, 200, 429])
  })
})

describe('an installation with Bridge’s credentials', () => {
  it('shows no key and offers no walk, though it has a tenant called demo', async () => {
    const { app } = await testApp()
    const { apiKey, apiSecret } = (await createDemo(app, 'https://bank.test'))!

    const page = await app.inject({ url: '/', headers: { ...html, host: 'bank.test' } })

    for (const word of [apiKey, apiSecret, 'demo', 'form method', 'curl', 'sandbox', 'console']) {
      expect(page.body.toLowerCase()).not.toContain(word.toLowerCase())
    }
    for (const method of ['GET', 'POST'] as const) {
      const url = '/demo?request=abcdefghijklmnopqrstuvwxyz'
      const answer = await app.inject({ method, url, headers: html })
      const nowhere = await app.inject({ method, url: '/nowhere', headers: html })
      expect([answer.statusCode, answer.body]).toEqual([404, nowhere.body])
    }
  })
})

describe('a sandbox in production', () => {
  it('shows no key and offers no walk', async () => {
    const env = { NODE_ENV: 'production', SANDBOX: 'true', ...noCredentials }
    const { app } = await testApp({ env })
    await createDemo(app, 'https://bank.test')

    const page = await app.inject({ url: '/', headers: { ...html, host: 'bank.test' } })

    expect(page.body).not.toContain('key_')
    expect((await app.inject({ method: 'POST', url: '/demo' })).statusCode).toBe(404)
  })
})

describe('a sandbox', () => {
  it.each([
    ['en', /Bridge takes no more calls for now\. Please try again in (\d+) seconds\./],
    ['fr', /Bridge n’accepte plus d’appels pour l’instant\. Réessayez dans (\d+) secondes\./],
  ])('says that Bridge’s quota is spent, and for how long (%s)', async (language, sentence) => {
    const { begin } = await aSandbox({ QUOTA_USER_PER_MINUTE: '5' })
    const headers = { 'accept-language': language }
    let answer = await begin(headers)
    for (let more = 0; more < 5 && answer.statusCode === 303; more += 1) {
      answer = await begin(headers)
    }

    expect(answer.statusCode).toBe(429)
    const [, seconds] = sentence.exec(answer.body) ?? []
    expect(seconds).toBe(answer.headers['retry-after'])
  })

  it('shows its key in commands that work as they stand', async () => {
    const { get, key, app } = await aSandbox()

    const { body } = await get('/')

    expect(body).toContain(`${key.apiKey}:${key.apiSecret}`)
    expect(body).toContain('<form method="post" action="/demo">')
    const authorization = `token ${key.apiKey}:${key.apiSecret}`
    const who = { url: '/api/method/frappe.auth.get_logged_user', headers: { authorization } }
    expect((await app.inject(who)).json()).toEqual({ message: 'demo' })
  })

  it.each(['evil.example', 'evil.example:8080', 'localhost.evil.example'])(
    'shows no key and walks nowhere under a name that may be a stranger’s (%s)',
    async (host) => {
      const { get, begin, key } = await aSandbox()

      const page = await get('/', { host })

      expect(page.statusCode).toBe(200)
      expect(page.body).not.toContain(key.apiSecret)
      expect((await begin({ host })).statusCode).toBe(404)
      expect((await get('/demo', { host })).statusCode).toBe(404)
    },
  )

  it('believes no page under a stranger’s name that it came through a proxy, though one on this machine is trusted', async () => {
    const { get, begin, key } = await aSandbox({ TRUSTED_PROXIES: '127.0.0.1' })
    const forged = { host: 'evil.example', 'x-forwarded-host': 'bank-api.test' }

    expect((await get('/', forged)).body).not.toContain(key.apiSecret)
    expect((await begin(forged)).statusCode).toBe(404)
    const passedOn = { host: '127.0.0.1:8080', 'x-forwarded-host': 'bank-api.test' }
    expect((await get('/', passedOn)).body).toContain(key.apiSecret)
    const foreign = { host: '127.0.0.1:8080', 'x-forwarded-host': 'evil.example' }
    expect((await get('/', foreign)).body).not.toContain(key.apiSecret)
  })

  it('walks for no page elsewhere', async () => {
    const { begin, app } = await aSandbox()

    for (const site of ['cross-site', 'same-site']) {
      const { statusCode, headers } = await begin({ 'sec-fetch-site': site })
      expect([statusCode, headers.location]).toEqual([303, '/'])
    }
    const { caller } = (await findDemo(app))!
    expect(await app.store.findUsers(caller.scope)).toEqual([])
  })

  it('tells what to do once its key has ended, and walks no more', async () => {
    const { get, begin, walk, key, app } = await aSandbox()
    const home = (await walk(String((await begin()).headers.location))).replace(origin, '')
    await app.store.changeKey(
      key.apiKey,
      { kind: 'revoked' },
      { actor: 'cli', at: app.clock.now() },
    )

    const page = await get('/')

    expect(page.body).toContain('npx bank-api key create --tenant demo --site demo')
    expect(page.body).not.toContain('action="/demo"')
    expect((await begin()).headers.location).toBe('/')
    const end = await get(home)
    expect(end.statusCode).toBe(404)
    expect(end.body).not.toContain('Compte courant')
  })
})

describe('the walk', () => {
  it('leads to the login of the Demo Bank and back to a page with accounts and transactions', async () => {
    const { begin, walk, get } = await aSandbox()

    const { statusCode, headers } = await begin()
    const home = await walk(String(headers.location))
    const page = await get(home.replace(origin, ''), { 'accept-language': 'fr' })

    expect(statusCode).toBe(303)
    expect(headers.location).toContain('?bank=Demo+Bank')
    expect(home).toMatch(/^http:\/\/bank-api\.test\/demo\?request=\w{26}&success=true&item_id=\d+$/)
    expect(page.statusCode).toBe(200)
    expect(page.headers['cache-control']).toBe('no-store')
    const text = textOf(page.body)
    expect(text).toContain('Demo Bank est connectée')
    for (const account of ['Compte courant', 'Livret A', 'Prêt auto'])
      expect(text).toContain(account)
    expect(text).toMatch(/Livret A [\d\u202f ]+,\d\d €/)
    expect(text.match(/\d\d? \S+ · /g)).toHaveLength(8)
  })

  it('ends on commands that a site would call, which work as they stand', async () => {
    const { begin, walk, get, key, app } = await aSandbox()
    const home = await walk(String((await begin()).headers.location))
    const { body } = await get(home.replace(origin, ''))

    const calls = [
      ...body.matchAll(
        /http:\/\/bank-api\.test(\/api\/method\/bank_api\.bridge\.\w+) \\\s+-d (\w+)=(\w+)/g,
      ),
    ].map(([, url = '', name = '', value = '']) => ({ url, payload: { [name]: value } }))
    const answers = await Promise.all(
      calls.map((call) =>
        app.inject({
          method: 'POST',
          headers: { authorization: `token ${key.apiKey}:${key.apiSecret}` },
          ...call,
        }),
      ),
    )

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
    expect(answers[0]!.json()).toMatchObject({ message: { success: true } })
    expect(answers[1]!.json().message).toHaveLength(12)
    expect(answers[2]!.json().message.length).toBeGreaterThan(100)
  })

  it('is a call of the demo’s key in what an operator reads of it', async () => {
    const { begin, app, key } = await aSandbox()
    await begin()
    await app.callLog.flush()

    const { caller } = (await findDemo(app))!
    const calls = await app.store.listCalls({ siteId: caller.site!.id }, { limit: 9 })

    expect(calls).toMatchObject([
      { method: 'bank_api.bridge.get_bridge_connect_link', apiKey: key.apiKey, status: 303 },
    ])
  })

  it('that ended at the bank says where, and begins anew by a button', async () => {
    const { begin, get, app } = await aSandbox()
    const link = new URL(String((await begin()).headers.location))
    const left = await fetch(`${link.origin}${link.pathname}/leave`, { redirect: 'manual' })
    const back = new URL(left.headers.get('location')!)
    const home = await app.inject({ url: `${back.pathname}${back.search}` })

    const page = await get(String(home.headers.location).replace(origin, ''))

    expect(textOf(page.body)).toContain('No bank was connected')
    expect(page.body).toContain('highlighted_banks')
    expect(page.body).toContain('no real bank, no real data')
    expect(page.body).toContain('<form method="post" action="/demo">')
    expect(page.headers['content-security-policy']).not.toContain('form-action')
  })

  it('leaves the demo’s site its own address: another may still be pinned', async () => {
    const { begin, walk, call, key, app } = await aSandbox()
    await walk(String((await begin()).headers.location))

    const answer = await app.inject({
      method: 'POST',
      url: '/api/method/bank_api.bridge.get_bridge_connect_link',
      headers: { authorization: `token ${key.apiKey}:${key.apiSecret}` },
      payload: { redirect_url: 'http://localhost:8000/app/bank', user: 'me@example.com' },
    })
    const again = await walk(String((await begin()).headers.location))

    expect(answer.statusCode).toBe(200)
    expect((await findDemo(app))?.caller.site?.origin).toBe('http://localhost:8000')
    expect(again).toContain(`${origin}/demo?request=`)
    expect(call).toBeDefined()
  })
})

/** No credentials of Bridge's, where the tests' environment has some. */
const noCredentials = { BRIDGE_CLIENT_ID: '', BRIDGE_CLIENT_SECRET: '', BRIDGE_BASE_URL: '' }
