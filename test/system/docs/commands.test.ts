import { existsSync, globSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { createContext } from '../../../src/cli/context.ts'
import { programOf } from '../../../src/cli/run.ts'
import { aPipe } from '../../support/run-cli.ts'
import { notRun, runBy } from './commands.ts'
import { checkout, guides, partsOf, read, typedIn, wordsOf } from './guides.ts'

const typed = guides.flatMap((page) => typedIn(page).map((command) => ({ page, command })))
const isOurs = (command: string): boolean => /^(npx )?bank-api /.test(command)

test('every command of the README and the guides is run, or is named with the reason why not', () => {
  const left = typed.filter(
    // What is ours and nothing else is run beside a server, by readme.test.ts.
    ({ command }) => !(command in runBy) && !(command in notRun) && !isOurs(command),
  )

  expect(typed.length).toBeGreaterThan(80)
  expect(left).toEqual([])
})

test('nothing is named that no guide has, and nothing twice', () => {
  const commands = new Set(typed.map(({ command }) => command))
  const named = [...Object.keys(runBy), ...Object.keys(notRun)]

  expect(named.filter((command) => !commands.has(command))).toEqual([])
  expect(Object.keys(notRun).filter((command) => command in runBy)).toEqual([])
})

test('the test that is to run a command reads it from its guide, or has it', () => {
  for (const [command, file] of Object.entries(runBy)) {
    expect(existsSync(join(checkout, file)), file).toBe(true)
    const pages = typed.filter((one) => one.command === command).map(({ page }) => basename(page))
    const has = [command, ...pages].some((words) => read(file).includes(words))

    expect([command, has]).toEqual([command, true])
  }
})

test('what is shown as text is nothing that is typed', () => {
  for (const page of guides) {
    for (const { language, text } of partsOf(page).blocks) {
      expect(language, text).not.toBe('')
      if (language === 'text') {
        expect(text, page).not.toMatch(/^ *(?:npx|npm|bank-api|docker|curl|psql|git|node) /m)
      }
    }
  }
})

test('a guide says bank-api; npx stands where a checkout is meant', () => {
  const withNpx = typed.filter(({ command }) => command.startsWith('npx bank-api '))

  expect(new Set(withNpx.map(({ page }) => page))).toEqual(new Set(['README.md']))
})

describe('what a sentence names', () => {
  const { stream: stdout } = aPipe()
  const program = programOf(createContext({ env: {}, stdout, stderr: stdout }))

  /** The command that the words lead to, and those behind its name. */
  function find(words: readonly string[]): { command: Command; rest: readonly string[] } {
    let command = program
    for (const [index, word] of words.entries()) {
      const next = command.commands.find((each) => each.name() === word)
      if (!next) return { command, rest: words.slice(index) }
      command = next
    }
    return { command, rest: [] }
  }

  /** Spans of code that are commands of ours, `…` for what is left out; in guides, and in what the program itself says. */
  const spansIn = (page: string, text: string) =>
    [...text.matchAll(/`(?:npx )?bank-api ([a-z][^`$\\[]*)\\?`/g)].map(
      ([, words = '']) => [page, words.replaceAll(/\s+/g, ' ')] as const,
    )
  const spans = [
    ...[...guides, 'CHANGELOG.md'].flatMap((page) => spansIn(page, partsOf(page).prose)),
    ...globSync('src/**/*.ts', { cwd: checkout }).flatMap((file) => spansIn(file, read(file))),
  ]

  test.each(spans)('%s: bank-api %s', (_, text) => {
    const words = wordsOf(text)
    const { command, rest } = find(words)

    const options = rest.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0])
    const known = ['--help', ...command.options.map(({ long }) => long)]
    expect(command).not.toBe(program)
    if (command.commands.length > 0) expect(rest.filter((word) => word !== '…')).toEqual([])
    for (const option of options) expect(known).toContain(option)
  })

  test('of npm’s scripts, is one', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = guides.flatMap((page) =>
      [...read(page).matchAll(/`npm (?:run )?(?:--silent )?([a-z:]+)[^`]*`/g)].map(
        ([, name = '']) => name,
      ),
    )

    expect(named.length).toBeGreaterThan(10)
    for (const name of named) expect(['ci', 'install', ...Object.keys(scripts)]).toContain(name)
  })
})
