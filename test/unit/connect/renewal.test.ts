import { http } from 'msw'
import { assert, constantFrom, integer, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRenewalToken, renewalToken } from '../../../src/connect/renewal-token.ts'
import { aConnectedBank, bridgeTime, callBack, withoutReference } from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { aRequest, anAnnouncement, itemFacts, testBy, testKeyring } from '../../support/tenants.ts'
import { jobsApp, day } from '../../support/jobs-app.ts'

/** A consent that ends in 30 days, and the path of the link its site was sent. */
async function aRenewal({ bank: named = 'Crédit <Éthique> & "Fils"', accountTypes = 'all' } = {}) {
  const made = await jobsApp()
  const { app, acme, clock } = made
  const end = clock.now() + 30 * day
  const bank = await aConnectedBank(made, acme.site, {
    item: { authentication_expires_at: bridgeTime(end) },
  })
  const request = await aRequest(app, bank.user, { bank: named })
  const { redirectUrl } = (await app.store.findRequestForCallback(request))!.request
  const item = itemFacts({ id: bank.itemId, accountTypes, authenticationExpiresAt: end })
  await app.store.settleRequest(
    request,
    { state: 'completed', step: null, item, at: clock.now() },
    anAnnouncement(app, bank.user),
  )
  const path = `/renew/${renewalToken(app.keyring, { itemId: bank.itemId, consentEnd: end })}`

  const show = (headers: Record<string, string> = {}, url = path) => app.inject({ url, headers })
  const press = (headers: Record<string, string> = {}, url = path) =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
  return { ...made, bank, path, show, press, redirectUrl }
}

describe('the renewal page', () => {
  it('shows bank, site and day, and changes nothing: mail scanners open links too', async () => {
    const { show, bridge, world } = await aRenewal()
    const before = bridge.calls.length

    const answer = await show()

    expect(answer.statusCode).toBe(200)
    expect(answer.body).toContain('Crédit &lt;Éthique&gt; &amp; &quot;Fils&quot;')
    expect(answer.body).toContain('erp.acme.test')
    expect(answer.body).toContain('9 April 2025')
    expect(answer.body).toContain('<form method="post"><button>Continue to my bank</button></form>')
    expect(bridge.calls).toHaveLength(before)
    expect(world.sessions).toEqual([])
  })

  it('shows of a name what can be seen: nothing hides, or turns what stands beside it', async () => {
    const { show } = await aRenewal({ bank: 'Bank\u202e\u200b\u001b of A' })

    expect((await show()).body).toContain('<dd>Bank of A</dd>')
  })

  it('speaks French or English, as the browser or the link on it says', async () => {
    const { show, path } = await aRenewal()

    const french = await show({ 'accept-language': 'fr-FR,fr;q=0.9,en;q=0.8' })
    const english = await show({ 'accept-language': 'fr-FR' }, `${path}?lang=en`)

    expect(french.body).toContain('<html lang="fr">')
    expect(french.body).toContain('Continuer vers ma banque')
    expect(french.body).toContain('9 avril 2025')
    expect(english.body).toContain('<html lang="en">')
    expect(english.body).toContain('Continue to my bank')
  })

  it('is kept by nobody, framed by nobody, and tells nobody where its reader came from', async () => {
    const { show } = await aRenewal()

    const { headers, body } = await show()

    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    })
    expect(body).not.toMatch(/<script|https?:\/\//)
    expect(body).toContain('name="robots" content="noindex"')
  })

  it('answers HEAD too, which changes as little', async () => {
    const { app, path, world } = await aRenewal()

    const { statusCode, body } = await app.inject({ method: 'HEAD', url: path })

    expect([statusCode, body]).toEqual([200, ''])
    expect(world.sessions).toEqual([])
  })

  it('leaves its secret in no log', async () => {
    const { show, press, path, log } = await aRenewal()

    await show()
    await press()

    const secret = path.slice('/renew/'.length)
    expect(log.filter((line) => line.includes(secret))).toEqual([])
  })
})

