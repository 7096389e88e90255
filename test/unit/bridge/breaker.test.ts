import { http, HttpResponse } from 'msw'
import { describe, expect, it } from 'vitest'
import { createBreaker, type BreakerState } from '../../../src/bridge/admission/breaker.ts'
import { BridgeDownError, BridgeTimeoutError } from '../../../src/bridge/bridge-errors.ts'
import { rejection, testClient } from './test-client.ts'
import { bridgeUrl } from '../../support/bridge.ts'
import { createQuota } from '../../../src/bridge/admission/quota.ts'
import { testClock } from '../../support/clock.ts'

const where = { method: 'GET', route: '/v3/aggregation/items' }

function testBreaker() {
  const clock = testClock()
  const changes: BreakerState[] = []
  const breaker = createBreaker({ clock, onChange: (state) => void changes.push(state) })

  const fail = (
    kind: 'silent' | 'broken' = 'silent',
    more: { whom?: string; retryAfter?: number; startedAt?: number } = {},
  ): void => {
    const leave = breaker.enter(where)
    leave({ kind, startedAt: clock.now(), whom: 'ann', ...more })
  }
  const answer = (): void => breaker.enter(where)({ kind: 'answered' })
  /** Five failures over four seconds. */
  const goDown = (more?: { retryAfter?: number }): void => {
    for (let count = 0; count < 5; count += 1) {
      if (count > 0) clock.advance(1_000)
      fail('silent', more)
    }
  }
  const refusal = (): unknown => {
    try {
      breaker.enter(where)
    } catch (error) {
      return error
    }
    return undefined
  }
  return { breaker, clock, changes, fail, answer, goDown, refusal }
}

describe('the breaker', () => {
  it('opens after five failures in a row that span three seconds', () => {
    const { breaker, goDown, changes } = testBreaker()

    goDown()

    expect(breaker.state()).toMatchObject({ open: true, opened: 1 })
    expect(changes).toHaveLength(1)
  })

  it('refuses at once while open, and says when it looks again', () => {
    const { goDown, refusal, clock } = testBreaker()
    goDown()
    clock.advance(3_500)

    expect(refusal()).toBeInstanceOf(BridgeDownError)
    expect(refusal()).toMatchObject({ status: 503, retryAfter: 7, excType: 'BridgeError' })
  })

  it.each([
    [3_000, true],
    [2_999, false],
  ])('counts from when the first of them was sent: %i ms ago, open is %s', (ms, open) => {
    const { breaker, clock, fail } = testBreaker()

    fail('silent', { startedAt: clock.now() - ms })
    for (let count = 0; count < 4; count += 1) fail()

    expect(breaker.state().open).toBe(open)
  })

  it('takes a burst of failures at one moment for a hiccup', () => {
    const { breaker, fail } = testBreaker()

    for (let count = 0; count < 50; count += 1) fail()

    expect(breaker.state().open).toBe(false)
  })

  it('begins to count anew after any answer', () => {
    const { breaker, answer, clock, fail } = testBreaker()
    for (let count = 0; count < 4; count += 1) {
      fail()
      clock.advance(1_000)
    }
    answer()
    for (let count = 0; count < 4; count += 1) {
      fail()
      clock.advance(1_000)
    }

    expect(breaker.state().open).toBe(false)
    fail()
    expect(breaker.state().open).toBe(true)
  })

  it('takes the 500s of one user for that user’s trouble, and those of two for an outage', () => {
    const { breaker, fail, clock } = testBreaker()
    for (let count = 0; count < 20; count += 1) {
      fail('broken', { whom: 'ann' })
      clock.advance(1_000)
    }
    expect(breaker.state().open).toBe(false)

    fail('broken', { whom: 'ben' })

    expect(breaker.state().open).toBe(true)
  })

  it('counts a caller who gave up as nothing', () => {
    const { breaker, goDown, clock } = testBreaker()
    goDown()
    clock.advance(10_000)

    breaker.enter(where)({ kind: 'unknown' })

    expect(breaker.state().open).toBe(true)
    expect(breaker.isProbeDue()).toBe(true)
  })
})

