import * as fc from 'fast-check'
import type { EventChange } from '../../../../src/db/ports/events.ts'
import type { Item, ItemFacts } from '../../../../src/db/ports/items.ts'
import type { ConnectRequest } from '../../../../src/db/ports/requests.ts'

/** Times close enough together for the leeway between two clocks to matter. */
export const aTime = fc.integer({ min: 0, max: 12 }).map((seconds) => 1_000_000 + seconds * 1_000)

/** Few ids, so that they meet. */
export const anItemId = fc.integer({ min: 1, max: 3 })
export const aUserId = fc.constantFrom('ann', 'bob')

const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null })
const aWord = fc.constantFrom('one', 'two')
const aStatus = fc.constantFrom(-2, 0, 402, 1010)

export const someFacts: fc.Arbitrary<ItemFacts> = fc.record(
  {
    id: anItemId,
    providerId: orNull(fc.constant(574)),
    providerName: orNull(aWord),
    accountTypes: orNull(aWord),
    status: aStatus,
    statusCodeInfo: orNull(aWord),
    authenticationExpiresAt: orNull(aTime),
    lastSuccessAt: orNull(aTime),
    lastTryAt: orNull(aTime),
  },
  {
    requiredKeys: [
      'id',
      'providerId',
      'providerName',
      'accountTypes',
      'status',
      'statusCodeInfo',
      'authenticationExpiresAt',
    ],
  },
)

export const anItemRow: fc.Arbitrary<Item> = fc.record({
  id: anItemId,
  userId: aUserId,
  providerId: orNull(fc.constant(574)),
  providerName: orNull(aWord),
  bank: orNull(aWord),
  accountTypes: orNull(aWord),
  status: aStatus,
  statusCodeInfo: orNull(aWord),
  authenticationExpiresAt: orNull(aTime),
  lastSuccessAt: orNull(aTime),
  lastTryAt: orNull(aTime),
  createdAt: aTime,
  updatedAt: aTime,
  unreachableAt: orNull(aTime),
  goneAt: orNull(aTime),
  toldStatus: orNull(aStatus),
  helpAskedAt: orNull(aTime),
  refreshGaps: fc.constantFrom('', '86400000', '1,2,3,4,5'),
  expectedAt: orNull(aTime),
  staleDueAt: orNull(aTime),
  remindedOf: orNull(aTime),
  remindedDays: orNull(fc.constantFrom(1, 30)),
  mailedOf: orNull(aTime),
  mailedDays: orNull(fc.constantFrom(1, 30)),
  mailedAt: orNull(aTime),
  mailEnd: orNull(fc.constant('sent' as const)),
  mailDeferredAt: orNull(aTime),
  compareFrom: orNull(aTime),
})

/** What an event says of an item or of one of its accounts. */
export const itemNews: fc.Arbitrary<EventChange & { kind: 'item' | 'account' }> = fc.oneof(
  fc.record({
    kind: fc.constant('account' as const),
    userId: aUserId,
    itemId: anItemId,
    accountId: anItemId,
    at: aTime,
  }),
  fc.record(
    {
      kind: fc.constant('item' as const),
      userId: aUserId,
      itemId: anItemId,
      at: aTime,
      status: orNull(aStatus),
      statusCodeInfo: orNull(aWord),
      authenticationExpiresAt: orNull(aTime),
      accountTypes: orNull(aWord),
      refreshed: fc.boolean(),
    },
    {
      requiredKeys: [
        'kind',
        'userId',
        'itemId',
        'at',
        'status',
        'statusCodeInfo',
        'authenticationExpiresAt',
        'accountTypes',
      ],
    },
  ),
)

/** A request as the store may hold it: completed with an item, and with a claim only while it is not. */
export const aRequestRow: fc.Arbitrary<ConnectRequest> = fc
  .record({
    id: fc.constantFrom('r1', 'r2', 'r3'),
    userId: aUserId,
    state: fc.constantFrom('pending', 'completed', 'failed', 'expired'),
    bank: orNull(aWord),
    redirectUrl: fc.constant('https://erp.acme.test/app/bank'),
    accountTypes: fc.constant('all'),
    managedItemId: orNull(anItemId),
    lastTryAt: orNull(aTime),
    itemId: orNull(anItemId),
    step: orNull(aWord),
    openedAt: aTime,
    expiresAt: aTime,
    completedAt: orNull(aTime),
    callbacks: fc.nat({ max: 3 }),
    claimedItemId: orNull(anItemId),
    claimedStep: orNull(aWord),
    matchedAt: orNull(aTime),
  })
  .filter(({ state, itemId, claimedItemId }) =>
    state === 'completed' ? itemId !== null && claimedItemId === null : true,
  )