describe('its button', () => {
  it('opens a Bridge session that renews the consent of that item', async () => {
    const { press, world, bank } = await aRenewal()

    const answer = await press()

    expect(world.sessions).toEqual([
      expect.objectContaining({
        owner: bank.user.userUuid,
        item_id: bank.itemId,
        force_reauthentication: true,
        account_types: 'all',
        callback_url: 'https://bank.test/bridge/callback',
      }),
    ])
    expect(answer.statusCode).toBe(303)
    expect(answer.headers['location']).toBe(world.sessions[0]!.url)
  })

  it('asks for the accounts that the connection is for', async () => {
    const { press, world } = await aRenewal({ accountTypes: 'payment' })

    await press()

    expect(world.sessions).toMatchObject([{ account_types: 'payment' }])
  })

  it('ends at the redirect_url of the request that made the connection', async () => {
    const made = await aRenewal()
    const { app, acme, press, world, clock, bank, redirectUrl } = made
    const { origin } = new URL(redirectUrl)
    await app.store.updateSite(acme.site.id, { origin }, testBy)
    await press()
    const { context } = world.sessions[0]!
    clock.advance(60_000)
    Object.assign(world.items.get(bank.itemId)!, {
      last_try_refresh: bridgeTime(clock.now()),
      authentication_expires_at: bridgeTime(clock.now() + 180 * day),
    })

    const back = await callBack(made, { context: String(context), item_id: bank.itemId })

    expect(back.statusCode).toBe(302)
    const target = new URL(String(back.headers['location']))
    expect(`${target.origin}${target.pathname}`).toBe(redirectUrl)
    expect(target.searchParams.get('success')).toBe('true')
  })

  it.each([
    ['moved before', true],
    ['moves while its user is at the bank', false],
  ])('never ends at an address that the site has left: it %s', async (_when, isBefore) => {
    const made = await aRenewal()
    const { app, acme, press, world, clock, bank } = made
    await app.store.updateSite(acme.site.id, { origin: 'https://erp.acme.test' }, testBy)
    const move = () =>
      app.store.updateSite(acme.site.id, { origin: 'https://new.acme.test' }, testBy)
    if (isBefore) await move()
    await press()
    if (!isBefore) await move()
    const { context } = world.sessions[0]!
    clock.advance(60_000)
    world.items.get(bank.itemId)!.last_try_refresh = bridgeTime(clock.now())

    const back = await callBack(made, { context: String(context), item_id: bank.itemId })

    const outcome = `request=${String(context)}&success=true&item_id=${bank.itemId}`
    expect(back.headers['location']).toBe(`https://new.acme.test/?${outcome}`)
  })

  it('never ends at an address that was taken off the list of a site that has no origin', async () => {
    const made = await aRenewal()
    const { app, acme, press, world, clock, bank, redirectUrl } = made
    const list = (...allowedOrigins: string[]) =>
      app.store.updateSite(acme.site.id, { origin: null, allowedOrigins }, testBy)
    await list(new URL(redirectUrl).origin)
    await list('https://new.acme.test')
    await press()
    clock.advance(60_000)
    world.items.get(bank.itemId)!.last_try_refresh = bridgeTime(clock.now())

    const { context } = world.sessions[0]!
    const back = await callBack(made, { context: String(context), item_id: bank.itemId })

    expect(String(back.headers['location'])).toMatch('https://new.acme.test/?request=')
  })

  it('opens nothing for a tenant that is disabled while Bridge is asked', async () => {
    const { app, acme, press, bridge } = await aRenewal()
    bridge.use(
      http.post(`${bridgeUrl}/v3/aggregation/connect-sessions`, async () => {
        await app.store.setTenantDisabled(acme.tenant.id, true, testBy)
        return undefined
      }),
    )

    const answer = await press()

    expect(answer.statusCode).toBe(404)
    expect(answer.headers['location']).toBeUndefined()
  })

  it('works five times within a day', async () => {
    const { press, world, clock } = await aRenewal()
    const statuses: number[] = []
    for (let count = 0; count < 6; count += 1) statuses.push((await press()).statusCode)

    expect(statuses).toEqual([303, 303, 303, 303, 303, 429])
    expect(world.sessions).toHaveLength(5)
    const refused = await press()
    expect(refused.headers['retry-after']).toBe('86400')
    expect(refused.body).toContain('Enough for today')

    clock.advance(day + 1)
    expect((await press()).statusCode).toBe(303)
  })

  it('does not count an opening that Bridge did not answer', async () => {
    const { press, bridge, world } = await aRenewal()
    const fail = { off: false }
    bridge.use(
      http.post(`${bridgeUrl}/v3/aggregation/connect-sessions`, () =>
        fail.off ? undefined : bridgeProblem(503, {}, { 'retry-after': '40' }),
      ),
    )
    for (let count = 0; count < 6; count += 1) {
      const answer = await press({ 'accept-language': 'fr' })
      expect(answer.statusCode).toBe(503)
      expect(answer.headers['retry-after']).toBe('40')
      expect(answer.body).toContain('Réessayez dans quelques minutes')
    }

    fail.off = true

    expect((await press()).statusCode).toBe(303)
    expect(world.sessions).toHaveLength(1)
  })

  it.each(['item', 'user'])(
    'says that the link leads nowhere once the %s is gone at Bridge, of which nothing was heard',
    async (what) => {
      const { app, acme, press, show, bank, clock, world } = await aRenewal()
      clock.advance(day)
      world.items.delete(bank.itemId)
      if (what === 'user') world.users.clear()
      world.expireTokens()

      const [pressed, looked] = [await press(), await show()]

      expect([pressed.statusCode, looked.statusCode]).toEqual([404, 404])
      expect(withoutReference(pressed.body)).toBe(withoutReference(looked.body))
      const told = await app.store.listForExport(acme.tenant.id, 'events', {
        after: null,
        limit: 9,
      })
      expect(told.map(({ row }) => row['type'])).toContain('item.deleted')
    },
  )
})

