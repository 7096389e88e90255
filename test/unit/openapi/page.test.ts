import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it, test } from 'vitest'
import { describeApi } from '../../../src/openapi/document.ts'
import { french, inLanguage } from '../../../src/openapi/french/in-language.ts'
import { fieldsOf } from '../../../src/openapi/page/fields.ts'
import { docsPage } from '../../../src/openapi/page/page.ts'
import { pageScript } from '../../../src/openapi/page/script.ts'
import { words } from '../../../src/openapi/page/words.ts'
import { methods } from '../../../src/routes/index.ts'
import { testApp } from '../../support/app.ts'

const document = describeApi(methods, { version: '1.2.3', publicUrl: 'https://bank-api.example' })

/** The page as a reader without a script has it, with the markup of its names taken out. */
const textOf = (markup: string): string =>
  markup.replaceAll('<wbr />', '').replaceAll(/<[^>]*>/g, ' ')

describe('the document in French', () => {
  it('has each of its sentences, and no sentence that nobody says', () => {
    const said = new Set<string>()
    JSON.stringify(document, (key, value: unknown) => {
      const isSentence = key === 'summary' || key === 'description'
      if (isSentence && typeof value === 'string') said.add(value)
      return value
    })

    expect(Object.keys(french).toSorted()).toEqual([...said].toSorted())
  })

  it('is the same document but for them: examples too', () => {
    const withoutSentences = (given: object): string =>
      JSON.stringify(given, (key, value: unknown) =>
        key === 'summary' || key === 'description' ? null : value,
      )

    const translated = inLanguage(document, 'fr')

    expect(withoutSentences(translated)).toBe(withoutSentences(document))
    expect(translated.info.description).toContain('Une passerelle')
    expect(inLanguage(document, 'en')).toBe(document)
  })

  it('has a heading for every group of methods', () => {
    const used = methods.map(({ tag }) => tag)
    for (const language of ['en', 'fr'] as const) {
      expect(Object.keys(words[language].tags)).toEqual(expect.arrayContaining(used))
    }
  })
})

describe.each(['en', 'fr'] as const)('the page in %s', (language) => {
  const { markup } = docsPage(inLanguage(document, language), {
    canTry: true,
    language,
    translation: '?lang=x',
  })

  it('has every method, event, field and argument', () => {
    const text = textOf(markup)

    for (const { name, params } of methods) {
      expect(text).toContain(`/api/method/${name}`)
      const id = name.slice(name.lastIndexOf('.') + 1)
      for (const word of Object.keys(params.shape)) expect(markup).toContain(`id="${id}.${word}"`)
    }
    for (const type of Object.keys(document.webhooks)) expect(text).toContain(type)
    expect(text).toContain('message[].loan_details.interest_rate')
  })

  it('has each id once', () => {
    const ids = [...markup.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)

    expect(ids.length).toBeGreaterThan(100)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  it('weighs less than 60 KB with its script', () => {
    const bytes = gzipSync(markup).length + gzipSync(pageScript).length

    expect(bytes).toBeLessThan(60 * 1024)
  })
})

test('the page speaks the reader’s language, and the other one when asked', async () => {
  const { app } = await testApp()
  const open = (url: string, language: string) =>
    app.inject({ url, headers: { 'accept-language': language } })

  const pages = await Promise.all([
    open('/docs', 'fr-FR'),
    open('/docs', 'de'),
    open('/docs?lang=en', 'fr'),
    open('/docs?lang=fr', 'en'),
  ])

  const spoken = pages.map(({ body }) => /<html lang="(..)">/.exec(body)?.[1])
  expect(spoken).toEqual(['fr', 'en', 'en', 'fr'])
  expect(pages[0].body).toContain('Tous les comptes d’une connexion.')
  expect(pages[0].body).toContain('href="?lang=en"')
  expect(pages[0].headers['vary']).toBe('Accept-Language, Accept-Encoding')
})

test.each(['/docs', '/docs/page.js', '/openapi.json'])(
  '%s comes zipped to who reads that',
  async (url) => {
    const { app } = await testApp()

    const plain = await app.inject(url)
    const zipped = await app.inject({ url, headers: { 'accept-encoding': 'gzip, deflate, br' } })
    const refused = await app.inject({ url, headers: { 'accept-encoding': 'gzip;q=0' } })

    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(zipped.rawPayload).toString()).toBe(plain.body)
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(refused.body).toBe(plain.body)
  },
)

describe('the fields of a body', () => {
  const components = {
    Inner: { type: 'object', properties: { at: { type: ['string', 'null'] } } },
  }

  it('are named by the way to them, with all that they may be', () => {
    const body = {
      type: 'object',
      properties: {
        rows: {
          type: 'array',
          items: { $ref: '#/components/schemas/Inner' },
          description: 'All of them.',
        },
        is: { enum: ['on', 'off'] },
        one: { anyOf: [{ $ref: '#/components/schemas/Inner' }, { type: 'null' }] },
      },
    }

    expect(fieldsOf(body, components)).toEqual([
      { path: 'rows', type: 'array of object', description: 'All of them.' },
      { path: 'rows[].at', type: 'string | null', description: '' },
      { path: 'is', type: 'on | off', description: '' },
      { path: 'one', type: 'object | null', description: '' },
      { path: 'one.at', type: 'string | null', description: '' },
    ])
  })

  it('of several shapes stand together', () => {
    const shape = (only: boolean) => ({ type: 'object', properties: { done: { const: only } } })

    expect(fieldsOf({ anyOf: [shape(true), shape(false)] }, {})).toEqual([
      { path: 'done', type: 'true | false', description: '' },
    ])
  })
})
