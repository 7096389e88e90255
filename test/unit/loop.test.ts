import { setImmediate as turn } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { StoreAwayError } from '../../src/db/store-errors.ts'
import { startLoop, type Loop } from '../../src/loop.ts'

/** A loop that would sleep for a day, with what it did. */
function aLoop(tick: (count: number) => Promise<boolean>): {
  loop: Loop
  ticks: () => number
  errors: unknown[]
} {
  let count = 0
  const errors: unknown[] = []
  const loop = startLoop({
    tick: () => {
      count += 1
      return tick(count)
    },
    idleMs: 24 * 60 * 60_000,
    onError: (error) => errors.push(error),
  })
  onTestFinished(() => loop.stop())
  return { loop, ticks: () => count, errors }
}

it('a loop goes on at once while there is more, then sleeps', async () => {
  const { ticks } = aLoop((count) => Promise.resolve(count < 5))

  await expect.poll(ticks).toBe(5)
  await turn()
  expect(ticks()).toBe(5)
})

it('a nudge wakes the loop', async () => {
  const { loop, ticks } = aLoop(() => Promise.resolve(false))
  await turn()

  loop.nudge()

  await expect.poll(ticks).toBe(2)
})

it('a nudge during a tick is not lost', async () => {
  const first = Promise.withResolvers<boolean>()
  const { loop, ticks } = aLoop((count) => (count === 1 ? first.promise : Promise.resolve(false)))

  loop.nudge()
  first.resolve(false)

  await expect.poll(ticks).toBe(2)
})

it('a tick that always has more leaves the event loop turning', async () => {
  // Without any real waiting in the tick, the turns of the event loop are the loop's own doing.
  const { loop, ticks } = aLoop((count) => Promise.resolve(count < 10_000))

  await turn()
  await loop.stop()

  expect(ticks()).toBeLessThan(10_000)
})

it('an error is told and survived', async () => {
  const failure = new Error('locked')
  const { loop, ticks, errors } = aLoop((count) =>
    count === 1 ? Promise.reject(failure) : Promise.resolve(false),
  )
  await turn()

  loop.nudge()

  await expect.poll(ticks).toBe(2)
  expect(errors).toEqual([failure])
})

it('what passes by itself is told when it begins, and again only when it was over in between', async () => {
  const away = new StoreAwayError('away')
  const { loop, ticks, errors } = aLoop((count) =>
    [3, 5].includes(count) ? Promise.resolve(false) : Promise.reject(away),
  )
  for (let count = 1; count < 7; count += 1) {
    await expect.poll(ticks).toBe(count)
    await turn()
    loop.nudge()
  }
  await expect.poll(ticks).toBe(7)

  expect(errors).toEqual([away, away, away])
})

it('stop waits for the tick in flight, and no other starts', async () => {
  const tick = Promise.withResolvers<boolean>()
  const { loop, ticks } = aLoop(() => tick.promise)
  let stopped = false

  const stopping = loop.stop().then(() => (stopped = true))
  await turn()
  expect(stopped).toBe(false)
  tick.resolve(true)
  await stopping

  expect(ticks()).toBe(1)
})

it('a stopped loop sleeps through nudges', async () => {
  const { loop, ticks } = aLoop(() => Promise.resolve(false))
  await loop.stop()

  loop.nudge()
  await turn()

  expect(ticks()).toBe(1)
})

it('a loop that is stopped does what is left at last, and an error of that is told', async () => {
  const { loop, ticks, errors } = aLoop((count) =>
    count < 4 ? Promise.resolve(count > 1) : Promise.reject(new Error('away')),
  )
  await expect.poll(ticks).toBe(1)

  await loop.stop({ atLast: true })

  expect(ticks()).toBe(4)
  expect(errors).toEqual([new Error('away')])
})

it('a stop is told to the tick in flight', async () => {
  const told = Promise.withResolvers<boolean>()
  const loop = startLoop({
    async tick(stopping) {
      stopping.addEventListener('abort', () => told.resolve(stopping.aborted))
      await told.promise
      return false
    },
    idleMs: 24 * 60 * 60_000,
    onError: () => {},
  })

  await loop.stop()

  expect(await told.promise).toBe(true)
})
