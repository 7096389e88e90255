import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  pickPage,
  rowsOfEach,
  sitesAtOnce,
  type FeedRow,
} from '../../../../src/db/rules/feed-page.ts'
import { inForm } from '../../../support/form.ts'

const row = fc.record({
  site: fc.constantFrom('a', 'b', 'c', 'd'),
  type: fc.constantFrom('x', 'y'),
  size: fc.option(fc.integer({ min: 1, max: 40 }), { freq: 5 }),
})

it('whoever reads page after page sees every wanted event once, in order, however small the pages are', () => {
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 90 }),
      fc.option(fc.constant(['x']), { nil: undefined }),
      (made, ofEach, limit, bytes, types) => {
        const all = made.map(({ site, type, size }, nth): FeedRow => ({
          seq: nth + 1,
          siteId: site,
          type,
          size,
          receivedAt: nth,
        }))
        const seen: number[] = []
        let after = 0
        for (let hasMore = true; hasMore;) {
          const rows = ['d', 'c', 'b', 'a'].flatMap((site) =>
            all.filter(({ seq, siteId }) => siteId === site && seq > after).slice(0, ofEach),
          )
          const page = pickPage(rows, { types, limit, bytes, forgottenBefore: 0 }, ofEach)
          if (page === 'forgotten') throw new Error('Nothing is forgotten')
          expect(page.seqs.length).toBeLessThanOrEqual(limit)
          const sizes = page.seqs.map((seq) => all[seq - 1]!.size!)
          expect(sizes.length === 1 || sizes.reduce((a, b) => a + b, 0) <= bytes).toBe(true)
          seen.push(...page.seqs)
          hasMore = page.hasMore
          if (hasMore) expect(page.upTo!.seq).toBeGreaterThan(after)
          after = page.upTo?.seq ?? after
        }
        const wanted = all.filter(({ size, type }) => size !== null && (!types || type === 'x'))
        expect(seen).toEqual(wanted.map(({ seq }) => seq))
      },
    ),
    { numRuns: inForm(200, 5_000) },
  )
})

it('what comes before something forgotten is given first', () => {
  const kept = { seq: 1, siteId: 'a', type: 'x', size: 3, receivedAt: 5 }
  const query = { limit: 9, bytes: 9, types: undefined, forgottenBefore: 10 }
  const lost = { ...kept, seq: 2, size: null }

  expect(pickPage([kept, lost], query, 9)).toMatchObject({ seqs: [1], hasMore: true })
  expect(pickPage([lost], query, 9)).toBe('forgotten')
  expect(pickPage([{ ...lost, receivedAt: 10 }], query, 9)).toMatchObject({ upTo: { seq: 2 } })
})

it('of many sites it looks at some events of each, of few at more', () => {
  expect([rowsOfEach(0), rowsOfEach(1), rowsOfEach(4), rowsOfEach(5_000)]).toEqual([
    2_000, 2_000, 500, 20,
  ])
})

it('of more sites than are looked at, what comes behind the first one of the last waits for the next page', () => {
  const first = Array.from({ length: sitesAtOnce }, (_, nth) => ({
    seq: nth,
    siteId: `sit_${nth}`,
  }))
  const rows = [...first, { seq: sitesAtOnce, siteId: 'sit_0' }].map((row) => {
    return { ...row, type: 'x', receivedAt: row.seq, size: 1 }
  })
  const query = { limit: 9_999, bytes: 9_999, forgottenBefore: 0 }

  expect(pickPage(rows, query, 20)).toMatchObject({
    seqs: first.map(({ seq }) => seq),
    upTo: { seq: sitesAtOnce - 1 },
    hasMore: true,
  })
  expect(
    pickPage(
      first.slice(1).map((one) => ({ ...rows[0]!, ...one })),
      query,
      20,
    ),
  ).toMatchObject({ hasMore: false })
})
