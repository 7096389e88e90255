import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Receipt } from '../../../../src/db/ports/removals.ts'
import { nothingYet, stepDone, withMore } from '../../../../src/db/rules/removal-receipt.ts'

const names = Object.keys(nothingYet) as (keyof typeof nothingYet)[]
const aCount = fc.nat({ max: 9 })
const aStep = fc.record(
  Object.fromEntries(names.map((name) => [name, aCount])) as Record<
    (typeof names)[number],
    typeof aCount
  >,
  { requiredKeys: [] },
)

it('a receipt is the sum of its steps, in whatever order they came', () => {
  fc.assert(
    fc.property(fc.array(aStep), (steps) => {
      const sum = steps.reduce<Receipt>(withMore, nothingYet)
      const backwards = steps.toReversed().reduce<Receipt>(withMore, nothingYet)

      expect(Object.keys(sum)).toEqual(names)
      expect(sum).toEqual(backwards)
      for (const name of names) {
        expect(sum[name]).toBe(steps.reduce((total, step) => total + (step[name] ?? 0), 0))
      }
    }),
  )
})

it('a step that is repeated counts no user at Bridge again, but each item it deleted there', () => {
  fc.assert(
    fc.property(aCount, fc.boolean(), (hung, atBridge) => {
      const usersAtBridge = (rows: number) =>
        withMore(nothingYet, stepDone('users', { rows, hung, atBridge })).bridge_users
      expect(usersAtBridge(1)).toBe(atBridge ? 1 : 0)
      expect(usersAtBridge(0)).toBe(0)
      expect(stepDone('items', { rows: 0, hung: 0, atBridge: true }).bridge_items).toBe(1)
    }),
  )
})
