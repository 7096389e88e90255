import { z } from 'zod'
import type { Contract } from './define-method.ts'

const shared = { tag: 'site', effect: 'reads', params: z.object({}), example: {} } as const

export const loggedUser = {
  ...shared,
  name: 'frappe.auth.get_logged_user',
  summary: 'Tells whether the key works, and whose it is.',
  guest: false,
  result: z.string(),
} as const satisfies Contract

export const ping = {
  ...shared,
  name: 'ping',
  summary: 'Answers, to anybody.',
  guest: true,
  result: z.literal('pong'),
} as const satisfies Contract

/** What every Frappe site has and clients ask for; `logout`, which answers nothing, is served too. */
export const builtInMethods: readonly Contract[] = [loggedUser, ping]
