import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRowList } from '../../../src/transactions/row-list.ts'

const row = fc.record({ id: fc.integer({ min: 1, max: 12 }), text: fc.string({ unit: 'binary' }) })

const textOf = (list: ReturnType<typeof createRowList>): string =>
  Buffer.concat(list.bytes().pieces).toString('utf8')

test('a list is the JSON of its rows, each id once where it came last', () => {
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 5 }), { maxLength: 6 }), (pages) => {
      const list = createRowList()
      let bytes = 0
      for (const page of pages) {
        bytes += list.add(
          page,
          page.map(({ id }) => id),
        )
      }

      const rows = pages.flat()
      const last = rows.filter(({ id }, at) => rows.findLastIndex((one) => one.id === id) === at)
      expect(textOf(list)).toBe(JSON.stringify(last))
      expect(list.size).toBe(last.length)
      expect(list.bytes().length).toBe(Buffer.byteLength(textOf(list)))
      expect(bytes).toBeGreaterThanOrEqual(Buffer.byteLength(textOf(list)) - 1 - '[]'.length)
    }),
  )
})

test('a list of nothing is an empty one', () => {
  expect(textOf(createRowList())).toBe('[]')
})
