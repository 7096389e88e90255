import { describe, expect, it } from 'vitest'
import { movedWebhookUrl, presentUrl, resolveSiteUrls } from '../../../src/connect/site-urls.ts'
import { ValidationError } from '../../../src/errors.ts'

const https = { allowHttp: false }
const pinned = { origin: 'https://erp.acme.test', allowedOrigins: ['https://hooks.acme.test'] }
const unpinned = { origin: null, allowedOrigins: [] }

describe('the origin', () => {
  it('is the one pinned before', () => {
    const { origin } = resolveSiteUrls(pinned, { redirect_url: '/app/bank' }, https)

    expect(origin).toBe('https://erp.acme.test')
  })

  it('is that of base_url on the first call', () => {
    const named = { base_url: 'https://erp.acme.test/app', redirect_url: '/app/bank' }

    const urls = resolveSiteUrls(unpinned, named, https)

    expect(urls).toEqual({
      origin: 'https://erp.acme.test',
      redirectUrl: 'https://erp.acme.test/app/bank',
      webhookUrl: null,
    })
  })

  it('is that of redirect_url when a first call has no base_url', () => {
    const named = { redirect_url: 'https://erp.acme.test/app/bank' }

    expect(resolveSiteUrls(undefined, named, https).origin).toBe('https://erp.acme.test')
  })

  it('is pinned by no first call that only goes to an address the operator allowed', () => {
    const site = { origin: null, allowedOrigins: ['https://pages.test'] }
    const resolve = (named: Partial<Parameters<typeof resolveSiteUrls>[1]>) =>
      resolveSiteUrls(site, { redirect_url: 'https://pages.test/end', ...named }, https)

    expect(resolve({})).toEqual({
      origin: null,
      redirectUrl: 'https://pages.test/end',
      webhookUrl: null,
    })
    expect(resolve({ base_url: 'https://erp.acme.test' }).origin).toBe('https://erp.acme.test')
    expect(() => resolve({ webhook_url: 'https://evil.test/hook' })).toThrow(ValidationError)
    expect(() => resolve({ webhook_url: '/hook' })).toThrow(ValidationError)
  })
})

it('site-relative addresses are resolved against the origin', () => {
  const named = { redirect_url: '/app/bank?tab=1#top', webhook_url: '/api/method/hook' }

  expect(resolveSiteUrls(pinned, named, https)).toMatchObject({
    redirectUrl: 'https://erp.acme.test/app/bank?tab=1#top',
    webhookUrl: 'https://erp.acme.test/api/method/hook',
  })
})

it('an origin on the allow-list is accepted', () => {
  const named = { redirect_url: '/app/bank', webhook_url: 'https://hooks.acme.test/in' }

  expect(resolveSiteUrls(pinned, named, https).webhookUrl).toBe('https://hooks.acme.test/in')
})

it('http is accepted where the operator allowed it', () => {
  const named = { redirect_url: 'http://localhost:8000/app' }

  expect(resolveSiteUrls(undefined, named, { allowHttp: true }).redirectUrl).toBe(
    'http://localhost:8000/app',
  )
})

