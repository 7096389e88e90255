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

  it('in French begins no line with a sign, nor leaves a quotation mark alone; what is no sentence stays as it is', () => {
    const said = 'Est-ce « oui » ? Alors : tout ; sinon !'
    const command = 'a : b'
    const body = html`<p>${said} <code>${command}</code> :</p>
      <pre>${command}</pre>
      <input value="${command}" />`

    const { markup } = page({ language: 'fr', title: said, body, reference: 'r' })

    const unbroken = 'Est-ce «\u00a0oui\u00a0»\u00a0? Alors\u00a0: tout\u00a0; sinon\u00a0!'
    expect(markup).toContain(`<title>${unbroken}</title>`)
    expect(markup).toContain(`<p>${unbroken} <code>a : b</code>\u00a0:</p>`)
    expect(markup).toContain('<pre>a : b</pre>')
    expect(markup).toContain('<input value="a : b" />')
    expect(markup).toContain('assistance\u00a0: <code>r</code>')
    expect(page({ language: 'en', title: said, body }).markup).toContain(`<title>${said}</title>`)
  })

  it('has no foot when there is nothing to say there', () => {
    expect(page(parts).markup).not.toContain('<footer')
  })
})

it('a style that would end its own element is an error', () => {
  expect(() => css`</style>`).toThrow(TypeError)
})
