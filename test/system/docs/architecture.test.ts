import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, test } from 'vitest'
import { mayUse } from '../../../.oxlint.config.ts'
import manifest from '../../../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const foldersIn = (path: string): string[] =>
  readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

const pages = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'test/README.md']

/** The rows of the first table below a heading, as their cells. */
function tableBelow(page: string, heading: string): string[][] {
  const [, below = ''] = read(page).split(`\n## ${heading}\n`)
  const [table = ''] = /(?:^\|.*\n)+/m.exec(below) ?? []
  const rows = table.trim().split('\n').slice(2)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const codeIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

/** What lint lets every room import. */
const openToAll = ['terminal', 'texts']

it('the table of rooms has every folder of src/, and says of each what lint lets it import', () => {
  const rows = tableBelow('ARCHITECTURE.md', 'Rooms')
  const said = new Map(
    rows.map(([room = '', , uses = '']) => [codeIn(room).join(), codeIn(uses).toSorted()]),
  )
  const rooms = foldersIn('src').toSorted()

  expect([...said.keys()].toSorted()).toEqual(rooms)
  expect([...Object.keys(mayUse), ...openToAll].toSorted()).toEqual(rooms)
  for (const [room, uses] of Object.entries(mayUse)) {
    expect(said.get(room), room).toEqual(uses.toSorted())
  }
})

it('every file directly in src/ is named', () => {
  const page = read('ARCHITECTURE.md')
  const files = readdirSync(join(root, 'src')).filter((name) => /\.[jt]s$/.test(name))

  expect(files.filter((name) => !page.includes(`\`src/${name}\``))).toEqual([])
})

it('the table of rooms is in the order of the floors: none imports one that comes below it', () => {
  const order = tableBelow('ARCHITECTURE.md', 'Rooms').map(([room = '']) => codeIn(room)[0])

  for (const [room, uses] of Object.entries(mayUse)) {
    const below = uses.filter((used) => order.indexOf(used) > order.indexOf(room))
    expect(below, room).toEqual([])
  }
})

/** A file or folder of ours in backticks, and the names of that file in backticks and brackets behind it. */
const reference =
  /`((?:src|test|docs|drizzle|bench|examples|\.ci)\/[^`\s]*|\.?[\w.-]+\.(?:json|md|yaml|config\.ts))`(?:\s+\(((?:`\w+`(?:,\s+)?)+)\))?/g

test.each(pages)('every file that %s names is there, and what it names in that file', (page) => {
  const named = [...read(page).matchAll(reference)].map(([, path = '', names = '']) => ({
    path,
    names: codeIn(names),
  }))
  // A path with a <name> in it is a pattern.
  const exact = named.filter(({ path }) => !path.includes('<'))

  expect(exact.length).toBeGreaterThan(5)
  for (const { path, names } of exact) {
    expect(existsSync(join(root, path)), path).toBe(true)
    for (const name of names) {
      expect(new RegExp(`\\b${name}\\b`).test(read(path)), `${name} in ${path}`).toBe(true)
    }
  }
})

it('a line of the log names the folder it comes from, and docs/watching.md names them all', () => {
  const said = globSync('src/**/*.ts', { cwd: root }).flatMap((path) =>
    [...read(path).matchAll(/\broom: '(\w+)'/g)].map(([, room = '']) => ({ path, room })),
  )
  const rooms = [...new Set(said.map(({ room }) => room))].toSorted()
  const [, chapter = ''] = read('docs/watching.md').split('\n## The log\n')
  const rows = (chapter.split('\n## ')[0] ?? '').match(/^\| `.*$/gm) ?? []
  const told = rows.flatMap((row) => codeIn(row.split('|')[1]!)).filter((name) => !/\d/.test(name))

  expect(rooms.length).toBeGreaterThan(10)
  expect(told.toSorted()).toEqual(rooms)
  for (const { path, room } of said) {
    const [, folder = ''] = path.split('/')
    // What stands directly in src/ puts rooms together, and warns of the environment before there is one.
    if (folder.endsWith('.ts')) expect([...foldersIn('src'), 'environment']).toContain(room)
    else expect(room, path).toBe(folder)
  }
})

test.each(pages)('every link of %s leads to a file', (page) => {
  for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
    expect(existsSync(join(root, dirname(page), target)), target).toBe(true)
  }
})

test.each(pages)('every npm script that %s names is there', (page) => {
  const known = ['ci', 'install', ...Object.keys(manifest.scripts)]
  for (const [, script = ''] of read(page).matchAll(/`npm (?:run )?([\w:-]+)/g)) {
    expect(known).toContain(script)
  }
})

it('test/README.md says of every folder of test/ what belongs there', () => {
  const rows = tableBelow('test/README.md', 'Where a new test goes')
  const named = rows.flatMap(([folder = '']) => codeIn(folder)).filter((name) => name.endsWith('/'))
  const folders = [
    ...foldersIn('test').filter((name) => name !== 'system'),
    ...foldersIn('test/contract').map((name) => `contract/${name}`),
    ...foldersIn('test/system').map((name) => `system/${name}`),
    'unit/<room>',
  ]

  expect(named.toSorted()).toEqual(folders.map((name) => `${name}/`).toSorted())
})

it('test/unit/ mirrors the rooms of src/, and has the parts of the bench', () => {
  const rooms = new Set([...foldersIn('src'), 'bench'])

  expect(foldersIn('test/unit').filter((name) => !rooms.has(name))).toEqual([])
})

it('editors break lines and indent as the formatter does', () => {
  const format = JSON.parse(read('.oxfmtrc.json')) as { printWidth: number }
  const everywhere = read('.editorconfig').split('\n[')[1]

  expect(everywhere).toContain(`max_line_length = ${format.printWidth}\n`)
  expect(everywhere).toContain('indent_style = space\nindent_size = 2\n')
})
