import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Delivery, Settlement } from '../../../../src/db/ports/deliveries.ts'
import { endTry, firstDueAt } from '../../../../src/db/rules/try-outcome.ts'

const fresh: Delivery = {
  id: 'dlv_1',
  eventSeq: 1,
  siteId: 'sit_1',
  itemId: 7,
  state: 'pending',
  attempts: 0,
  scheduleFrom: 0,
  dueAt: 0,
  claimedUntil: null,
  claimedBy: null,
  firstEndedAt: null,
  createdAt: 0,
  settledAt: null,
}

const outcome = fc.constantFrom<Settlement['outcome']>(
  { kind: 'delivered' },
  { kind: 'failed', dueAt: 999 },
  { kind: 'dead' },
  { kind: 'released' },
)

/** The delivery as a claim leaves it. */
const claimed = (delivery: Delivery, until = 60): Delivery => ({
  ...delivery,
  attempts: delivery.attempts + 1,
  claimedUntil: until,
  claimedBy: 'srv_1',
})

it('only the claim that still holds ends a try', () => {
  fc.assert(
    fc.property(
      outcome,
      fc.nat(5),
      fc.nat(5),
      fc.boolean(),
      (outcome, attempts, attempt, isClaimed) => {
        const delivery = { ...fresh, attempts, claimedBy: isClaimed ? 'srv_1' : null }

        const end = endTry(delivery, { attempt, at: 5, outcome, endpoint: null }, null)

        expect(end !== undefined).toBe(isClaimed && attempts === attempt)
      },
    ),
  )
})

it('however tries end, the schedule counts those that took place, and the next is let go once, by the first', () => {
  fc.assert(
    fc.property(fc.array(outcome, { minLength: 1, maxLength: 12 }), (outcomes) => {
      let delivery = fresh
      let tried = 0
      const freedBy: number[] = []
      for (const [index, one] of outcomes.entries()) {
        delivery = claimed(delivery)
        expect(delivery.attempts - delivery.scheduleFrom).toBe(tried + 1)
        const end = endTry(
          delivery,
          {
            attempt: delivery.attempts,
            at: index + 1,
            outcome: one,
            endpoint: null,
          },
          null,
        )!
        delivery = { ...delivery, ...end.change }
        if (end.wasTried) tried += 1
        if (end.freesNext) freedBy.push(index)
        expect(delivery.claimedUntil).toBeNull()
        expect(end.wasTried).toBe(one.kind !== 'released')
      }

      const first = outcomes.findIndex(({ kind }) => kind !== 'released')
      expect(freedBy).toEqual(first < 0 ? [] : [first])
      expect(delivery.firstEndedAt).toBe(first < 0 ? null : first + 1)
    }),
  )
})

it('what is delivered or dead is settled then; what failed or was given back waits for its time', () => {
  fc.assert(
    fc.property(outcome, fc.nat(1_000), (one, at) => {
      const { change } = endTry(
        claimed(fresh),
        { attempt: 1, at, outcome: one, endpoint: null },
        null,
      )!

      const isOver = one.kind === 'delivered' || one.kind === 'dead'
      expect(change.state).toBe(isOver ? one.kind : 'pending')
      expect(change.settledAt).toBe(isOver ? at : null)
      if (!isOver) expect(change.dueAt).toBe(one.kind === 'failed' ? one.dueAt : at)
    }),
  )
})

it('a delivery behind an untried one of its item has no time of its own', () => {
  expect(firstDueAt(5, { isBehind: true })).toBeNull()
  expect(firstDueAt(5, { isBehind: false })).toBe(5)
})
