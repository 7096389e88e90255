import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { withOutcome } from '../../../src/connect/redirect.ts'
import { resolveSiteUrls } from '../../../src/connect/site-urls.ts'
import { ValidationError } from '../../../src/errors.ts'

const origins = ['https://erp.acme.test', 'https://hooks.acme.test', 'https://evil.test']

/** Addresses, and texts that could be taken for one. */
const text = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc
    .tuple(
      fc.constantFrom('', 'https:', 'http:', 'HTTPS:', 'javascript:', 'blob:https:', '\t', ' '),
      fc.constantFrom('//', '\\\\', '/', '/\\', '', '///'),
      fc.constantFrom('', 'erp.acme.test', 'me@', 'erp.acme.test@', 'hooks.acme.test', 'evil.test'),
      fc.constantFrom('', 'erp.acme.test', ':443', ':8443', '.evil.test', '@evil.test', '\\evil'),
      fc.constantFrom('', '/', '/app?x=1#y', '//evil.test', '\\..\\', '%2f%2fevil.test'),
    )
    .map((parts) => parts.join('')),
  fc.string(),
)

it('no address ever leaves the allowed origins, nor carries credentials, nor any other scheme', () => {
  let resolved = 0
  fc.assert(
    fc.property(
      fc.option(fc.constantFrom(...origins)),
      fc.subarray(origins),
      fc.record({
        base_url: fc.option(text, { nil: undefined }),
        redirect_url: text,
        webhook_url: fc.option(text, { nil: undefined }),
      }),
      fc.boolean(),
      (origin, allowedOrigins, named, allowHttp) => {
        let urls
        try {
          urls = resolveSiteUrls({ origin, allowedOrigins }, named, { allowHttp })
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationError)
          return
        }
        resolved += 1
        if (origin !== null) expect(urls.origin).toBe(origin)
        for (const url of [urls.redirectUrl, urls.webhookUrl ?? urls.redirectUrl]) {
          const parsed = new URL(url)
          expect([urls.origin, ...allowedOrigins]).toContain(parsed.origin)
          expect(allowHttp ? ['http:', 'https:'] : ['https:']).toContain(parsed.protocol)
          expect(parsed.username + parsed.password).toBe('')
        }
      },
    ),
    { numRuns: 2_000 },
  )
  expect(resolved).toBeGreaterThan(50)
})

it('a redirect keeps the path, the query pairs and the fragment as they were written', () => {
  const word = fc.stringMatching(/^[a-z0-9%_.~?/+-]{1,12}$/)
  const pair = fc
    .tuple(word, fc.option(word))
    .map(([name, value]) => (value === null ? `own-${name}` : `own-${name}=${value}`))
  fc.assert(
    fc.property(
      fc.array(pair),
      fc.option(fc.stringMatching(/^[a-z0-9?=&#/]{0,12}$/)),
      fc.option(fc.string(), { nil: undefined }),
      (pairs, fragment, step) => {
        const query = pairs.length > 0 ? `?${pairs.join('&')}` : ''
        const hash = fragment === null ? '' : `#${fragment}`
        const url = `https://erp.acme.test/app${query}${hash}`

        const redirect = withOutcome(url, { request: 'r1', ...(step !== undefined && { step }) })

        expect(redirect.startsWith(`https://erp.acme.test/app${query || '?'}`)).toBe(true)
        expect(redirect.endsWith(hash)).toBe(true)
        const before = redirect.slice(0, redirect.length - hash.length)
        expect(before).not.toContain('#')
        const added = new URLSearchParams(before.slice(before.indexOf('request=r1')))
        expect(added.get('step') ?? undefined).toBe(step)
      },
    ),
  )
})