describe('refused, by the name of the argument', () => {
  const redirect = 'https://erp.acme.test/app'

  it.each([
    ['another origin', { redirect_url: 'https://evil.test/' }, 'redirect_url'],
    ['another origin without a scheme', { redirect_url: '//evil.test/' }, 'redirect_url'],
    ['another origin behind backslashes', { redirect_url: '\\\\evil.test/' }, 'redirect_url'],
    ['another port', { redirect_url: 'https://erp.acme.test:8443/' }, 'redirect_url'],
    [
      'a host that only begins alike',
      { redirect_url: 'https://erp.acme.test.evil.test/' },
      'redirect_url',
    ],
    [
      'our host as a user name',
      { redirect_url: 'https://erp.acme.test@evil.test/' },
      'redirect_url',
    ],
    ['credentials', { redirect_url: 'https://me:pw@erp.acme.test/' }, 'redirect_url'],
    ['a user name', { redirect_url: 'https://me@erp.acme.test/' }, 'redirect_url'],
    ['a password', { redirect_url: 'https://:pw@erp.acme.test/' }, 'redirect_url'],
    ['http', { redirect_url: 'http://erp.acme.test/' }, 'redirect_url'],
    ['a script', { redirect_url: 'javascript:alert(1)' }, 'redirect_url'],
    ['a blob of the origin', { redirect_url: 'blob:https://erp.acme.test/1' }, 'redirect_url'],
    ['no address', { redirect_url: 'https://' }, 'redirect_url'],
    [
      'a webhook elsewhere',
      { redirect_url: redirect, webhook_url: 'https://evil.test/' },
      'webhook_url',
    ],
    ['a base elsewhere', { redirect_url: redirect, base_url: 'https://evil.test/' }, 'base_url'],
    ['a base that is no address', { redirect_url: redirect, base_url: 'erp' }, 'base_url'],
  ])('%s', (_name, named, argument) => {
    const resolve = () => resolveSiteUrls(pinned, named, https)

    expect(resolve).toThrow(ValidationError)
    expect(resolve).toThrow(`Argument '${argument}'`)
  })

  it('http on a first call, even when base and redirect agree', () => {
    const named = { base_url: 'http://erp.acme.test', redirect_url: '/app' }

    expect(() => resolveSiteUrls(undefined, named, https)).toThrow('must be an https address')
  })

  it('a relative redirect_url when nothing says relative to what', () => {
    expect(() => resolveSiteUrls(undefined, { redirect_url: '/app' }, https)).toThrow(
      "Argument 'redirect_url' is not a whole web address, and the site has none yet to complete it: give 'base_url', the site's own address",
    )
  })

  it('what is no web address where http is allowed, in words that say so', () => {
    const resolve = () =>
      resolveSiteUrls(pinned, { redirect_url: 'javascript:alert' }, { allowHttp: true })

    expect(resolve).toThrow("Argument 'redirect_url' must be an http or https address")
  })

  it('another address, with the way to change it', () => {
    const named = { redirect_url: 'https://evil.test/app' }

    expect(() => resolveSiteUrls(pinned, named, https)).toThrow(
      "does not belong to this site, whose address is https://erp.acme.test. If that is wrong, the administrator of Bank API changes it with 'bank-api site update --origin'",
    )
  })
})

describe('after a change of the site’s addresses', () => {
  const before = { ...pinned, webhookUrl: 'https://erp.acme.test/hook?a=1' }
  const moved = { ...pinned, origin: 'https://new.acme.test' }
  const listed = { ...unpinned, allowedOrigins: ['https://pages.acme.test', 'https://b.acme.test'] }
  const ours = 'https://bank.host.test'

  it.each([
    ['its own origin', pinned, 'https://erp.acme.test/app?x#y', 'https://erp.acme.test/app?x#y'],
    ['a listed one', pinned, 'https://hooks.acme.test/a', 'https://hooks.acme.test/a'],
    ['a former one', moved, 'https://erp.acme.test/app?x#y', 'https://new.acme.test/'],
    ['another scheme', pinned, 'http://erp.acme.test/app', 'https://erp.acme.test/'],
    ['another port', pinned, 'https://erp.acme.test:8443/app', 'https://erp.acme.test/'],
    ['a look-alike', pinned, 'https://erp.acme.test.evil.test/', 'https://erp.acme.test/'],
    ['our own page', pinned, 'https://bank.host.test/renewed', 'https://bank.host.test/renewed'],
    ['one that was listed', listed, 'https://old.acme.test/a?x', 'https://pages.acme.test/'],
    ['one of no address any more', unpinned, 'https://old.acme.test/a', `${ours}/renewed`],
  ])('a browser bound for %s goes to a present one', (_what, site, url, sent) => {
    expect(presentUrl(site, url, ours)).toBe(sent)
  })

  it('webhooks follow from the former origin to the same path of the new one', () => {
    expect(movedWebhookUrl(before, moved)).toBe('https://new.acme.test/hook?a=1')
  })

  it('webhooks stay where the site still is, and where the operator sent them', () => {
    const kept = { ...moved, allowedOrigins: ['https://erp.acme.test'] }
    const elsewhere = { ...before, webhookUrl: 'https://relay.other.test/hook' }

    expect(movedWebhookUrl(before, kept)).toBe(before.webhookUrl)
    expect(movedWebhookUrl(elsewhere, moved)).toBe(elsewhere.webhookUrl)
    expect(movedWebhookUrl({ ...before, webhookUrl: null }, moved)).toBeNull()
  })

  it('webhooks to an address that was taken off the list have no place to follow to', () => {
    const listed = { ...before, webhookUrl: 'https://hooks.acme.test/hook' }

    expect(movedWebhookUrl(listed, { ...pinned, allowedOrigins: [] })).toBeUndefined()
    expect(movedWebhookUrl(before, unpinned)).toBeUndefined()
  })
})
