import { expect, it } from 'vitest'
import { retentionKinds } from '../../../src/db/ports/retention.ts'
import { plansOf, type Operation } from '../../support/query-plans.ts'

const window = { endsFrom: 1, endsUntil: 9 }
const byEnd = { by: 'authenticationExpiresAt', limit: 9 } as const

const operations: [string, Operation][] = [
  [
    'what is stale',
    (store) =>
      store.listConnections({ staleBy: 9, ofServed: true }, { by: 'staleDueAt', limit: 9 }),
  ],
  [
    'untold statuses',
    (store) => store.listConnections({ untold: true, ofServed: true }, { by: 'id', limit: 9 }),
  ],
  [
    'reminders due',
    (store) => store.listConnections({ ...window, notReminded: 1, ofServed: true }, byEnd),
  ],
  [
    'mails due',
    (store) => store.listConnections({ ...window, notMailed: { days: 1, at: 5 } }, byEnd),
  ],
  [
    'comparisons',
    (store) =>
      store.listConnections({ toCompare: true, ofServed: true }, { by: 'compareFrom', limit: 9 }),
  ],
  ['the item of a link', (store) => store.listConnections({ id: 1, ofServed: true })],
  ['countRenewals', (store) => store.countRenewals(1, 10)],
  ['readMailStop', (store) => store.readMailStop('usr')],
  ['listAccounts', (store) => store.listAccounts(1)],
  ['listUnheard', (store) => store.listUnheard(9, { after: '', limit: 3 })],
  ['claimGoneLook', (store) => store.claimGoneLook('usr', { at: 1 })],
  ['findReturnUrl', (store) => store.findReturnUrl(1)],
]

it.each(operations)('%s finds its rows by an index', async (_name, operation) => {
  const plans = await plansOf(operation)

  // A scan of an index that holds only what is to be done is a look at what is to be done.
  expect(plans.replaceAll(/SCAN items USING INDEX items_(untold|end_uncounted)/g, '')).not.toMatch(
    /\bSCAN\b/,
  )
})

it('claims are read in the order of their index, from a place on', async () => {
  const after = { openedAt: 1, id: 'a' }
  const plans = await plansOf((store) =>
    store.claimCallbacks({ by: 'srv', at: 1, until: 2, limit: 9, after }),
  )

  expect(plans).toContain('connect_requests_claimed ((opened_at,id)>')
  expect(plans).not.toMatch(/TEMP B-TREE FOR ORDER BY/)
})

// Receipts of deletions are too few for an index.
it.each(retentionKinds.filter((kind) => kind !== 'removals'))(
  'what is past its time of %s is found by its age',
  async (kind) => {
    const after = { age: 0, key: 0 }
    const plans = [
      await plansOf((store) => store.purge(kind, 1, { limit: 9 })),
      await plansOf((store) => store.purge(kind, 1, { limit: 9, after })),
      await plansOf((store) => store.countPurgeable(kind, 1)),
    ]

    for (const plan of plans) {
      expect(plan).not.toMatch(/\bSCAN\b/)
      expect(plan).not.toMatch(/TEMP B-TREE FOR ORDER BY/)
      expect(plan).toMatch(/ INDEX \w+ \((\w+[=>]\? AND )?\w+<\?\)/)
    }
  },
)

it('requests that have an item are passed over where those without one are looked for', async () => {
  const plans = await plansOf((store) => store.purge('requests-without-item', 1, { limit: 9 }))

  expect(plans).toContain('connect_requests_itemless (expires_at<?)')
})
