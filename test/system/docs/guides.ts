import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const checkout = fileURLToPath(new URL('../../..', import.meta.url))

/** The text of a page, by its path in the repository. */
export const read = (page: string): string => readFileSync(join(checkout, page), 'utf8')

/** What people read who try, run, connect or change the program. */
export const guides: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'bench/README.md',
  'test/README.md',
  ...globSync('docs/**/*.md', { cwd: checkout }).toSorted(),
]

/** The fenced blocks of a page, in order, with their language; and the page without them. */
export function partsOf(page: string): {
  blocks: readonly { language: string; text: string }[]
  prose: string
} {
  const blocks: { language: string; text: string }[] = []
  const prose: string[] = []
  let open: { language: string; text: string } | undefined
  for (const line of read(page).split('\n')) {
    const fence = /^ *```(\w*)$/.exec(line)
    if (fence && open) {
      blocks.push(open)
      open = undefined
    } else if (fence) open = { language: fence[1] ?? '', text: '' }
    else if (open) open.text += `${line}\n`
    else prose.push(line)
  }
  return { blocks, prose: prose.join('\n') }
}

/** The blocks of a page in a language, in order. */
export const blocksOf = (page: string, language: string): string[] =>
  partsOf(page)
    .blocks.filter((block) => block.language === language)
    .map(({ text }) => text)

/** What a page tells to type: the lines of its `sh` blocks, continued ones joined, comments taken away; and those that an example shows behind a `$`. */
export const typedIn = (page: string): string[] => [
  ...blocksOf(page, 'sh').flatMap((block) =>
    block
      .replaceAll(/\\\n/g, ' ')
      .split('\n')
      .map((line) =>
        line
          .replace(/(?:^| +)# .*/, '')
          .trim()
          .replaceAll(/ {2,}/g, ' '),
      )
      .filter((line) => line !== ''),
  ),
  ...blocksOf(page, 'text').flatMap((block) =>
    [...block.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line),
  ),
]

/** The words of a command of ours, as a shell parts them. */
export const wordsOf = (command: string): string[] =>
  [...command.replace(/^(?:npx )?bank-api /, '').matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  )
