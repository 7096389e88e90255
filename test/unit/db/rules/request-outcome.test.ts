import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  claimantOf,
  itemIdOf,
  released,
  settleOutcome,
  type RequestSurroundings,
} from '../../../../src/db/rules/request-outcome.ts'
import type { ConnectRequest, RequestOutcome } from '../../../../src/db/ports/requests.ts'
import { anItemRow, aRequestRow, aTime, someFacts } from './rows.ts'

const anOutcome: fc.Arbitrary<RequestOutcome> = fc.record({
  state: fc.constantFrom('pending', 'completed', 'failed'),
  step: fc.constantFrom(null, 'bank'),
  item: fc.oneof(
    someFacts,
    someFacts.map(({ id }) => id),
  ),
  at: aTime,
  matched: fc.boolean(),
})

/** A request, an outcome of it, and what may stand around both. */
const aCase = fc
  .record({
    request: aRequestRow,
    outcome: anOutcome,
    holder: fc.option(aRequestRow, { nil: undefined }),
    item: fc.option(anItemRow, { nil: undefined }),
    wasDeleted: fc.boolean(),
  })
  .map(({ request, outcome, holder, item, wasDeleted }) => {
    const id = itemIdOf(outcome)
    const around: RequestSurroundings = {
      isServed: true,
      holder: holder && { id: `${holder.id} of another`, matchedAt: holder.matchedAt },
      item: item && { ...item, id, userId: request.userId },
      wasDeleted: !item && wasDeleted,
    }
    return { request, outcome, around }
  })

const settled = (request: ConnectRequest, change: object): ConnectRequest => ({
  ...request,
  ...change,
})

describe('what becomes of a request', () => {
  it('nothing, when it is served no more, or the item is another user’s', () => {
    fc.assert(
      fc.property(aCase, ({ request, outcome, around }) => {
        const unserved = settleOutcome(request, outcome, { ...around, isServed: false })
        const foreign = { ...around, item: around.item && { ...around.item, userId: 'eve' } }

        expect(unserved).toEqual({ kind: 'held' })
        if (foreign.item) expect(settleOutcome(request, outcome, foreign).kind).not.toBe('settled')
      }),
    )
  })

  it('nothing, when the item went while Bridge was asked', () => {
    fc.assert(
      fc.property(aCase, anItemRow, ({ request, outcome, around }, row) => {
        const item = { ...row, id: itemIdOf(outcome), userId: request.userId, goneAt: outcome.at }

        const { kind } = settleOutcome(request, outcome, { ...around, item })
        expect(['held', 'over']).toContain(kind)
      }),
    )
  })

  it('an item is taken only from a request that was matched, and only by one that was verified', () => {
    fc.assert(
      fc.property(aCase, ({ request, outcome, around }) => {
        const result = settleOutcome(request, outcome, around)

        if (result.kind !== 'settled') return
        const rival = request.managedItemId === null ? around.holder : undefined
        expect(result.loser).toBe(rival?.id ?? null)
        if (rival) expect([outcome.matched, rival.matchedAt === null]).toEqual([false, false])
      }),
    )
  })

  it('a completed request that was verified stays as it is', () => {
    fc.assert(
      fc.property(aCase, ({ request, outcome, around }) => {
        const done = { ...request, state: 'completed' as const, itemId: 1, matchedAt: null }

        const result = settleOutcome(done, outcome, around)

        expect(result).toEqual({ kind: 'over', change: null })
      }),
    )
  })

  it('a match takes no item away from the request itself, nor makes its own a new match', () => {
    fc.assert(
      fc.property(aCase, ({ request, outcome, around }) => {
        const result = settleOutcome(request, { ...outcome, matched: true }, around)

        if (result.kind !== 'settled' || request.itemId === null) return
        expect(result.change).toMatchObject({
          itemId: request.itemId,
          matchedAt: request.matchedAt,
        })
        expect(result.offered).toBeNull()
      }),
    )
  })

  it('the site is told exactly when the request turns completed, and claims end', () => {
    fc.assert(
      fc.property(aCase, ({ request, outcome, around }) => {
        const result = settleOutcome(request, outcome, around)

        if (result.kind !== 'settled') return
        expect(result.announced).toBe(outcome.state === 'completed')
        expect(result.item).toMatchObject({ id: itemIdOf(outcome), userId: request.userId })
        expect(result.change).toMatchObject({
          itemId: itemIdOf(outcome),
          claimedItemId: null,
          completedAt: outcome.state === 'completed' ? outcome.at : null,
        })
      }),
    )
  })

  it('said twice, an outcome is over or changes nothing more', () => {
    fc.assert(
      fc.property(aCase, ({ request, outcome, around }) => {
        const first = settleOutcome(request, outcome, around)
        if (first.kind !== 'settled') return

        const after = settled(request, first.change)
        const again = settleOutcome(after, outcome, {
          isServed: true,
          holder: undefined,
          item: first.item,
          wasDeleted: false,
        })

        if (outcome.state === 'completed') {
          expect(again.kind).toBe('over')
          return
        }
        expect(again).toMatchObject({ kind: 'settled', offered: null, announced: false })
        if (again.kind === 'settled') expect(settled(after, again.change)).toEqual(after)
      }),
    )
  })

  it('only who managed an item has its accounts compared, from the earliest visit on, and anew after each', () => {
    fc.assert(
      fc.property(aCase, ({ request, outcome, around }) => {
        const result = settleOutcome(request, outcome, around)

        if (result.kind !== 'settled') return
        const before = around.item?.compareFrom ?? null
        const isVisit = outcome.state === 'completed' && request.managedItemId !== null
        const { openedAt } = request
        const { compareFrom } = result.item
        if (!isVisit) {
          expect(compareFrom).toBe(before)
          return
        }
        // Not earlier: the accounts that were remembered for the visit have its time.
        const isLater = before !== null && openedAt >= before
        expect(compareFrom).toBe(isLater ? before + 1 : openedAt)
      }),
    )
  })
})

