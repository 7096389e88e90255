import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** What French writes a space between and a sign, or a quotation mark and a space, where a line may end. */
const breaks = /(?<![=\s]) (?=[:;?!»](?:[\s<,.)]|$))|« /

/** Sentences that become unbroken where a page shows them, plain text on the wire, and what is no text: SQL, a script. */
const others = [
  'src/{doctor,explain,openapi/french}/**',
  'src/texts/explained-in-french.ts',
  'src/webhooks/relay/hints.ts',
  'src/texts/french.ts',
  'src/db/**',
  'src/openapi/page/script.ts',
]

/** All texts of a file, templates in the parts between their values. */
function textsIn(file: string): string[] {
  const texts: string[] = []
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, value } = node as { type?: string; value?: unknown }
    if (type === 'Literal' && typeof value === 'string') texts.push(value)
    if (type === 'TemplateElement') texts.push((value as { cooked: string }).cooked)
    Object.values(node).forEach(walk)
  }
  walk(parseAst(readFileSync(`${root}/${file}`, 'utf8'), { lang: 'ts' }, file))
  return texts
}

it('French that a page shows as it is written has no line begin with a sign', () => {
  const files = globSync('src/**/*.ts', { cwd: root, exclude: others })
  const texts = files.flatMap((file) => textsIn(file).map((text) => ({ file, text })))

  expect(texts.filter(({ text }) => text.includes('\u00a0')).length).toBeGreaterThan(40)
  expect(texts.filter(({ text }) => breaks.test(text))).toEqual([])
})

it.each(['Pourquoi ?', 'ainsi : cela', 'là « ici', 'là »,', ' ; sinon'])(
  '%j would be noticed',
  (text) => {
    expect(text).toMatch(breaks)
  },
)
