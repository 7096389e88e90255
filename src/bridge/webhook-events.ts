import { z } from 'zod'
import { check } from './reply.ts'

const ofUser = z.looseObject({ user_uuid: z.string() })
const ofItem = z.looseObject({ item_id: z.int(), user_uuid: z.string().nullish() })
const ofAccount = ofItem.extend({
  account_id: z.int(),
  balance: z.number().nullish(),
  data_access: z.string().nullish(),
})

const contents = {
  'user.deleted': ofUser,
  'item.created': ofItem,
  'item.refreshed': ofItem.extend({
    status_code: z.int().nullish(),
    status_code_info: z.string().nullish(),
    account_types: z.string().nullish(),
    full_refresh: z.boolean().nullish(),
    refresh_trigger: z.string().nullish(),
    authentication_expires_at: z.string().nullish(),
  }),
  'item.deleted': ofItem,
  'item.account.created': ofAccount,
  'item.account.updated': ofAccount.extend({
    nb_new_transactions: z.int().nullish(),
    nb_updated_transactions: z.int().nullish(),
    nb_deleted_transactions: z.int().nullish(),
  }),
  'item.account.deleted': ofAccount,
  TEST_EVENT: z.looseObject({
    item_id: z.int().nullish(),
    user_uuid: z.string().nullish(),
    status: z.int().nullish(),
  }),
} as const

type Contents = typeof contents
type KnownType = keyof Contents

/** An event of a type we know, told apart by `type`. `timestamp` is in epoch milliseconds. */
export type KnownBridgeEvent = {
  [Type in KnownType]: {
    known: true
    type: Type
    content: z.output<Contents[Type]>
    timestamp?: number
  }
}[KnownType]

/** An event of a type we do not know, as it came. */
export interface OtherBridgeEvent {
  known: false
  type: string
  content: Record<string, unknown>
  timestamp?: number
}

/** What Bridge posts to us. Ask `known` first: only then does `type` tell what `content` holds. */
export type BridgeEvent = KnownBridgeEvent | OtherBridgeEvent

const envelope = z.looseObject({
  type: z.string().min(1),
  content: z.record(z.string(), z.unknown()).nullish(),
  timestamp: z.number().nonnegative().nullish(),
})

/**
 * Reads the parsed body of a webhook (Bridge: "webhooks events"). Throws `BridgeSchemaError` without a
 * `type`, or when a known event lacks its ids; a type we do not know passes as it is.
 */
export function parseBridgeEvent(body: unknown): BridgeEvent {
  const { type, content, timestamp } = check(envelope, body, 'webhook')
  const known = Object.hasOwn(contents, type) ? contents[type as KnownType] : undefined
  return {
    known: known !== undefined,
    type,
    content: known ? check(known, content ?? {}, `webhook ${type}`) : (content ?? {}),
    ...(typeof timestamp === 'number' && { timestamp: toMilliseconds(timestamp) }),
  } as BridgeEvent
}

// Bridge's TEST_EVENT counts in seconds, all others in milliseconds, which passed this in 1973.
const toMilliseconds = (timestamp: number): number =>
  timestamp < 100_000_000_000 ? timestamp * 1000 : timestamp
