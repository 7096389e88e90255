import { assert, oneof, constantFrom, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { html, seen, type Part } from '../../../src/html/html.ts'

const evil = `<b onclick="x">'&`

/** What somebody might name a bank, a site or a person who means harm. */
const value = oneof(
  string({ unit: 'binary' }),
  string({ unit: constantFrom('<', '>', '"', "'", '&', '/', '=', ' ', '`', '-', '!', 'a', ';') }),
  constantFrom('</title><script>', '"onfocus=alert(1) autofocus x="', '-->', '&lt;', '\0', '</p'),
)

const decoded = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

describe('markup from a template', () => {
  it('has no tag, attribute or reference that came out of a value, whatever the value', () => {
    assert(
      property(value, value, (first, second) => {
        const { markup } = html`<p title="${first}" lang="${second}">${second}</p>`

        const [, ...found] = /^<p title="([^"<>']*)" lang="([^"<>']*)">([^"<>']*)<\/p>$/.exec(
          markup,
        )!
        expect(found.map(decoded)).toEqual([first, second, second])
      }),
    )
  })

  it('has other markup in it as it is', () => {
    expect(html`<p title="${evil}">${evil}${html`<i>${evil}</i>`}</p>`.markup).toBe(
      '<p title="&lt;b onclick=&quot;x&quot;&gt;&#39;&amp;">&lt;b onclick=&quot;x&quot;&gt;&#39;&amp;' +
        '<i>&lt;b onclick=&quot;x&quot;&gt;&#39;&amp;</i></p>',
    )
  })

  it('is never what only looks like markup, as an object from JSON', () => {
    const forged = JSON.parse('{"markup":"<script>"}') as Part

    expect(() => html`<p>${forged}</p>`).toThrow(TypeError)
  })

  it('joins lists, and writes nothing for what is not there', () => {
    const rows = ['a', '<'].map((one) => html`<i>${one}</i>`)

    expect(html`<b>${rows}${undefined}${null}${false}${[1, ' ', 0]}</b>`.markup).toBe(
      '<b><i>a</i><i>&lt;</i>1 0</b>',
    )
  })

  it.each<[string, () => unknown]>([
    ['an attribute without quotes', () => html`<a href=${'/'}>x</a>`],
    ['the name of an attribute', () => html`<a ${'hidden'}>x</a>`],
    ['the name of a tag', () => html`<${'b'}>x</b>`],
    ['the name of a tag, behind another value', () => html`<p>${'x'}</p><${'b'}>`],
    ['markup in an attribute', () => html`<a title="${html`<b></b>`}">x</a>`],
    [
      'a script',
      () =>
        html`<script>
          x = ${'1'}
        </script>`,
    ],
    [
      'a style',
      () =>
        html`<style>
          ${'p{}'}
        </style>`,
    ],
  ])('refuses a value that is, or is in, %s', (_what, template) => {
    expect(template).toThrow(TypeError)
  })

  it('takes a value in an attribute behind text with an equals sign', () => {
    expect(html`<a href="/?a=1&amp;lang=${'f"r'}">x</a>`.markup).toBe(
      '<a href="/?a=1&amp;lang=f&quot;r">x</a>',
    )
  })
})

it('a name is shown without what hides, or turns what stands beside it', () => {
  expect(seen('Bank\u202e\u200b\u001b of A\u2028')).toBe('Bank of A')
})
