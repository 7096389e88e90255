import { expect, test } from 'vitest'
import { BridgeStatusError, type BridgeError } from '../../../src/bridge/bridge-errors.ts'
import { retryDelay, shouldRetry } from '../../../src/bridge/transport/retry.ts'

type Failure = Pick<BridgeError, 'kind' | 'wait'>

const failed = (kind: BridgeError['kind']): Failure => ({ kind, wait: undefined })

function status(bridgeStatus: number, wait?: number): Failure {
  const where = { method: 'GET', route: '/v3/aggregation/items' }
  const { kind } = new BridgeStatusError({ ...where, bridgeStatus, wait })
  return { kind, wait }
}

test.each<[string, number, Failure, boolean]>([
  ['GET', 1, failed('network'), true],
  ['GET', 2, failed('network'), true],
  ['GET', 3, failed('network'), false],
  ['GET', 1, status(500), true],
  ['GET', 1, status(503, 5), true],
  ['GET', 1, status(503, 6), false],
  ['GET', 1, status(429), false],
  ['GET', 1, status(429, 0), true],
  ['GET', 1, status(429, 5), true],
  ['GET', 1, status(429, 6), false],
  ['GET', 1, status(404), false],
  ['GET', 1, failed('timeout'), false],
  ['GET', 1, failed('nonsense'), false],
  ['GET', 1, failed('quota'), false],
  ['GET', 1, failed('down'), false],
  ['DELETE', 2, failed('network'), true],
  ['DELETE', 1, status(500), false],
  ['POST', 1, failed('network'), false],
  ['POST', 1, status(429, 1), false],
])('%s, try %i, %o: tried again is %s', (method, attempt, outcome, expected) => {
  expect(shouldRetry(method, attempt, outcome)).toBe(expected)
})

test('waits double and are shortened by chance by up to half', () => {
  const waits = [1, 2].flatMap((attempt) =>
    [0, 0.5, 1].map((chance) => retryDelay(attempt, undefined, () => chance)),
  )

  expect(waits).toEqual([100, 150, 200, 200, 300, 400])
})

test('a wait is never shorter than Bridge wishes', () => {
  expect(retryDelay(1, 3, () => 1)).toBe(3000)
  expect(retryDelay(1, 0, () => 1)).toBe(200)
})
