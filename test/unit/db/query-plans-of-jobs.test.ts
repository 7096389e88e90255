import { expect, it } from 'vitest'
import { plansOf, type Operation } from '../../support/query-plans.ts'

const operations: [string, Operation][] = [
  ['listStale', (store) => store.listStale(9, 10)],
  ['listUntoldStatuses', (store) => store.listUntoldStatuses(10)],
  [
    'listRemindersDue',
    (store) => store.listRemindersDue({ endsAfter: 0, endsUntil: 9, days: 1 }, 10),
  ],
  ['countRenewals', (store) => store.countRenewals(1, 10)],
  [
    'listMailsDue',
    (store) => store.listMailsDue({ at: 5, endsAfter: 0, endsUntil: 9, days: 1 }, 10),
  ],
  ['claimMail', (store) => store.claimMail({ id: 1, authenticationExpiresAt: 9 }, 1, 5)],
  ['readMailStop', (store) => store.readMailStop('usr')],
  ['listComparisons', (store) => store.listComparisons(10)],
  ['listAccounts', (store) => store.listAccounts(1)],
  ['listUnheard', (store) => store.listUnheard(9, { after: '', limit: 3 })],
  ['claimLook', (store) => store.claimLook('usr', { at: 1 })],
  ['findItemForRenewal', (store) => store.findItemForRenewal(1)],
  ['findReturnUrl', (store) => store.findReturnUrl(1)],
]

it.each(operations)('%s finds its rows by an index', async (_name, operation) => {
  const plans = await plansOf(operation)

  // A scan of an index that holds only what is to be done is a look at what is to be done.
  expect(plans.replaceAll(/SCAN items USING INDEX items_(untold|end_uncounted)/g, '')).not.toMatch(
    /\bSCAN\b/,
  )
})
