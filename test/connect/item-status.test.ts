import { expect, it } from 'vitest'
import { nextStep, outcomeOf } from '../../src/connect/item-status.ts'

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