describe('whose an item is that a correction let go', () => {
  const waiting = aRequestRow.map((request): ConnectRequest => ({
    ...request,
    ...released,
    managedItemId: null,
    claimedItemId: null,
  }))
  const open = fc.uniqueArray(fc.oneof(aRequestRow, waiting), {
    selector: ({ id }) => id,
    maxLength: 3,
  })

  it('nobody’s but of a request that waits for a new item, opened before the item was made', () => {
    fc.assert(
      fc.property(anItemRow, open, fc.constantFrom(null, 'r1'), (item, ofUser, loserId) => {
        const id = claimantOf(item, ofUser, loserId)

        if (id === undefined) return
        const claimant = ofUser.find((request) => request.id === id)
        expect(item.goneAt).toBeNull()
        expect(claimant).toMatchObject({ itemId: null, managedItemId: null, claimedItemId: null })
        expect(['pending', 'failed']).toContain(claimant?.state)
        expect(claimant?.expiresAt).toBeGreaterThan(item.createdAt)
        expect(claimant?.openedAt).toBeLessThanOrEqual(item.createdAt + 2_000)
      }),
    )
  })

  it('the one that lost its own comes first, and of several others none is guessed', () => {
    fc.assert(
      fc.property(anItemRow, aRequestRow, aTime, ({ ...row }, request, at) => {
        const item = { ...row, goneAt: null, createdAt: at }
        const waiting = (id: string): ConnectRequest => ({
          ...request,
          ...released,
          id,
          managedItemId: null,
          claimedItemId: null,
          openedAt: at,
          expiresAt: at + 1,
        })
        const both = [waiting('r1'), waiting('r2')]

        expect(claimantOf(item, both, 'r2')).toBe('r2')
        expect(claimantOf(item, both, 'r3')).toBeUndefined()
        expect(claimantOf(item, both.slice(1), null)).toBe('r2')
      }),
    )
  })
})