describe('a link', () => {
  it('is void once the consent is renewed', async () => {
    const { app, show, press, bank, clock, world } = await aRenewal()
    const item = itemFacts({
      id: bank.itemId,
      authenticationExpiresAt: clock.now() + 180 * day,
    })
    await app.store.keepItems(bank.user.id, [item], { at: clock.now(), complete: false })

    const [looked, pressed] = [await show(), await press()]

    expect([looked.statusCode, pressed.statusCode]).toEqual([410, 410])
    expect(looked.body).toContain('Already renewed')
    expect(world.sessions).toEqual([])
  })

  it.each([
    ['is still good when Bridge prints the same end a little differently', -750, 200],
    ['is void when another consent took its place that ends earlier', -2 * day, 410],
  ])('%s', async (_, ms, status) => {
    const { app, show, bank, clock } = await aRenewal()
    const authenticationExpiresAt = clock.now() + 30 * day + ms
    const item = itemFacts({ id: bank.itemId, authenticationExpiresAt })
    await app.store.keepItems(bank.user.id, [item], { at: clock.now(), complete: false })

    expect((await show()).statusCode).toBe(status)
  })

  it('is void once the connection is deleted, and looks like one that never was', async () => {
    const { app, show, press, bank, clock } = await aRenewal()
    await app.store.deleteItem(bank.itemId, { actor: 'test', at: clock.now() })

    const [looked, pressed] = [await show(), await press()]
    const never = await show({}, '/renew/nothing-at-all')

    expect([looked.statusCode, pressed.statusCode, never.statusCode]).toEqual([404, 404, 404])
    expect(withoutReference(looked.body)).toBe(withoutReference(never.body))
  })

  it('is good until two weeks after the end of the consent', async () => {
    const { show, press, clock } = await aRenewal()
    clock.advance(44 * day)
    expect((await show()).body).toContain('Access ended on')

    clock.advance(1)

    expect((await show()).statusCode).toBe(410)
    expect((await press()).statusCode).toBe(410)
  })

  it('cannot be made, and not be turned into another', () => {
    const keyring = testKeyring()
    assert(
      property(
        integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        integer({ min: 0, max: 4_000_000_000_000 }),
        nat(60),
        constantFrom('a', 'z', '0', '9', '-', '_', 'Z'),
        (itemId, consentEnd, at, letter) => {
          const token = renewalToken(keyring, { itemId, consentEnd })
          expect(readRenewalToken(keyring, token)).toEqual({ itemId, consentEnd })
          expect(token).toMatch(/^[\w-]{1,64}$/)

          const forged = token.slice(0, at) + letter + token.slice(at + 1)
          if (forged !== token) expect(readRenewalToken(keyring, forged)).toBeUndefined()
          expect(readRenewalToken(keyring, token.slice(0, -1))).toBeUndefined()
        },
      ),
    )
  })
})
