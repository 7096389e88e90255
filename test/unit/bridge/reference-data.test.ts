import { expect, test } from 'vitest'
import {
  BridgeGivenUpError,
  BridgeQuotaError,
  BridgeSchemaError,
  BridgeStatusError,
  BridgeTimeoutError,
} from '../../../src/bridge/bridge-errors.ts'
import type { BridgeResources } from '../../../src/bridge/client.ts'
import { createReferenceData } from '../../../src/bridge/reference-data.ts'
import type { Provider } from '../../../src/bridge/resources/providers.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { minuteMs } from '../../../src/durations.ts'
import { aProvider, bridgeNow } from '../../support/bridge.ts'

/** A caller's own Bridge, which answers when the test says so, and the data as read through it. */
function caller() {
  const answer = Promise.withResolvers<Provider>()
  let asked = 0
  const get = () => {
    asked += 1
    return answer.promise
  }
  const bridge = { providers: { get } } as unknown as BridgeResources
  return { ...answer, through: () => bridge, asked: () => asked }
}

const where = { method: 'GET', route: '/' }

const aReference = () =>
  createReferenceData(caller().through(), createMovableClock({ now: () => bridgeNow }))

test.each([
  ['has no turn', new BridgeQuotaError(60)],
  ['gave up', new BridgeGivenUpError(where, { cause: undefined })],
])('who waits with another that %s reads in its own turn', async (_, error) => {
  const reference = aReference()
  const [one, two, three] = [caller(), caller(), caller()]
  const results = [one, two, three].map(({ through }) => reference.through(through).bank(574))

  one.reject(error)
  two.resolve(aProvider())

  await expect(results[0]).rejects.toBe(error)
  expect(await results[1]).toEqual(aProvider())
  expect(await results[2]).toEqual(aProvider())
  expect([one, two, three].map(({ asked }) => asked())).toEqual([1, 1, 0])
})

test('a bank that Bridge does not know is asked for again in ten minutes, and then kept', async () => {
  const clock = createMovableClock({ now: () => bridgeNow })
  const [first, later] = [caller(), caller()]
  const reference = createReferenceData(first.through(), clock)
  const unknown = new BridgeStatusError({ ...where, bridgeStatus: 404 })
  first.reject(unknown)
  later.resolve(aProvider())

  for (const _ of [1, 2]) await expect(reference.bank(574)).rejects.toBe(unknown)
  expect(first.asked()).toBe(1)
  clock.advance(10 * minuteMs + 1)

  expect(await reference.through(later.through).bank(574)).toEqual(aProvider())
  expect(await reference.bank(574)).toEqual(aProvider())
})

test.each([
  ['did wrong', new BridgeSchemaError('nonsense')],
  ['did not answer', new BridgeTimeoutError(where, 'no answer in 10000 ms')],
])('what Bridge itself %s is said to all who wait', async (_, error) => {
  const reference = aReference()
  const [one, two] = [caller(), caller()]
  const results = [one, two].map(({ through }) => reference.through(through).bank(574))

  one.reject(error)

  for (const result of results) await expect(result).rejects.toBe(error)
  expect(two.asked()).toBe(0)
})
