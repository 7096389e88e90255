import { describe, expect, it, test } from 'vitest'
import { offerLogin } from '../../../src/console/session.ts'
import { testApp } from '../../support/app.ts'
import { aVisitor } from '../../support/console.ts'

const minute = 60_000
const env = { CONSOLE: 'true' }

async function openConsole() {
  const made = await testApp({ env })
  const { app, clock } = made
  const offer = () => offerLogin(app, 'anne', { actor: 'cli', at: clock.now() })
  return { ...made, offer }
}

test('without CONSOLE there is no console, whatever it is called by', async () => {
  const { app } = await testApp()

  const answers = await Promise.all(
    ['/console', '/console/', '/console/login/ses_1.x'].map((url) => app.inject({ url })),
  )

  expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404])
})

describe('the address of a login', () => {
  it('shows a button and changes nothing, however often it is opened', async () => {
    const { app, offer } = await openConsole()
    const { token } = await offer()

    const looks = []
    for (const _ of [1, 2, 3]) looks.push(await app.inject({ url: `/console/login/${token}` }))
    const entered = await app.inject({ method: 'POST', url: `/console/login/${token}` })

    for (const { statusCode, headers, body } of looks) {
      expect(statusCode).toBe(200)
      expect(headers['set-cookie']).toBeUndefined()
      expect(headers['cache-control']).toBe('no-store')
      expect(body).toContain('anne')
    }
    expect(entered.statusCode).toBe(303)
    expect(entered.headers.location).toBe('/console')
  })

  it('lets one in, and nobody after', async () => {
    const { app, offer } = await openConsole()
    const url = `/console/login/${(await offer()).token}`

    const both = await Promise.all([1, 2].map(() => app.inject({ method: 'POST', url })))
    const later = await app.inject({ method: 'POST', url })
    const look = await app.inject({ url })

    expect(both.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b)).toEqual([303, 404])
    expect([later.statusCode, look.statusCode]).toEqual([404, 404])
  })

  it('is good for five minutes', async () => {
    const { app, clock, offer } = await openConsole()
    const url = `/console/login/${(await offer()).token}`

    clock.advance(5 * minute - 1)
    const before = await app.inject({ url })
    clock.advance(1)
    const after = await app.inject({ url })
    const entered = await app.inject({ method: 'POST', url })

    expect([before, after, entered].map(({ statusCode }) => statusCode)).toEqual([200, 404, 404])
  })

  it('is good for nobody with another secret, or under another id', async () => {
    const { app, offer } = await openConsole()
    const [one, two] = [await offer(), await offer()]
    const secretOf = ({ token }: { token: string }) => token.split('.')[1]!

    for (const token of [
      `${one.id}.${secretOf(two)}`,
      `${one.id}.`,
      one.id,
      `ses_9.${secretOf(one)}`,
    ]) {
      const { statusCode } = await app.inject({ method: 'POST', url: `/console/login/${token}` })
      expect(statusCode, token).toBe(404)
    }
  })

  it('is not pressed by a form of another site, nor of a neighbour’s', async () => {
    const { app, offer } = await openConsole()
    const url = `/console/login/${(await offer()).token}`

    const press = async (from: string) => {
      const headers = { 'sec-fetch-site': from }
      return (await app.inject({ method: 'POST', url, headers })).statusCode
    }

    expect([await press('cross-site'), await press('same-site')]).toEqual([403, 403])
    expect(await press('same-origin')).toBe(303)
  })

  it('lets in from an address whose limit others have spent', async () => {
    const { app } = await testApp({ env: { ...env, LIMIT_PER_ADDRESS: '1' } })
    const { token } = await offerLogin(app, 'anne', { actor: 'cli', at: app.clock.now() })
    const url = `/console/login/${token}`
    const guess = `/console/login/ses_1.${'A'.repeat(43)}`
    const strange = [await app.inject({ url: guess }), await app.inject({ url: guess })]

    const look = await app.inject({ url })
    const entered = await app.inject({ method: 'POST', url })

    expect(strange.map(({ statusCode }) => statusCode)).toEqual([404, 429])
    expect([look.statusCode, entered.statusCode]).toEqual([200, 303])
  })

  it('is no session: as a cookie it opens nothing', async () => {
    const { app, offer } = await openConsole()
    const { token } = await offer()

    const { statusCode } = await app.inject({
      url: '/console',
      headers: { cookie: `__Host-bank-api-console=${token}` },
    })

    expect(statusCode).toBe(401)
  })
})

