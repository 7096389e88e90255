import type { Point } from '../point.ts'
import { calls } from './calls.ts'
import { connecting } from './connect.ts'
import { data } from './data.ts'
import { limits } from './limits.ts'
import { deletingAll, usersAndTokens } from './users.ts'
import { webhooks } from './webhooks.ts'

/** All of them, in the order in which they are looked at: what takes time, or from others, stands last. */
export const points: readonly Point[] = [
  ...calls,
  ...usersAndTokens,
  ...connecting.filter(({ id }) => id !== 'link-life'),
  ...data,
  ...webhooks,
  ...limits,
  ...connecting.filter(({ id }) => id === 'link-life'),
  deletingAll,
]
