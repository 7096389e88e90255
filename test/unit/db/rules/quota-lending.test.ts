import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lendQuota, untouchedQuota } from '../../../../src/db/rules/quota-lending.ts'
import { permitLifeMs, type QuotaAsk, type QuotaWant } from '../../../../src/quota-lending.ts'
import { testNow } from '../../../support/clock.ts'

const limits = { burst: 400, perSecond: 5, userPerMinute: 60, tokensPerMinute: 10 }

type Asked = Partial<Omit<QuotaAsk, 'wants'>> & { wants?: Partial<QuotaWant>[] }

/** Lends from one quota, as the store does: each reads what the last one wrote. */
function aQuota(changed: Partial<QuotaAsk['limits']> = {}) {
  let state = structuredClone(untouchedQuota)
  return ({ wants: some = [], ...ask }: Asked) => {
    const wants = some.map((want) => ({ tenant: 'ten_a', key: '', count: 0, spare: 0, ...want }))
    const whole = { by: 'srv_1', at: testNow, unused: [], holds: [], ...ask, wants }
    const lent = lendQuota(state, { ...whole, limits: { ...limits, ...changed } })
    state = JSON.parse(JSON.stringify(lent.state)) as typeof state
    return lent.answer
  }
}

describe('what is lent', () => {
  it('is what is asked for, and spent by that, whether it is used or not', () => {
    const ask = aQuota()

    expect(ask({ wants: [{ count: 3 }] })).toMatchObject({ lent: [3], available: 397 })
    expect(ask({ at: testNow + 200 }).available).toBe(398)
  })

  it('fills up with time, so that what a dead member had comes back', () => {
    const ask = aQuota({ burst: 10 })
    ask({
      wants: [
        { tenant: 'ten_a', count: 9 },
        { tenant: 'ten_b', count: 9 },
      ],
    })

    const after = (ms: number) => ask({ at: testNow + ms }).available

    expect(after(0)).toBe(0)
    expect(after(1_000)).toBe(5)
    expect(after(60_000)).toBe(10)
  })

  it('is one call to each who wants some in turn when there is not enough', () => {
    const ask = aQuota({ burst: 10 })

    const answer = ask({
      wants: [
        { tenant: 'ten_a', key: 'user ann', count: 9 },
        { tenant: 'ten_b', key: 'user ben', count: 1 },
        { tenant: 'ten_c', key: 'user cat', count: 9 },
      ],
    })

    expect(answer.lent).toEqual([5, 1, 4])
  })

  it('is at most half of the burst to a tenant, whoever asks for it', () => {
    const ask = aQuota()

    expect(ask({ by: 'srv_1', wants: [{ count: 150 }] }).lent).toEqual([150])
    expect(ask({ by: 'srv_2', wants: [{ count: 150 }] }).lent).toEqual([50])
    expect(ask({ by: 'srv_2', wants: [{ tenant: 'ten_b', count: 150 }] }).lent).toEqual([150])
  })

  it('and may still be in somebody’s hand, leaves the bucket so much smaller, or more than the burst would lie ready', () => {
    const ask = aQuota()
    const wants = ['ann', 'ben', 'cat'].map((user) => ({ key: `user ${user}`, count: 1, spare: 3 }))

    expect(ask({ wants }).lent).toEqual([4, 4, 4])

    expect(ask({ at: testNow + 2_999 }).available).toBe(400 - 9)
    expect(ask({ at: testNow + 5_000 }).available).toBe(400)
  })

  it('is no more for a user than Bridge allows it, and comes free when the window has passed', () => {
    const ask = aQuota()
    const ann = (count: number, at = testNow) =>
      ask({ at, wants: [{ key: 'user ann', count }] }).lent[0]

    expect(ann(40)).toBe(40)
    expect(ann(40)).toBe(20)
    expect(ann(40, testNow + 62_999)).toBe(0)
    expect(ann(40, testNow + 63_000)).toBe(40)
  })

  it('of access tokens is counted apart', () => {
    const ask = aQuota()

    const answer = ask({
      wants: [
        { key: 'token ann', count: 99 },
        { key: 'user ann', count: 99 },
      ],
    })

    expect(answer.lent).toEqual([10, 60])
  })

  it('is nothing to anybody for a key that Bridge told to wait', () => {
    const ask = aQuota()
    ask({ by: 'srv_1', holds: [{ key: 'user ann', until: testNow + 30_000 }] })
    const ann = (at: number) => ask({ by: 'srv_2', at, wants: [{ key: 'user ann', count: 1 }] })

    expect(ann(testNow + 29_999).lent).toEqual([0])
    expect(ann(testNow + 29_999).keys['user ann']?.heldUntil).toBe(testNow + 30_000)
    expect(ann(testNow + 30_000).lent).toEqual([1])
  })

  it('holds some to spare while there is more than half of everything, and none later', () => {
    const ask = aQuota()
    const one = (tenant: string, key: string) =>
      ask({ wants: [{ tenant, key, count: 1, spare: 3 }] }).lent

    expect(one('ten_a', 'user ann')).toEqual([4])
    expect(ask({ wants: [{ key: 'user ann', count: 26 }] }).lent).toEqual([26])
    expect(one('ten_a', 'user ann')).toEqual([1])
    expect(ask({ wants: [{ tenant: 'ten_b', count: 200 }] }).lent).toEqual([200])
    expect(one('ten_c', 'user cat')).toEqual([1])
  })
})

