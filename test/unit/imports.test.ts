import { globSync, readFileSync } from 'node:fs'
import { dirname, join, matchesGlob } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import lint, { mayUse } from '../../.oxlint.config.ts'

const src = fileURLToPath(new URL('../../src', import.meta.url))

/** Each file of the program with the files of it that it imports, types included: lint sees circles of values alone. */
const imports = new Map(
  globSync('**/*.ts', { cwd: src }).map((file) => {
    const text = readFileSync(join(src, file), 'utf8')
    const found = [...text.matchAll(/ from '(\.[^']+)'/g)].map(([, to = '']) =>
      join(dirname(file), to),
    )
    return [file, found]
  }),
)

it('no file imports, by whatever way, what imports it', () => {
  const done = new Set<string>()
  const circles: string[] = []
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file) || path.includes(file)) return
    for (const next of imports.get(file) ?? []) walk(next, [...path, file])
    done.add(file)
  }

  for (const file of imports.keys()) walk(file, [])

  expect(imports.size).toBeGreaterThan(200)
  expect(circles).toEqual([])
})

it('every path of ours that lint closes is there', () => {
  const closed = JSON.stringify(lint.overrides).match(/(?<=")\*\*\/[^"]+/g) ?? []
  const files = [...imports.keys()].map((file) => `src/${file}`)
  const isThere = (path: string) => files.some((file) => matchesGlob(file, path))

  expect(closed.length).toBeGreaterThan(50)
  expect([...new Set(closed)].filter((path) => !isThere(path))).toEqual([])
})

it('what lint lets a room import, some file of it does', () => {
  const roomOf = (file: string): string => file.split('/')[0] ?? ''
  const used = new Set(
    [...imports].flatMap(([file, found]) => found.map((to) => `${roomOf(file)} → ${roomOf(to)}`)),
  )
  const allowed = Object.entries(mayUse).flatMap(([room, uses]) =>
    uses.map((to) => `${room} → ${to}`),
  )

  expect(allowed.filter((one) => !used.has(one))).toEqual([])
})