describe('a session', () => {
  it('is a cookie that no script, no other host and no clear line ever has', async () => {
    const { app, offer } = await openConsole()

    const { token } = await offer()
    const { cookies } = await app.inject({ method: 'POST', url: `/console/login/${token}` })

    expect(cookies).toEqual([
      expect.objectContaining({
        name: '__Host-bank-api-console',
        httpOnly: true,
        secure: true,
        sameSite: 'Lax',
        path: '/',
        maxAge: 12 * 60 * 60,
      }),
    ])
    expect(cookies[0]).not.toHaveProperty('domain')
  })

  it('ends after twelve hours', async () => {
    const { app, clock } = await openConsole()
    const visitor = await aVisitor(app)

    clock.advance(12 * 60 * minute - 1)
    const before = await visitor.get('/console')
    clock.advance(1)
    const after = await visitor.get('/console')

    expect([before.statusCode, after.statusCode]).toEqual([200, 401])
  })

  it('ends when it is ended from outside, at once', async () => {
    const { app } = await openConsole()
    const visitor = await aVisitor(app)
    const [session] = await app.store.listSessions(app.clock.now())

    await app.store.endSession(session!.id, { actor: 'cli', at: app.clock.now() })

    expect((await visitor.get('/console')).statusCode).toBe(401)
  })

  it('ends when its holder leaves, for every copy of the cookie', async () => {
    const { app } = await openConsole()
    const visitor = await aVisitor(app)
    const stolen = `__Host-bank-api-console=${visitor.cookies.get('__Host-bank-api-console')}`

    const left = await visitor.press('/console', '/console/leave')
    const again = await app.inject({ url: '/console', headers: { cookie: stolen } })

    expect(left.statusCode).toBe(200)
    expect(visitor.cookies.size).toBe(0)
    expect(again.statusCode).toBe(401)
  })

  it('is in the audit: who offered it, who entered, how often they looked, who left', async () => {
    const { app } = await openConsole()
    const visitor = await aVisitor(app, 'Zoé')
    await visitor.get('/console')
    await visitor.press('/console', '/console/leave')
    await app.auditCounter.flush()

    const rows = await app.store.listAudit({ action: 'console', limit: 9 })

    const told = rows.map(({ actor, action, count }) => `${actor} ${action} ${count}`)
    expect(told.toSorted()).toEqual([
      'cli console.offered 1',
      'console:Zoé console.ended 1',
      'console:Zoé console.entered 1',
      'console:Zoé console.visited 3',
    ])
  })
})

describe('a form', () => {
  it('does nothing without its own token, nor with that of another session', async () => {
    const { app } = await openConsole()
    const [anne, eve] = [await aVisitor(app, 'anne'), await aVisitor(app, 'eve')]
    const page = (await eve.get('/console')).body
    const evesToken = /name="_csrf" value="([^"]+)"/.exec(page)![1]!
    await anne.get('/console')

    const without = await anne.post('/console/leave')
    const foreign = await anne.post('/console/leave', { _csrf: evesToken })
    anne.cookies.set('__Host-bank-api-form', eve.cookies.get('__Host-bank-api-form')!)
    const planted = await anne.post('/console/leave', { _csrf: evesToken })

    expect([without, foreign, planted].map(({ statusCode }) => statusCode)).toEqual([403, 403, 403])
    expect((await anne.get('/console')).statusCode).toBe(200)
  })
})

test('a stranger meets the limit of callers without a key, a visitor does not', async () => {
  const { app } = await testApp({ env: { ...env, LIMIT_PER_ADDRESS: '3' } })
  const visitor = await aVisitor(app)

  const strange = []
  for (const _ of [1, 2, 3, 4]) strange.push((await app.inject({ url: '/console' })).statusCode)
  strange.push((await app.inject({ method: 'POST', url: '/console/examine' })).statusCode)
  const known = (await visitor.get('/console')).statusCode

  expect(strange).toEqual([401, 401, 401, 429, 429])
  expect(known).toBe(200)
})

test('to a stranger every page says the same, whether or not there is such a thing', async () => {
  const { app } = await openConsole()
  const plain = (text: string) => text.replaceAll(/req_\d+/g, '').replaceAll(/\?lang=\w\w/g, '')

  const bodies = []
  for (const url of ['/console/leave', '/console/nothing', '/console/item/1']) {
    for (const method of ['GET', 'POST'] as const) {
      const { statusCode, body } = await app.inject({ method, url })
      expect(statusCode).toBe(401)
      bodies.push(plain(body))
    }
  }

  expect(new Set(bodies).size).toBe(1)
})

test('no page elsewhere keeps a hand on a window in which the console opens', async () => {
  const { app, offer } = await openConsole()
  const visitor = await aVisitor(app)
  const { token } = await offer()

  for (const url of [
    '/console',
    '/console/search?q=1',
    '/console/nothing',
    `/console/login/${token}`,
  ]) {
    const { headers } = await visitor.get(url)
    expect(headers['cross-origin-opener-policy'], url).toBe('same-origin')
  }
})
