import { describe, expect, it } from 'vitest'
import { testApp } from '../../support/app.ts'
import { aTenant } from '../../support/tenants.ts'

const secret = 'A'.repeat(43)

/** The rows and cookies that are out there outlive a version, so their hashes are spelt out here. */
async function rooms() {
  const { app, clock } = await testApp({ env: { CONSOLE: 'true' } })
  const { tenant, site, siteKey } = await aTenant(app)
  const scope = { tenantId: tenant.id, siteId: site.id, apiKey: siteKey.apiKey }
  const kinds = {
    console: {
      id: 'ses_before',
      whose: { who: 'anne', tenantId: null, siteId: null, apiKey: null },
      bound: ['anne'],
      address: '/console/login',
      home: '/console',
      cookie: '__Host-bank-api-console',
    },
    portal: {
      id: 'por_before',
      whose: { who: null, ...scope },
      bound: [scope.tenantId, scope.siteId, scope.apiKey],
      address: '/portal/enter',
      home: '/portal',
      cookie: '__Host-bank-api-portal',
    },
  }
  const by = { actor: 'cli', at: clock.now() }
  const offer = (kind: keyof typeof kinds, use: string) => {
    const { id, whose, bound } = kinds[kind]
    const secretHash = app.keyring.hash(use, JSON.stringify([id, ...bound, secret]))
    const times = { madeAt: by.at, expiresAt: by.at + 1 }
    return app.store.offerSession({ id, ...whose, secretHash, ...times }, by)
  }
  return { app, by, kinds, offer }
}

describe.each(['console', 'portal'] as const)('of the %s', (kind) => {
  it('an address that an earlier version gave out lets in, and its session is stored as it was', async () => {
    const { app, kinds, offer } = await rooms()
    const { id, bound, address, cookie } = kinds[kind]
    await offer(kind, `${kind}-offer`)

    const url = `${address}/${id}.${secret}`
    const entered = await app.inject({ method: 'POST', url })

    expect(entered.statusCode).toBe(303)
    const [, , given = ''] = new RegExp(`${cookie}=(${id})\\.([\\w-]{43});`).exec(
      String(entered.headers['set-cookie']),
    )!
    const kept = (await app.store.findSession(id))!.session
    const hash = app.keyring.hash(`${kind}-session`, JSON.stringify([id, ...bound, given]))
    expect(kept.secretHash).toEqual(hash)
  })

  it('a cookie that an earlier version gave out is good', async () => {
    const { app, by, kinds, offer } = await rooms()
    const { id, bound, home, cookie } = kinds[kind]
    await offer(kind, `${kind}-offer`)
    const offeredHash = (await app.store.findSession(id))!.session.secretHash
    const secretHash = app.keyring.hash(`${kind}-session`, JSON.stringify([id, ...bound, secret]))
    await app.store.enterSession(id, { offeredHash, secretHash, expiresAt: by.at + 1 }, by)

    const look = (url: string) =>
      app.inject({ url, headers: { cookie: `${cookie}=${id}.${secret}` } })

    expect((await look(home)).statusCode).toBe(200)
    expect((await look(`${home}/nothing`)).statusCode).toBe(404)
  })
})
