import { expect, test } from 'vitest'
import {
  BridgeDownError,
  BridgeNetworkError,
  BridgeQuotaError,
  BridgeSchemaError,
  BridgeStatusError,
  BridgeTimeoutError,
  isFinalRefusal,
  isUnreachable,
  unlessMissing,
  type BridgeErrorKind,
} from '../../../src/bridge/bridge-errors.ts'

const where = { method: 'GET', route: '/v3/aggregation/items/{id}' }
const status = (bridgeStatus: number) => new BridgeStatusError({ ...where, bridgeStatus })

test.each<[number, BridgeErrorKind]>([
  [302, 'refused'],
  [400, 'invalid'],
  [401, 'credentials'],
  [402, 'refused'],
  [403, 'credentials'],
  [404, 'missing'],
  [405, 'refused'],
  [409, 'conflict'],
  [410, 'refused'],
  [422, 'invalid'],
  [429, 'quota'],
  [500, 'broken'],
  [501, 'broken'],
  [502, 'absent'],
  [503, 'absent'],
  [504, 'absent'],
  [505, 'broken'],
  [520, 'absent'],
  [599, 'absent'],
])('a %i of Bridge is classified as %s', (bridgeStatus, kind) => {
  expect(status(bridgeStatus).kind).toBe(kind)
})

test('what was never answered is unreachable; an answer, even of an empty front, is not', () => {
  expect(
    [
      new BridgeNetworkError(where, new Error('reset')),
      new BridgeTimeoutError(where, 'late'),
      new BridgeDownError(where, 10),
    ].map(isUnreachable),
  ).toEqual([true, true, true])
  expect(
    [status(503), status(500), new BridgeQuotaError(10), new BridgeSchemaError('odd')].map(
      isUnreachable,
    ),
  ).toEqual([false, false, false, false])
})

test('only a 400, a 404 and a 422 are final', () => {
  const statuses = [302, 400, 401, 403, 404, 405, 409, 410, 422, 429, 500, 503]

  expect(statuses.filter((code) => isFinalRefusal(status(code)))).toEqual([400, 404, 422])
  expect(isFinalRefusal(new Error('ours'))).toBe(false)
})

test('what Bridge does not know counts as none, and everything else is thrown on', () => {
  expect(unlessMissing(status(404))).toBeUndefined()
  expect(() => unlessMissing(status(403))).toThrow('refused this gateway')
  expect(() => unlessMissing(new Error('ours'))).toThrow('ours')
})

test("the log's lines about an error keep their fields", () => {
  expect(Object.keys(status(404)).toSorted()).toEqual([
    'bridgeStatus',
    'code',
    'detail',
    'excType',
    'name',
    'oldestCursor',
    'property',
    'retryAfter',
    'route',
    'status',
    'wait',
  ])
})
