import { z } from 'zod'
import { bridgeId, loosely } from '../fields.ts'
import { check } from '../transport/reply.ts'

const ofUser = z.looseObject({ user_uuid: z.string() })
const ofItem = z.looseObject({ item_id: bridgeId, user_uuid: loosely(z.string()) })
const ofAccount = ofItem.extend({
  account_id: bridgeId,
  balance: loosely(z.number()),
  data_access: loosely(z.string()),
})

/** What each event of Bridge's that we know tells, by type (Bridge: "webhooks events"). */
export const bridgeEvents = {
  'user.deleted': ofUser,
  'item.created': ofItem,
  'item.refreshed': ofItem.extend({
    status_code: loosely(z.int()),
    status_code_info: loosely(z.string()),
    account_types: loosely(z.string()),
    full_refresh: loosely(z.boolean()),
    refresh_trigger: loosely(z.string()),
    authentication_expires_at: loosely(z.string()),
  }),
  'item.deleted': ofItem,
  'item.account.created': ofAccount,
  'item.account.updated': ofAccount.extend({
    nb_new_transactions: loosely(z.int()),
    nb_updated_transactions: loosely(z.int()),
    nb_deleted_transactions: loosely(z.int()),
  }),
  'item.account.deleted': ofAccount,
  TEST_EVENT: z.looseObject({
    item_id: loosely(z.int()),
    user_uuid: loosely(z.string()),
    status: loosely(z.int()),
  }),
} as const

type Contents = typeof bridgeEvents
type KnownType = keyof Contents

/** An event of a type we know, told apart by `type`. `timestamp` is in epoch milliseconds. */
type KnownBridgeEvent = {
  [Type in KnownType]: {
    known: true
    type: Type
    content: z.output<Contents[Type]>
    timestamp?: number
  }
}[KnownType]

/** An event of a type we do not know, as it came. */
interface OtherBridgeEvent {
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
  timestamp: loosely(z.number()),
})

/** Reads the body of a webhook as it came. Throws what parseBridgeEvent throws, and a SyntaxError for what is no JSON. */
export const readBridgeEvent = (body: Buffer): BridgeEvent =>
  parseBridgeEvent(JSON.parse(body.toString('utf8')))

/**
 * Reads the parsed body of a webhook (Bridge: "webhooks events"). Throws `BridgeSchemaError` without a
 * `type`, or when a known event lacks its ids; a type we do not know passes as it is.
 */
export function parseBridgeEvent(body: unknown): BridgeEvent {
  const { type, content, timestamp } = check(envelope, body, 'webhook')
  const known = Object.hasOwn(bridgeEvents, type) ? bridgeEvents[type as KnownType] : undefined
  return {
    known: known !== undefined,
    type,
    content: known ? check(known, content ?? {}, `webhook ${type}`) : (content ?? {}),
    ...(isCount(timestamp) && { timestamp: toMilliseconds(timestamp) }),
  } as BridgeEvent
}

const isCount = (value: unknown): value is number => Number.isFinite(value) && Number(value) >= 0

// Bridge's TEST_EVENT counts in seconds, all others in milliseconds, which passed this in 1973.
const toMilliseconds = (timestamp: number): number =>
  timestamp < 100_000_000_000 ? timestamp * 1000 : timestamp
