import { expect, test } from 'vitest'
import type { EndpointHealth } from '../../../src/db/ports/endpoints.ts'
import { judge, type Ended } from '../../../src/webhooks/relay/endpoint-health.ts'

const healthy: EndpointHealth = {
  failingSince: null,
  lastFailureAt: null,
  jumpedMs: 0,
  streak: 0,
  holdUntil: 0,
  concurrency: 4,
  disabledAt: null,
  disabledReason: null,
}
const hourMs = 60 * 60_000
const after = (tries: Ended[], from = healthy): EndpointHealth =>
  tries.reduce((health, ended) => judge(health, ended).health, from)
const failures = (count: number, status: number | null = null, from = 1): Ended[] =>
  Array.from({ length: count }, (_, index) => ({ at: from + index, status }))

test('a success of a healthy endpoint changes nothing', () => {
  const verdict = judge(healthy, { at: 1, status: 204 })

  expect(verdict.health).toBe(healthy)
  expect(verdict.recoverSince).toBeNull()
})

test('the fifth failure in a row opens the breaker, each further one for longer, up to five minutes', () => {
  expect(after(failures(4))).toMatchObject({ holdUntil: 0, concurrency: 4 })
  expect(after(failures(5))).toMatchObject({ holdUntil: 5 + 30_000, concurrency: 1 })
  expect(after(failures(6))).toMatchObject({ holdUntil: 6 + 60_000, concurrency: 1 })
  expect(after(failures(30))).toMatchObject({ holdUntil: 30 + 300_000 })
})

test('a site that answers, though with a refusal, is not down', () => {
  expect(after(failures(20, 417))).toMatchObject({ holdUntil: 0, concurrency: 4, failingSince: 1 })
  expect(after(failures(20, 301))).toMatchObject({ holdUntil: 0, streak: 0 })
})

test.each([429, 502, 503, 504])(
  '%i slows the endpoint down to one at a time, in 30 s',
  (status) => {
    expect(after([{ at: 7, status }])).toMatchObject({ concurrency: 1, holdUntil: 7 + 30_000 })
    expect(after([{ at: 7, status, retryAfterMs: 90_000 }])).toMatchObject({
      holdUntil: 7 + 90_000,
    })
    expect(after([{ at: 7, status, retryAfterMs: 5_000 }])).toMatchObject({ holdUntil: 7 + 30_000 })
    expect(after([{ at: 7, status, retryAfterMs: 9 * hourMs }])).toMatchObject({
      holdUntil: 7 + hourMs / 4,
    })
  },
)

test('500 does not slow it down', () => {
  expect(after([{ at: 7, status: 500 }])).toMatchObject({ concurrency: 4, holdUntil: 0 })
})

test('successes give the places back one by one', () => {
  const slow = after([{ at: 1, status: 503 }])
  const ok = { at: 40_000, status: 200 }

  expect(after([ok], slow).concurrency).toBe(2)
  expect(after([ok, ok], slow).concurrency).toBe(3)
  expect(after([ok, ok, ok, ok], slow).concurrency).toBe(4)
})

test('the first success after failures says since when to recover', () => {
  const failing = after(failures(3, 500, 50))

  expect(judge(failing, { at: 99, status: 200 })).toMatchObject({
    recoverSince: 50,
    health: { failingSince: null, streak: 0 },
  })
})

test('410 disables at once', () => {
  expect(after([{ at: 7, status: 410 }])).toMatchObject({
    disabledAt: 7,
    disabledReason: 'it answered 410 Gone',
  })
})

test('120 hours of failures disable', () => {
  const tries = [0, 12, 60, 119.9].map((hours) => ({ at: hours * hourMs, status: 500 }))

  expect(after(tries)).toMatchObject({ disabledAt: null })
  expect(after([...tries, { at: 120 * hourMs, status: 500 }])).toMatchObject({
    disabledAt: 120 * hourMs,
    disabledReason: 'it took nothing for 120 hours',
  })
})

test('time that the clock skipped does not count towards the 120 hours', () => {
  const failing = after([0, 13].map((hours) => ({ at: hours * hourMs, status: 500 })))
  const jumped = { ...failing, jumpedMs: 140 * hourMs }
  const at = (hours: number) => ({ at: hours * hourMs, status: 500 })

  expect(after([at(160), at(250)], jumped)).toMatchObject({ disabledAt: null })
  expect(after([at(160), at(260)], jumped)).toMatchObject({ disabledAt: 260 * hourMs })
  expect(after([{ at: 1, status: 200 }], jumped)).toMatchObject({ jumpedMs: 0 })
})

test('two bad moments with silence in between do not disable', () => {
  const tries = [0, 1, 11.9, 130].map((hours) => ({ at: hours * hourMs, status: null }))

  expect(after(tries)).toMatchObject({ disabledAt: null })
})

test('a success in between starts the 120 hours anew', () => {
  const tries = [0, 50, 100].map((hours) => ({ at: hours * hourMs, status: 500 }))
  const ok = { at: 101 * hourMs, status: 200 }

  expect(after([...tries, ok, { at: 125 * hourMs, status: 500 }])).toMatchObject({
    disabledAt: null,
    failingSince: 125 * hourMs,
  })
})
