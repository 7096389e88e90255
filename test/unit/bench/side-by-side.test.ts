import { expect, test } from 'vitest'
import {
  atLeast,
  atMost,
  compare,
  interleave,
  median,
  timesOf,
  toTable,
} from '../../../bench/side-by-side.ts'

test('sides take turns, the other way round each time, and warm up uncounted', async () => {
  const turns: string[] = []
  const side = (name: string) => async () => {
    turns.push(name)
    return { 'requests/s': turns.length }
  }

  const seen = await interleave({ ours: side('a'), beside: side('b') }, { rounds: 2, warmUps: 1 })

  expect(turns.join('')).toBe('baabba')
  expect(seen.ours).toEqual([{ 'requests/s': 3 }, { 'requests/s': 6 }])
  expect(seen.beside).toEqual([{ 'requests/s': 4 }, { 'requests/s': 5 }])
})

test('a ratio is the median of the rounds’ own ratios, so that one bad round does not tell', () => {
  const ours = [10, 12, 900].map((ms) => ({ ms }))
  const beside = [10, 10, 10].map((ms) => ({ ms }))

  const row = compare({ bench: 'b', figure: 'ms', aim: atMost(1.25) }, ours, beside)

  expect(row).toMatchObject({ ours: 12, beside: 10, compared: 1.2, met: true })
})

test('a difference is compared as one, and an aim that is missed is said to be', () => {
  const times = (...values: number[]) => values.map((value) => ({ 'p50 ms': value }))

  const late = compare(
    { bench: 'b', figure: 'p50 ms', how: 'difference', aim: atMost(5) },
    times(9, 9, 8),
    times(1, 1, 1),
  )
  const fast = compare({ bench: 'b', figure: 'p50 ms', aim: atLeast(3) }, times(4), times(1))

  expect(late).toMatchObject({ compared: 8, met: false })
  expect(fast.met).toBe(true)
  expect(toTable([late, fast])).toContain('| b | p50 ms | 9 | 1 | +8 | ≤ 5 | missed |')
})

test('a figure that was not measured meets no aim', () => {
  const row = compare({ bench: 'b', figure: 'ms', aim: atMost(1) }, [{}], [{ ms: 1 }])

  expect(row.met).toBe(false)
})

test('medians and percentiles take what stands in their place', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)

  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(timesOf(hundred)).toEqual({ 'p50 ms': 51, 'p99 ms': 100 })
})
