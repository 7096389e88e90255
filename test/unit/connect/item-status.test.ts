import { expect, it } from 'vitest'
import { nextStep, outcomeOf, whatNext } from '../../../src/connect/item-status.ts'
import { testNow } from '../../support/clock.ts'
import { itemFacts } from '../../support/tenants.ts'

const [hour, day] = [60 * 60_000, 24 * 60 * 60_000]

// Bridge: item statuses.
it.each([
  [0, 'ok', 'completed', 'none'],
  [1009, 'incomplete', 'completed', 'none'],
  [-2, 'just_added', 'pending', 'wait'],
  [-3, 'just_edited', 'pending', 'wait'],
  [1007, 'disabled_temporarily', 'pending', 'wait'],
  [1099, 'migration', 'pending', 'wait'],
  [402, 'login_failed', 'failed', 'edit'],
  [429, 'needs_human_action', 'failed', 'edit'],
  [430, 'needs_password_rotation', 'failed', 'edit'],
  [1003, 'could_not_refresh', 'failed', 'wait'],
  [1005, 'not_supported', 'failed', 'connect'],
  [1010, 'needs_manual_refresh', 'failed', 'sca'],
  [1100, 'pro_account_locked', 'failed', 'edit'],
  [7777, 'one Bridge may add', 'failed', 'wait'],
])(
  'status %i (%s) leaves the request %s, and the site should do: %s',
  (status, _, outcome, next) => {
    expect(outcomeOf(status)).toBe(outcome)
    expect(nextStep(status)).toBe(next)
  },
)

it.each([
  ['31 days before its end, nothing until renewing begins', 31, 'none', 1],
  ['30 days before its end, a renewal until then', 30, 'sca', 30],
])('of a consent there is to be done, %s', (_, days, next, due) => {
  const authenticationExpiresAt = testNow + days * day

  const found = whatNext(itemFacts({ authenticationExpiresAt }), testNow)

  expect(found).toEqual({ next, at: testNow + due * day })
})

it.each([
  ['at the next refresh', 4, 8],
  ['now, when that is overdue', 20, 0],
])('who waits for Bridge looks again %s', (_, hoursAgo, inHours) => {
  const facts = itemFacts({ status: 1007, lastTryAt: testNow - hoursAgo * hour })

  expect(whatNext(facts, testNow)).toEqual({ next: 'wait', at: testNow + inHours * hour })
})
