import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  claimGivenUp,
  claimOfCallback,
  offeredClaim,
  requestLeft,
} from '../../../../src/db/rules/request-claim.ts'
import { anItemId, aRequestRow, aTime } from './rows.ts'

it('a callback’s claim is never taken for a guess, and a completed request takes none', () => {
  fc.assert(
    fc.property(aRequestRow, anItemId, (request, itemId) => {
      const claim = claimOfCallback(request, { itemId, step: 'bank' })

      if (request.state === 'completed') {
        expect(claim).toBeNull()
        return
      }
      expect(claim).toMatchObject({ claimedItemId: itemId, claimedStep: 'bank' })
      if (request.itemId === null) expect({ ...request, ...claim }.matchedAt).toBeNull()
    }),
  )
})

it('a claim that is given up leaves neither claim nor guess, and keeps how an item was found', () => {
  fc.assert(
    fc.property(aRequestRow, anItemId, aTime, (request, itemId, at) => {
      const guessed = { ...request, ...offeredClaim(itemId, at) }
      const after = { ...guessed, ...claimGivenUp(guessed) }

      expect(after).toMatchObject({ claimedItemId: null, claimedStep: null })
      expect(after.matchedAt).toBe(request.itemId === null ? null : at)
    }),
  )
})

it('who left fails an open request and its guess, and ends no other', () => {
  fc.assert(
    fc.property(aRequestRow, (request) => {
      const after = { ...request, ...requestLeft(request, 'bank') }

      const isOpen = request.state === 'pending' || request.state === 'failed'
      expect(after.state).toBe(isOpen ? 'failed' : request.state)
      expect(after.step).toBe(isOpen ? 'bank' : request.step)
      expect(after.itemId).toBe(request.itemId)
      if (after.itemId === null) expect(after.matchedAt).toBeNull()
      const hadGuess = request.itemId === null && request.matchedAt !== null
      expect(after.claimedItemId).toBe(hadGuess ? null : request.claimedItemId)
    }),
  )
})
