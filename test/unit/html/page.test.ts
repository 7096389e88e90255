import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { html } from '../../../src/html/html.ts'
import { css, scriptAt } from '../../../src/html/inline.ts'
import { page } from '../../../src/html/page.ts'

const evil = `</title><script>alert("1")</script>`
const parts = { language: 'en', title: evil, body: html`<h1>${evil}</h1>` } as const

describe('a page', () => {
  it('says its language, and nothing of what it shows becomes markup', () => {
    const { markup } = page({ ...parts, reference: evil, translation: `?a=${evil}` })

    expect(markup).toMatch(/^<!doctype html>\s*<html lang="en">/)
    expect(markup).not.toMatch(/<script|alert\("/)
    expect(markup).toContain('name="robots" content="noindex"')
  })

  it('may show its own styles and nothing else', () => {
    const { markup, policy } = page({
      ...parts,
      styles: [
        css`
          p {
            color: red;
          }
        `,
      ],
    })

    const styles = [...markup.matchAll(/<style>(.*?)<\/style>/gs)].map(
      ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
    )
    expect(styles).toHaveLength(2)
    expect(policy).toBe(
      `default-src 'none'; style-src ${styles.join(' ')}; base-uri 'none'; frame-ancestors 'none'`,
    )
  })

  it('may run the one script that it has', () => {
    const { markup, policy } = page({ ...parts, script: scriptAt('/run.js') })

    expect(markup).toContain('<script src="/run.js" defer></script>')
    expect(policy).toContain("; script-src 'self';")
  })

  it('leads to the other language, named in its own words', () => {
    const links = (['en', 'fr'] as const).map(
      (language) => page({ ...parts, language, translation: '?lang=x' }).markup,
    )

    expect(links[0]).toMatch(/<a href="\?lang=x" lang="fr" hreflang="fr"\s*>Français<\/a\s*>/)
    expect(links[1]).toMatch(/<a href="\?lang=x" lang="en" hreflang="en"\s*>English<\/a\s*>/)
  })

  it('has no foot when there is nothing to say there', () => {
    expect(page(parts).markup).not.toContain('<footer')
  })
})

it('a style that would end its own element is an error', () => {
  expect(() => css`</style>`).toThrow(TypeError)
})
