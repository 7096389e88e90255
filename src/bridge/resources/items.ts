import { z } from 'zod'
import type { Api } from '../api.ts'
import { BridgeError, BridgeStatusError } from '../bridge-errors.ts'
import { bridgeId, loosely } from '../fields.ts'
import { pageOf } from '../transport/pagination.ts'

/** One connection of a Bridge user to one bank. `status` 0 is healthy; its enum is open. */
export const item = z.looseObject({
  id: bridgeId,
  provider_id: loosely(z.int()),
  status: z.int(),
  status_code_info: loosely(z.string()),
  status_code_description: loosely(z.string()),
  account_types: loosely(z.string()),
  authentication_expires_at: loosely(z.string()),
  created_at: loosely(z.string()),
  last_successful_refresh: loosely(z.string()),
  last_try_refresh: loosely(z.string()),
})
export type Item = z.output<typeof item>

/** Whether a refresh that ended with this status went well: synchronised, with new transactions or without (Bridge: item statuses). */
export const isHealthy = (status: number): boolean => status === 0 || status === 1009

// Bridge's webhooks call the same number `status_code`, and one client has read that name here too.
const itemReply = item
  .extend({ status: z.int().nullish(), status_code: z.unknown().optional() })
  .refine((reply) => Number.isSafeInteger(reply.status ?? reply.status_code), {
    path: ['status'],
    message: 'required',
  })
const page = pageOf(itemReply)

const refreshRoute = '/v2/items/{id}/refresh'

/** Whether what `refresh` rejects with says nothing of the bank: it may have been read. Not when only a call before it failed. */
export const mayBeRefreshed = (error: unknown): boolean =>
  error instanceof BridgeError && error.unanswered === refreshRoute

export interface Items {
  list(userUuid: string): Promise<Item[]>
  get(userUuid: string, itemId: number, options?: { language?: string | undefined }): Promise<Item>
  /** Ends the connection at Bridge; a 404 is thrown, for the caller to weigh. */
  delete(userUuid: string, itemId: number): Promise<void>
  /** Asks the 2021-06-01 API for a refresh, since 2025-01-15 has none. False: not served to us. */
  refresh(userUuid: string, itemId: number): Promise<boolean>
}

export function createItems(api: Api): Items {
  return {
    async list(userUuid) {
      const route = '/v3/aggregation/items'
      const replies = await api.list({ method: 'GET', route, user: userUuid }, page)
      return replies.map(toItem)
    },
    async get(userUuid, itemId, { language } = {}) {
      const route = '/v3/aggregation/items/{id}'
      return toItem(
        await api.send({ method: 'GET', route, id: itemId, user: userUuid, language }, itemReply),
      )
    },
    delete: (userUuid, itemId) =>
      api.run({
        method: 'DELETE',
        route: '/v3/aggregation/items/{id}',
        id: itemId,
        user: userUuid,
      }),
    async refresh(userUuid, itemId) {
      const route = refreshRoute
      try {
        await api.run({ method: 'POST', route, id: itemId, user: userUuid, version: '2021-06-01' })
        return true
      } catch (error) {
        if (error instanceof BridgeStatusError && error.route === route && isNotServed(error))
          return false
        throw error
      }
    },
  }
}

function toItem(reply: z.output<typeof itemReply>): Item {
  if (typeof reply.status === 'number') return reply as Item
  const { status_code: status, ...rest } = reply
  return { ...rest, status } as Item
}

/** Whether Bridge does not serve the old refresh to us. A 401: the 2021 API may not take tokens of 2025-01-15. */
function isNotServed({ bridgeStatus, code }: BridgeStatusError): boolean {
  if (bridgeStatus === 400) return code === 'invalid_version_header'
  return [401, 403, 404, 405, 410].includes(bridgeStatus)
}
