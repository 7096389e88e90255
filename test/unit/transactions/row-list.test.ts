import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createRowList } from '../../../src/transactions/row-list.ts'

const row = fc.record({ id: fc.integer({ min: 1, max: 12 }), text: fc.string({ unit: 'binary' }) })

const bytesOf = async (list: ReturnType<typeof createRowList>): Promise<Buffer> =>
  Buffer.concat((await list.bytes()).pieces)

test('a list is the JSON of its rows, each id once where it came last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(row, { maxLength: 5 }), { maxLength: 6 }), async (pages) => {
      const list = createRowList()
      let bytes = 0
      for (const page of pages) bytes += list.add(page)

      const rows = pages.flat()
      const last = rows.filter(({ id }, at) => rows.findLastIndex((one) => one.id === id) === at)
      const whole = await bytesOf(list)
      expect(whole.toString('utf8')).toBe(JSON.stringify(last))
      expect(list.size).toBe(last.length)
      expect((await list.bytes()).length).toBe(whole.length)
      expect(bytes).toBeGreaterThanOrEqual(whole.length - 1 - '[]'.length)
    }),
  )
})

test('a list of nothing is an empty one', async () => {
  expect(String(await bytesOf(createRowList()))).toBe('[]')
})

test('pages with rows that came again are read anew, others having their turn between', async () => {
  const list = createRowList()
  for (const ids of [[1, 2], [2, 3], [3]]) list.add(ids.map((id) => ({ id })))
  const other = vi.fn<() => void>()
  setImmediate(other)

  expect(String(await bytesOf(list))).toBe('[{"id":1},{"id":2},{"id":3}]')
  expect(other).toHaveBeenCalled()
})
