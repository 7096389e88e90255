import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const checkout = fileURLToPath(new URL('../../..', import.meta.url))
const read = (page: string): string => readFileSync(join(checkout, page), 'utf8')

/** How deep each chapter stands, in their order. */
const headings = (text: string): string[] =>
  [...text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/^(#+) /gm)].map(
    ([, level = '']) => level,
  )

/** What is typed or copied, which is the same in every language. */
const blocks = (text: string): string[] =>
  [...text.matchAll(/^ *```\w+\n([\s\S]*?)^ *```$/gm)].map(([, block = '']) => block)

/** Our commands within sentences, which each language orders as it likes. */
const spans = (text: string): string[] =>
  [...text.matchAll(/`(bank-api [^`\n]+)`/g)].map(([, words = '']) => words).toSorted()

/** How many points and steps there are. */
const listItems = (text: string): number => [...text.matchAll(/^(?:- |\d+\. )/gm)].length

const pages = globSync('docs/fr/*.md', { cwd: checkout }).map((page) => basename(page))

test.each(pages.filter((page) => page !== 'README.md'))(
  'docs/fr/%s has the chapters, the steps and the commands of the English one',
  (page) => {
    const [french, english] = [read(`docs/fr/${page}`), read(`docs/${page}`)]

    expect(headings(french)).toEqual(headings(english))
    expect(blocks(french)).toEqual(blocks(english))
    expect(spans(french)).toEqual(spans(english))
    expect(listItems(french)).toBe(listItems(english))
  },
)

test('the French README begins as the English one: the same commands, and the same steps', () => {
  const until = (text: string, chapter: string) => text.split(`\n## ${chapter}\n`)[0]!
  const [french, english] = [
    until(read('docs/fr/README.md'), 'Continuer'),
    until(read('README.md'), 'Methods'),
  ]

  expect(pages.length).toBeGreaterThan(2)
  expect(headings(french)).toEqual(headings(english))
  expect(blocks(french)).toEqual(blocks(english))
  expect(listItems(french)).toBe(listItems(english))
})
