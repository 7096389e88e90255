import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Item, ItemFacts } from '../db/ports/items.ts'

/** Says in headers how fresh an answer's data is. Times are ISO 8601 in UTC; what is not known is not said. */
export interface Freshness {
  /** All of it is of this item: as of its last successful refresh, else of `readAt`. */
  item(item: ItemFacts, readAt?: number | null): void
  /** It is of several items: as fresh as the least fresh of them. */
  items(items: readonly Item[]): void
  /** Bridge gave it to us at that time. */
  readAt(at: number | undefined): void
}

/** What answers say in headers whose data has an age. */
export const dataHeaders = {
  'X-Bank-Api-Data-As-Of': z.iso
    .datetime()
    .describe('When the bank was last read with success; of several connections the oldest.'),
}

/** What answers about one connection say besides. */
export const itemHeaders = {
  ...dataHeaders,
  'X-Bank-Api-Item-Status': z.int().describe("Bridge's status of the connection; 0 is healthy."),
  'X-Bank-Api-Consent-Expires': z.iso.datetime().describe("When the user's consent ends."),
}

export function freshnessOf(reply: FastifyReply): Freshness {
  const say = (name: string, at: number | null | undefined): void => {
    if (at !== null && at !== undefined) void reply.header(name, new Date(at).toISOString())
  }
  const asOf = (at: number | null | undefined) => say('X-Bank-Api-Data-As-Of', at)

  return {
    item({ status, lastSuccessAt, authenticationExpiresAt }, readAt) {
      asOf(lastSuccessAt ?? readAt)
      void reply.header('X-Bank-Api-Item-Status', String(status))
      say('X-Bank-Api-Consent-Expires', authenticationExpiresAt)
    },
    items(items) {
      const times = items.flatMap(({ lastSuccessAt }) => lastSuccessAt ?? [])
      if (times.length > 0) asOf(Math.min(...times))
    },
    readAt: asOf,
  }
}
