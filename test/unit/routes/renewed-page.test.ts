import { describe, expect, it } from 'vitest'
import { aConnectedBank, bridgeTime, callBack, testApp } from '../../support/app.ts'
import { aRequest, aTenant, itemFacts, testBy } from '../../support/tenants.ts'
import { renewalToken } from '../../../src/connect/renewal-token.ts'

const day = 24 * 60 * 60_000
const hostile = '"><script>alert(1)</script>'

/** A discovered connection of a site without an address, whose renewal was opened: it ends at our own page. */
async function aVisit() {
  const made = await testApp()
  const { app, clock, world } = made
  const acme = await aTenant(app, { sites: [`erp${hostile}`] })
  const end = clock.now() + 20 * day
  const item = { authentication_expires_at: bridgeTime(end) }
  const bank = await aConnectedBank(made, acme.site, { item })
  const facts = {
    id: bank.itemId,
    authenticationExpiresAt: end,
    providerName: `Bank\u202e${hostile}\u200b`,
  }
  await app.store.keepItems(bank.user.id, [itemFacts(facts)], { at: clock.now(), complete: false })
  const token = renewalToken(app.keyring, { itemId: bank.itemId, consentEnd: end })
  await app.inject({ method: 'POST', url: `/renew/${token}` })
  const context = String(world.sessions[0]!['context'])
  clock.advance(60_000)

  /** Back from Bridge, where the visit ended or did not. */
  async function comeBack({ worked }: { worked: boolean }, headers: Record<string, string> = {}) {
    const more = { authentication_expires_at: bridgeTime(clock.now() + 180 * day) }
    const tried = { last_try_refresh: bridgeTime(clock.now()) }
    if (worked) Object.assign(world.items.get(bank.itemId)!, { ...more, ...tried })
    const query = worked ? { item_id: bank.itemId } : { step: 'otp_form' }
    const { location } = (await callBack(made, { context, ...query })).headers
    const url = String(location).replace('https://bank.test', '')
    return { url, ...(await app.inject({ url, headers })) }
  }
  return { ...made, acme, bank, context, comeBack }
}

describe('the page at the end of a renewal', () => {
  it('says that it worked, and until when', async () => {
    const { comeBack } = await aVisit()

    const { url, statusCode, body } = await comeBack({ worked: true })

    expect(url).toMatch(/^\/renewed\?request=\w+&success=true/)
    expect(statusCode).toBe(200)
    expect(body).toContain('<h1>Thank you, the access is renewed</h1>')
    expect(body.replaceAll(/\s+/g, ' ')).toContain(
      '<dt>Access until</dt> <dd>6 September 2025</dd>',
    )
  })

  it('says that it did not, and which call support should look for', async () => {
    const { comeBack } = await aVisit()

    const { body, headers } = await comeBack({ worked: false })

    expect(body).toContain('<h1>The access was not renewed</h1>')
    expect(body).toContain(`<code>${String(headers['x-request-id'])}</code>`)
    expect(body).not.toContain('Access until')
  })

  it('says that the bank has not answered, while it has not', async () => {
    const { app, context } = await aVisit()

    const { body } = await app.inject(`/renewed?request=${context}&success=true&item_id=1`)

    expect(body).toContain('<h1>Thank you, nearly done</h1>')
  })

  it('leads back to the site once it has an address', async () => {
    const { app, acme, comeBack, context } = await aVisit()
    const without = await comeBack({ worked: true })
    await app.store.updateSite(acme.site.id, { origin: 'https://erp.acme.test' }, testBy)

    const { body } = await app.inject(`/renewed?request=${context}`)

    expect(without.body).not.toContain('class="button"')
    expect(body).toContain(
      '<a class="button" href="https://erp.acme.test">Back to my accounting site',
    )
  })

  it('speaks French, as the browser or the link on it says', async () => {
    const { comeBack, context } = await aVisit()

    const { body } = await comeBack({ worked: true }, { 'accept-language': 'fr' })

    expect(body).toContain('<html lang="fr">')
    expect(body).toContain('<h1>Merci, l’accès est renouvelé</h1>')
    expect(body).toContain('6 septembre 2025')
    expect(body).toContain(`href="?request=${context}&amp;lang=en"`)
  })

  it('shows hostile names as text, without what hides in them', async () => {
    const { comeBack } = await aVisit()

    const { body } = await comeBack({ worked: true })

    expect(body).toContain('<dd>Bank&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;</dd>')
    expect(body).toContain('<dd>erp&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;</dd>')
    expect(body).not.toMatch(/<script|\u202e|\u200b/)
  })

  it.each([
    ['nobody opened', 'nothing'],
    ['is no text of ours', '%22%3E%3Cscript%3E'],
    ['is missing', ''],
  ])('thanks and says no more when the request %s', async (_what, request) => {
    const { app } = await aVisit()

    const { statusCode, body } = await app.inject(`/renewed?request=${request}&success=true`)

    expect(statusCode).toBe(200)
    expect(body).toContain('<h1>Thank you</h1>')
    expect(body).not.toMatch(/<dl|<script/)
  })

  it('tells nothing of a request that was to make a connection', async () => {
    const { app, bank } = await aVisit()
    const request = await aRequest(app, bank.user)

    const { body } = await app.inject(`/renewed?request=${request}`)

    expect(body).toContain('<h1>Thank you</h1>')
  })

  it('answers HEAD alike, sets no cookie, runs nothing, and is kept by nobody', async () => {
    const { app, context } = await aVisit()
    const url = `/renewed?request=${context}`

    const seen = await app.inject({ url })
    const head = await app.inject({ method: 'HEAD', url })

    for (const { statusCode, headers } of [seen, head]) {
      expect(statusCode).toBe(200)
      expect(headers).not.toHaveProperty('set-cookie')
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-length': String(Buffer.byteLength(seen.body)),
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'content-security-policy': expect.stringContaining("form-action 'none'"),
      })
    }
    expect(head.body).toBe('')
  })
})