describe('what was not used', () => {
  it('goes back, to its user as well', () => {
    const ask = aQuota()
    ask({ wants: [{ key: 'user ann', count: 60 }] })

    const answer = ask({
      at: testNow + 3_000,
      unused: [{ tenant: 'ten_a', key: 'user ann', at: testNow, count: 50 }],
      wants: [{ key: 'user ann', count: 60 }],
    })

    expect(answer).toMatchObject({ lent: [50], available: 350 })
  })

  it('makes no bucket fuller than full, and no user freer than free', () => {
    const ask = aQuota()
    ask({ wants: [{ key: 'user ann', count: 1 }] })

    const answer = ask({
      at: testNow + 60_000,
      unused: [{ tenant: 'ten_a', key: 'user ann', at: testNow, count: 500 }],
      wants: [{ key: 'user ann', count: 100 }],
    })

    expect(answer).toMatchObject({ lent: [60], available: 340 })
  })
})

describe('those who share it', () => {
  it('hear how many others got less than they wanted, and for whom these wait', () => {
    const ask = aQuota({ burst: 10 })
    ask({ by: 'srv_1', wants: [{ count: 9 }, { tenant: 'ten_b', count: 8 }] })
    ask({ by: 'srv_2', wants: [{ count: 2 }] })

    expect(ask({ by: 'srv_3' })).toMatchObject({ rivals: 2, waiting: { ten_a: 6, ten_b: 3 } })
    expect(ask({ by: 'srv_1' })).toMatchObject({ rivals: 1, waiting: { ten_a: 2 } })
    expect(ask({ by: 'srv_3', at: testNow + 3_000 })).toMatchObject({ rivals: 0, waiting: {} })
  })
})

it('members whose asks come in another order than their clocks say are lent no more than one alone', () => {
  const ask = aQuota({ burst: 40, userPerMinute: 1_000 })
  let lent = 0
  for (let ms = 0; ms < 60_000; ms += 100) {
    // One clock is half a second behind; or its ask was in another's way, and is looked at once more.
    const late = (ms / 100) % 2 === 0 ? 500 : 0
    const wants = [{ tenant: late > 0 ? 'ten_a' : 'ten_b', count: 9 }]
    lent += ask({ by: `srv_${late}`, at: testNow + ms - late, wants }).lent[0]!
  }

  expect(lent).toBeLessThanOrEqual(40 + 60.5 * 5)
  expect(lent).toBeGreaterThan(40 + 55 * 5)
})

describe('a clock that was put back', () => {
  it('keeps nobody from calling until its date', () => {
    const ask = aQuota()
    const late = testNow + 86_400_000
    ask({
      at: late,
      wants: [
        { key: 'user ann', count: 60 },
        { tenant: 'ten_b', count: 200 },
      ],
    })

    const answer = ask({ at: testNow + 80_000, wants: [{ key: 'user ann', count: 60 }] })

    expect(answer.lent[0]).toBe(0)
    expect(ask({ at: testNow + 92_000, wants: [{ key: 'user ann', count: 60 }] }).lent).toEqual([
      60,
    ])
  })
})

/** Members that ask now and then, use what they have at any time while it lives, and give the rest back sooner or later. */
const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(50), fc.nat(3_000)),
    member: fc.nat(3),
    wants: fc.array(
      fc.record({
        tenant: fc.constantFrom('ten_a', 'ten_b', 'ten_c'),
        user: fc.constantFrom('', 'user ann', 'user ben'),
        count: fc.nat(30),
        spare: fc.nat(4),
      }),
      { maxLength: 4 },
    ),
    /** When what waits is used, in shares of a permit's life. */
    use: fc.double({ min: 0, max: 0.999, noNaN: true }),
    /** The same of what is to spare; above 1: never, and given back then. */
    uses: fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 1, maxLength: 5 }),
  }),
  { maxLength: 60 },
)

it('whatever members do, the calls of any time stay within the burst and what fills up, and those for a user within its minute', () => {
  const small = { burst: 40, perSecond: 5, userPerMinute: 12 }
  const most = (ms: number) => small.burst + ((ms + permitLifeMs) / 1_000) * small.perSecond
  fc.assert(
    fc.property(steps, (all) => {
      const ask = aQuota(small)
      const calls: { at: number; key: string }[] = []
      const held: { tenant: string; key: string; at: number; unused: number; backAt: number }[] = []
      let at = testNow
      for (const { afterMs, member, wants, use, uses } of all) {
        at += afterMs
        const due = held.filter(({ backAt }) => backAt <= at)
        for (const one of due) held.splice(held.indexOf(one), 1)
        const answer = ask({
          by: `srv_${member}`,
          at,
          wants: wants.map(({ user, ...want }) => ({ ...want, key: user })),
          unused: due.map(({ unused: count, ...one }) => ({ ...one, count })),
        })
        for (const [index, { tenant, user: key }] of wants.entries()) {
          let unused = 0
          for (let call = 0; call < answer.lent[index]!; call += 1) {
            const when = call < wants[index]!.count ? use : uses[call % uses.length]!
            if (when < 1) calls.push({ at: at + when * permitLifeMs, key })
            else unused += 1
          }
          const backAt = at + permitLifeMs * (1 + uses[0]!)
          if (unused > 0) held.push({ tenant, key, at, unused, backAt })
        }
      }

      for (const { at: from } of calls) {
        const span = (key: string | undefined, ms: number) =>
          calls.filter(
            (call) => call.at >= from && call.at < from + ms && [call.key, undefined].includes(key),
          ).length
        for (const ms of [1, 1_000, 10_000, 60_000]) {
          expect(span(undefined, ms)).toBeLessThanOrEqual(most(ms))
        }
        for (const key of ['user ann', 'user ben']) {
          expect(span(key, 61_000)).toBeLessThanOrEqual(small.userPerMinute)
        }
      }
    }),
    { numRuns: 200 },
  )
})
