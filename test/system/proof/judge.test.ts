import { expect, test } from 'vitest'
import type { Post } from './instances/endpoint.ts'
import { faultsIn } from './instances/judge.ts'
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
