import { expect, test } from 'vitest'
import type { Call } from '../../../src/sandbox/calls.ts'
import type { Post } from './instances/endpoint.ts'
import { faultsIn, faultsInCalls, notHandled, type Kept } from './instances/judge.ts'
import type { Accepted } from './instances/traffic.ts'

const itemId = 7

/** An item's story with one event, its visit, and what a site is to be told of both. */
const accepted: Accepted[] = [
  { n: 1, type: 'item.created', itemId, site: 'one' },
  { n: 2, type: 'item.refreshed', itemId, site: 'one' },
]
const visits = [{ request: 'visit', itemId }]

const post = (id: string, type: string, content: Post['content']): Post => ({
  id,
  type,
  content,
  cameAt: 1_000,
  signedAt: 1_000,
})
const created = post('evt_1', 'item.created', { item_id: itemId, n: 1 })
const refreshed = post('evt_2', 'item.refreshed', { item_id: itemId, n: 2 })
const completed = post('evt_3', 'connect.completed', { item_id: itemId, request: 'visit' })
const expiring = post('evt_4', 'consent.expiring', { item_id: itemId })
const right = [created, refreshed, completed, expiring]

/** The faults that were found, by name. */
const found = (posts: readonly Post[], inHand: [id: string, times: number][] = []): string[] =>
  Object.entries(faultsIn(posts, { accepted, visits }, new Map(inHand)))
    .filter(([, faults]) => faults.length > 0)
    .map(([name]) => name)

test('what was told once, in order and in time is no fault', () => {
  expect(found(right)).toEqual([])
})

test('what was in hand at an accident may come again, once for each', () => {
  expect(found([...right, created], [['evt_1', 1]])).toEqual([])
  expect(found([...right, created, created], [['evt_1', 1]])).toEqual(['repeatedTooOften'])
})

test.each([
  ['an event that never came', [created, completed, expiring], ['notDelivered']],
  ['one that came again', [...right, refreshed], ['repeatedTooOften']],
  ['a later one that came first', [refreshed, created, completed, expiring], ['outOfOrder']],
  [
    'a signature of another time',
    [{ ...created, signedAt: 400 }, ...right.slice(1)],
    ['signedAtAnotherTime'],
  ],
  ['a visit that nobody was told of', [created, refreshed, expiring], ['visitsNotToldOnce']],
  ['a visit told by two events', [...right, { ...completed, id: 'evt_5' }], ['visitsNotToldOnce']],
  ['a reminder that never came', [created, refreshed, completed], ['notRemindedOnce']],
  ['two reminders', [...right, { ...expiring, id: 'evt_6' }], ['notRemindedOnce']],
])('%s is found', (_, posts, faults) => {
  expect(found(posts)).toEqual(faults)
})

const story: Accepted[] = [...accepted, { n: 3, type: 'item.account.created', itemId, site: 'one' }]

test.each<[string, Kept[], string[]]>([
  ['is kept whole', [{ id: itemId, hasAccount: true, hasConsent: true }], []],
  ['nobody knows', [], ['item.created', 'item.refreshed', 'item.account.created']],
  ['is another', [{ id: 8, hasAccount: true, hasConsent: true }], story.map(({ type }) => type)],
  [
    'lacks its account',
    [{ id: itemId, hasAccount: false, hasConsent: true }],
    ['item.account.created'],
  ],
  ['lacks its consent', [{ id: itemId, hasAccount: true, hasConsent: false }], ['item.refreshed']],
])('of an item that %s the judge names what was not handled', (_, kept, types) => {
  expect(notHandled(story, kept).map(({ type }) => type)).toEqual(types)
})

const call = (given: Partial<Call>): Call => ({
  method: 'POST',
  path: '/v2/items/7/refresh',
  query: '',
  version: '2021-06-01',
  at: 0,
  status: 202,
  ...given,
})
const refreshes = (times: number, path = '/v2/items/7/refresh') =>
  Array.from({ length: times }, () => call({ path }))

test('four refreshes of each item are no fault, and neither is a look at a fifth', () => {
  const others = refreshes(4, '/v2/items/8/refresh')
  const look = call({ method: 'GET', path: '/v2/items/7/refresh' })

  const faults = faultsInCalls([...refreshes(4), ...others, look])

  expect(faults).toEqual({ refusedByBridge: [], refreshedTooOften: [] })
})

test('a fifth refresh is found, though Bridge never answered it', () => {
  const fifth: Call = { method: 'POST', path: '/v2/items/7/refresh', query: '', version: '', at: 0 }

  expect(faultsInCalls([...refreshes(4), fifth]).refreshedTooOften).toEqual([
    { path: '/v2/items/7/refresh', times: 5 },
  ])
})

test('a call that Bridge refused for its quota is found', () => {
  const refused = call({ method: 'GET', path: '/v3/aggregation/items/7', status: 429 })

  expect(faultsInCalls([...refreshes(1), refused]).refusedByBridge).toEqual([refused])
})
