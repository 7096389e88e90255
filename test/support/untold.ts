import { z } from 'zod'
import type { Effect } from '../../src/frappe/define-method.ts'

/** What a method must say of itself, for tests that are about something else; its answers are not checked. */
export const untold = {
  tag: 'tests',
  summary: 'Serves a test.',
  effect: 'reads' as Effect,
  result: z.unknown(),
  example: {} as never,
}