describe('looking again', () => {
  it('is one call at a time: the others are still refused', () => {
    const { breaker, goDown, refusal, clock } = testBreaker()
    goDown()
    clock.advance(10_000)
    expect(breaker.isProbeDue()).toBe(true)

    const leave = breaker.enter(where)

    expect(refusal()).toMatchObject({ retryAfter: 1 })
    expect(breaker.isProbeDue()).toBe(false)
    leave({ kind: 'answered' })
    expect(refusal()).toBeUndefined()
  })

  it('closes the breaker when Bridge answers', () => {
    const { breaker, goDown, answer, clock, changes } = testBreaker()
    goDown()
    clock.advance(10_000)

    answer()

    expect(breaker.state()).toEqual({ open: false, since: null, nextTryAt: null, opened: 1 })
    expect(changes.map(({ open }) => open)).toEqual([true, false])
  })

  it('waits twice as long after each failure, at most a minute', () => {
    const { breaker, goDown, fail, clock } = testBreaker()
    goDown()
    const pauses: number[] = []
    for (let count = 0; count < 4; count += 1) {
      clock.advance(breaker.state().nextTryAt! - clock.now())
      fail()
      pauses.push(breaker.state().nextTryAt! - clock.now())
    }

    expect(pauses).toEqual([20_000, 40_000, 60_000, 60_000])
  })

  it('waits as long as Bridge asks', () => {
    const patient = testBreaker()
    patient.goDown({ retryAfter: 120 })

    expect(patient.refusal()).toMatchObject({ retryAfter: 120 })

    patient.clock.advance(120_000)
    patient.fail('silent', { retryAfter: 90 })
    expect(patient.refusal()).toMatchObject({ retryAfter: 90 })
  })

  it('is not put off by calls that were sent before the breaker opened', () => {
    const { breaker, goDown, clock } = testBreaker()
    const late = breaker.enter(where)
    goDown()
    const { nextTryAt } = breaker.state()
    clock.advance(5_000)

    late({ kind: 'silent', startedAt: clock.now() - 9_000, whom: 'ann' })

    expect(breaker.state().nextTryAt).toBe(nextTryAt)
  })
})

describe('a call that the open breaker refuses', () => {
  async function refusedBy(burst: number) {
    const { breaker, clock, goDown } = testBreaker()
    const timers = { started: 0 }
    const every = () => {
      timers.started += 1
      return () => {}
    }
    const quota = createQuota({ clock, limits: { burst }, every })
    const made = testClient([], { breaker, quota, clock })
    goDown()
    return { ...made, quota, timers, payer: { tenant: 'acme', site: 'erp.acme.test' } }
  }

  it('spends no quota, of the application, of its tenant or of its user', async () => {
    const { client, quota, payer, uuid, calls } = await refusedBy(400)
    const before = quota.state()

    const within = client.within(new AbortController().signal, payer)
    await rejection(within.items.list(uuid), BridgeDownError)

    expect(quota.state()).toEqual(before)
    for (const kind of ['user', 'token'] as const) {
      expect(quota.waitFor({ payer, against: { kind, user: uuid } }, 1)).toBe(0)
    }
    expect(calls).toEqual([])
  })

  it('does not queue when there is no quota left either: it is refused at once', async () => {
    const { client, quota, payer, uuid, timers } = await refusedBy(2)
    await quota.take({ payer, against: undefined })
    expect(quota.waitFor({ payer, against: undefined }, 1)).toBeGreaterThan(0)
    const before = quota.state()

    const within = client.within(new AbortController().signal, payer)
    await rejection(within.items.list(uuid), BridgeDownError)

    expect(quota.state()).toEqual(before)
    expect(timers.started).toBe(0)
  })
})

it('callers who give up do not make Bridge look down', async () => {
  const clock = testClock()
  const breaker = createBreaker({ clock })
  let caller = new AbortController()
  const { client } = testClient(
    [
      http.get(`${bridgeUrl}/v3/providers/574`, async ({ request }) => {
        caller.abort()
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
        return HttpResponse.error()
      }),
    ],
    { breaker },
  )

  for (let count = 0; count < 6; count += 1) {
    caller = new AbortController()
    await rejection(client.within(caller.signal).providers.get(574), BridgeTimeoutError)
    clock.advance(1_000)
  }

  expect(breaker.state().open).toBe(false)
})
