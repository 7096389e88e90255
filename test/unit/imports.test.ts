import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

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
