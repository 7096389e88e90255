import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { sharesOf, type Ready } from '../../../../src/db/rules/claim-shares.ts'

/** Sites with a slot free, whose turn it is first. */
const readySites = fc
  .array(
    fc.record({ busy: fc.nat(3), free: fc.integer({ min: 1, max: 4 }), retrying: fc.nat(2) }),
    { maxLength: 12 },
  )
  .map((sites) =>
    sites
      .map(({ busy, free, retrying }): Omit<Ready, 'siteId'> => ({
        busy,
        slots: busy + free,
        retrying: Math.min(busy, retrying),
      }))
      .toSorted((one, other) => one.busy - other.busy)
      .map((site, index): Ready => ({ siteId: `sit_${index}`, ...site })),
  )

const limits = fc.record({ limit: fc.nat(30), spreadAfter: fc.nat(30) })

it('no more is dealt than asked for, and no site gets more than it has slots', () => {
  fc.assert(
    fc.property(readySites, limits, (ready, { limit, spreadAfter }) => {
      const shares = sharesOf(ready, { limit, spreadAfter })

      expect(shares.map(({ siteId }) => siteId)).toEqual(ready.map(({ siteId }) => siteId))
      const sum = shares.reduce((total, share) => total + share.limit, 0)
      expect(sum).toBeLessThanOrEqual(limit)
      for (const [index, { busy, slots }] of ready.entries()) {
        expect(shares[index]!.limit).toBeLessThanOrEqual(slots - busy)
      }
      const isAllFree = ready.every(({ busy, slots }, i) => shares[i]!.limit === slots - busy)
      if (spreadAfter >= limit) expect(isAllFree || sum === limit).toBe(true)
    }),
  )
})

it('no site gets a second place while another has none, in flight or dealt', () => {
  fc.assert(
    fc.property(readySites, limits, (ready, limit) => {
      const shares = sharesOf(ready, limit)

      const taken = ready.map(({ busy }, index) => busy + shares[index]!.limit)
      const isAnyLeftOut = taken.includes(0)
      if (isAnyLeftOut) {
        for (const [index, { busy }] of ready.entries()) {
          expect(shares[index]!.limit).toBeLessThanOrEqual(busy === 0 ? 1 : 0)
        }
      }
    }),
  )
})

it('what is dealt beyond `spreadAfter` is a site’s first in flight', () => {
  fc.assert(
    fc.property(readySites, limits, (ready, { limit, spreadAfter }) => {
      const shares = sharesOf(ready, { limit, spreadAfter })

      const firsts = ready.filter(
        ({ busy }, index) => busy === 0 && shares[index]!.limit > 0,
      ).length
      const sum = shares.reduce((total, share) => total + share.limit, 0)
      expect(sum).toBeLessThanOrEqual(Math.max(spreadAfter, firsts))
    }),
  )
})

it('one slot of several is for what waits longest, unless a retry is in flight', () => {
  fc.assert(
    fc.property(readySites, limits, (ready, limit) => {
      for (const [index, share] of sharesOf(ready, limit).entries()) {
        const { slots, retrying } = ready[index]!
        expect(share.oldest).toBe(share.limit > 0 && slots > 1 && retrying === 0 ? 1 : 0)
      }
    }),
  )
})
