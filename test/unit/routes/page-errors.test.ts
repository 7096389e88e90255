import { describe, expect, it } from 'vitest'
import { testApp } from '../../support/app.ts'

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const address = '/bridge/callback?context=abc&item_id=7&lang=fr'

/** A server that cannot read its database any more. */
async function broken() {
  const made = await testApp()
  await made.app.store.close()
  return made
}

describe('what goes wrong on a page', () => {
  it.each([address, '/renewed?request=abc&lang=fr'])(
    'is a page for a person, who can tell support which call it was: %s',
    async (url) => {
      const { app, log } = await broken()

      const { statusCode, headers, body } = await app.inject({ url, headers: browser })

      expect(statusCode).toBeGreaterThanOrEqual(500)
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'sha256-/),
      })
      expect(body).toContain('<h1>Un problème est survenu</h1>')
      expect(body).toContain(`<code>${String(headers['x-request-id'])}</code>`)
      const other = url.split('?')[1]!.replace('lang=fr', 'lang=en').replaceAll('&', '&amp;')
      expect(body).toContain(`<a href="?${other}" lang="en"`)
      expect(log.filter((line) => line.includes('call failed'))).toHaveLength(1)
    },
  )

  it('is what it was for a program', async () => {
    const { app } = await broken()

    const { headers, body } = await app.inject(address)

    expect(headers['content-type']).toMatch(/^application\/json/)
    expect(JSON.parse(body)).toHaveProperty('exc_type')
  })

  it('says how long to wait when too many were asked for from one address', async () => {
    const { app } = await testApp()
    const url = '/renew/nothing'
    for (let count = 0; count < 60; count += 1) await app.inject({ url, headers: browser })

    const { statusCode, headers, body } = await app.inject({ url, headers: browser })

    expect(statusCode).toBe(429)
    expect(headers['retry-after']).toMatch(/^\d+$/)
    expect(body).toContain('<h1>Please wait a minute</h1>')
  })

  it('repeats nothing hostile of its address', async () => {
    const { app } = await broken()
    const evil = '"><script>alert(1)</script>'
    const url = `/bridge/callback?context=${encodeURIComponent(evil)}&x=${encodeURIComponent(evil)}`

    const { body } = await app.inject({ url, headers: browser })

    expect(body).toContain('<h1>Something went wrong</h1>')
    expect(body).not.toMatch(/<script|[?;]x=/)
  })
})
