import { describe, expect, it } from 'vitest'
import { callBack, testApp } from '../../support/app.ts'
import { aRequest, aTenant, aUser, testBy } from '../../support/tenants.ts'

const day = 24 * 60 * 60_000

/** A request whose time is over, of a site with an address. */
async function tooLate() {
  const made = await testApp()
  const { app, clock } = made
  const { site } = await aTenant(app)
  await app.store.updateSite(site.id, { origin: 'https://erp.acme.test' }, testBy)
  const request = await aRequest(app, await aUser(app, site))
  clock.advance(day)
  return { ...made, site, request }
}

describe('the page of a callback that leads nowhere', () => {
  it('leads back to the page that the visit began on, and tells support which call it was', async () => {
    const { app, request } = await tooLate()
    const { redirectUrl } = (await app.store.findRequestForCallback(request))!.request

    const { statusCode, headers, body } = await callBack({ app }, { context: request, item_id: 1 })

    expect(statusCode).toBe(410)
    expect(body).toContain(`<a class="button" href="${redirectUrl}">Back to my accounting site</a>`)
    expect(body).toContain(`<code>${String(headers['x-request-id'])}</code>`)
  })

  it('leads back to no address that the site has left', async () => {
    const { app, site, request } = await tooLate()
    await app.store.updateSite(site.id, { origin: 'https://new.acme.test' }, testBy)

    const { body } = await callBack({ app }, { context: request, item_id: 1 })

    expect(body).toContain('href="https://new.acme.test/"')
    expect(body).not.toContain('erp.acme.test/')
  })

  it('is kept for `explain` when the request was ours, and not when anybody made it up', async () => {
    const { app, request } = await tooLate()

    const known = await callBack({ app }, { context: request })
    const madeUp = await callBack({ app }, { context: 'made-up' })
    await app.callLog.flush()

    const found = async ({ headers }: typeof known) =>
      app.store.listCalls({ id: String(headers['x-request-id']) }, { limit: 1 })
    expect(await found(known)).toMatchObject([{ method: 'bridge/callback', status: 410 }])
    expect(await found(madeUp)).toEqual([])
  })

  it('speaks the other language at a link that keeps where it is', async () => {
    const { app, request } = await tooLate()

    const english = await callBack({ app }, { context: request, item_id: 7, step: 'otp_form' })
    const [, link = ''] = /<a href="(\?[^"]+)" lang="fr"/.exec(english.body) ?? []
    const url = `/bridge/callback${link.replaceAll('&amp;', '&')}`
    const french = await app.inject({ url, headers: { 'accept-language': 'en' } })

    expect(link).toBe(`?context=${request}&amp;item_id=7&amp;step=otp_form&amp;lang=fr`)
    expect(french.statusCode).toBe(410)
    expect(french.body).toContain('<html lang="fr">')
    expect(french.body).toContain('Retour à mon site de gestion')
  })

  it('sets no cookie, runs nothing, and is kept by nobody', async () => {
    const { app } = await testApp()

    const { headers, body } = await app.inject('/bridge/callback?context=unknown')

    expect(headers).not.toHaveProperty('set-cookie')
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-[^ ]+'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'$/,
      ),
    })
    expect(body).not.toMatch(/<script|https?:\/\//)
  })

  it('is not asked for by HEAD, for to come back ends the visit', async () => {
    const { app, request } = await tooLate()

    const { statusCode } = await app.inject({
      method: 'HEAD',
      url: `/bridge/callback?context=${request}`,
    })

    expect(statusCode).toBe(404)
  })
})
