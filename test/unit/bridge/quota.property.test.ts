import { array, assert, boolean, constantFrom, property, tuple } from 'fast-check'
import { expect, it } from 'vitest'
import { createFairQueue } from '../../../src/fair-queue.ts'

const path = tuple(constantFrom('a', 'b', 'c'), constantFrom('x', 'y'), constantFrom('', '1', '2'))

it('serves every entry exactly once, each leaf in the order it came', () => {
  assert(
    property(array(path, { maxLength: 60 }), (paths) => {
      const turns = createFairQueue<{ path: string; index: number }>()
      for (const [index, one] of paths.entries()) turns.add(one, { path: one.join('/'), index })

      const taken = paths.map(() => turns.take(() => true)!)

      expect(turns.take(() => true)).toBeUndefined()
      expect(turns.size).toBe(0)
      expect(new Set(taken).size).toBe(paths.length)
      for (const leaf of new Set(taken.map((entry) => entry.path))) {
        const order = taken.filter((entry) => entry.path === leaf).map(({ index }) => index)
        expect(order).toEqual(order.toSorted((a, b) => a - b))
      }
    }),
  )
})

it('serves no tenant twice while another waits for its turn', () => {
  assert(
    property(array(path, { minLength: 2, maxLength: 60 }), (paths) => {
      const turns = createFairQueue<{ tenant: string }>()
      for (const one of paths) turns.add(one, { tenant: one[0] })

      // For each tenant that waits: whom it has seen served since its own last turn.
      const seen = new Map<string, string[]>()
      while (turns.size > 0) {
        const waiting = turns.branches().map(({ name }) => name)
        const { tenant } = turns.take(() => true)!
        for (const other of waiting) seen.set(other, [...(seen.get(other) ?? []), tenant])
        seen.set(tenant, [])
        for (const others of seen.values()) expect(new Set(others).size).toBe(others.length)
      }
    }),
  )
})

it('says truly how many go before a newcomer', () => {
  assert(
    property(array(path, { maxLength: 60 }), path, (paths, mine) => {
      const turns = createFairQueue<object>()
      for (const one of paths) turns.add(one, {})
      const newcomer = {}
      const ahead = turns.ahead(mine)
      turns.add(mine, newcomer)

      let before = 0
      while (turns.take(() => true) !== newcomer) before += 1

      // The branch it joins may stand anywhere in its ring: it is at most one round off at each level.
      expect(before).toBeLessThanOrEqual(ahead)
    }),
  )
})

it('keeps its counts right when entries leave', () => {
  assert(
    property(array(tuple(path, boolean()), { maxLength: 60 }), (steps) => {
      const turns = createFairQueue<object>()
      const entries = steps.map(([one, leaves]) => ({ one, leaves }))
      for (const entry of entries) turns.add(entry.one, entry)
      for (const entry of entries.filter(({ leaves }) => leaves)) turns.remove(entry.one, entry)

      const staying = entries.filter(({ leaves }) => !leaves)
      const taken = new Set(staying.map(() => turns.take(() => true)))

      expect(taken).toEqual(new Set(staying))
      expect(turns.size).toBe(0)
      expect(turns.branches()).toEqual([])
    }),
  )
})

it('tells who waits in the order in which they would be taken', () => {
  assert(
    property(array(path, { maxLength: 60 }), (paths) => {
      const turns = createFairQueue<number>()
      for (const [index, one] of paths.entries()) turns.add(one, index)

      const told = turns.first(40)

      const taken = paths.map(() => turns.take(() => true)!)
      expect(told).toEqual(taken.slice(0, 40))
    }),
  )
})
