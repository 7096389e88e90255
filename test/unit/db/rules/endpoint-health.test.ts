import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EndpointHealth } from '../../../../src/db/ports/endpoints.ts'
import {
  healthy,
  isDelivered,
  judge,
  judgeAnswer,
  revive,
  triesAtOnce,
  type Ended,
} from '../../../../src/db/rules/endpoint-health.ts'

const hourMs = 60 * 60_000
const after = (tries: readonly Ended[], from = healthy): EndpointHealth =>
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

test('successes give the slots back one by one', () => {
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

/** Tries that end one after another, up to a month of them. */
const tries = fc
  .array(
    fc.record({
      afterMs: fc.nat(20 * hourMs),
      status: fc.option(fc.constantFrom(200, 204, 301, 404, 410, 417, 429, 500, 502, 503, 504)),
      retryAfterMs: fc.option(fc.nat(2 * hourMs), { nil: undefined }),
    }),
    { maxLength: 40 },
  )
  .map((list) => {
    let at = 1
    return list.map(({ afterMs, ...ended }): Ended => {
      at += afterMs
      return { ...ended, at }
    })
  })

test('whatever a site answers, it has one place at least and four at most, and no hold is shortened', () => {
  fc.assert(
    fc.property(tries, (list) => {
      let health = healthy
      for (const ended of list) {
        const next = judge(health, ended).health
        expect(next.concurrency).toBeGreaterThanOrEqual(1)
        expect(next.concurrency).toBeLessThanOrEqual(triesAtOnce)
        expect(next.holdUntil).toBeGreaterThanOrEqual(health.holdUntil)
        expect(next.holdUntil).toBeLessThanOrEqual(
          Math.max(health.holdUntil, ended.at + hourMs / 4),
        )
        health = next
      }
    }),
  )
})

test('it fails since the first failure after its last success, and that success says so once', () => {
  fc.assert(
    fc.property(tries, (list) => {
      let health = healthy
      let since: number | null = null
      for (const ended of list) {
        const verdict = judge(health, ended)
        const isSuccess = isDelivered(ended.status)
        expect(verdict.recoverSince).toBe(isSuccess ? since : null)
        since = isSuccess ? null : (since ?? ended.at)
        expect(verdict.health.failingSince).toBe(since)
        health = verdict.health
      }
    }),
  )
})

test('it is disabled once, for good, and only by 410 or after 120 hours of failures', () => {
  fc.assert(
    fc.property(tries, (list) => {
      let health = healthy
      for (const ended of list) {
        const { health: next, disabled } = judge(health, ended)
        expect(disabled).toBe(health.disabledAt === null && next.disabledAt !== null)
        if (disabled && ended.status !== 410) {
          expect(ended.at - health.failingSince!).toBeGreaterThanOrEqual(120 * hourMs)
        }
        if (health.disabledAt !== null) expect(next.disabledAt).toBe(health.disabledAt)
        health = next
      }
    }),
  )
})

test('what another address answered says nothing about the one there is now', () => {
  fc.assert(
    fc.property(tries, (list) => {
      for (const ended of list) {
        const answer = { ...ended, webhookUrl: 'https://old.acme.test/' }
        expect(judgeAnswer(healthy, answer, 'https://new.acme.test/').health).toBe(healthy)
        expect(judgeAnswer(healthy, answer, null).health).toBe(healthy)
        expect(judgeAnswer(healthy, answer, answer.webhookUrl)).toEqual(judge(healthy, ended))
      }
    }),
  )
})

test('a new address, or the operator’s word, makes it healthy, and brings back what died since', () => {
  fc.assert(
    fc.property(tries, (list) => {
      const health = after(list)

      expect(revive(health)).toEqual({
        health: healthy,
        disabled: false,
        recoverSince: health.failingSince,
      })
    }),
  )
})
