import type { Code, ErrorKey } from './say.ts'

const refused = { status: 417, excType: 'ValidationError' } as const
const notFound = { status: 404, excType: 'DoesNotExistError' } as const
const forbidden = { status: 403, excType: 'PermissionError' } as const
const unknown = { status: 401, excType: 'AuthenticationError' } as const
const tooMany = { status: 429, excType: 'TooManyRequestsError' } as const
const ofBridge = { status: 502, excType: 'BridgeError' } as const
const notNow = { status: 503, excType: 'InternalError' } as const

/** Each code's HTTP status and Frappe's `exc_type`. */
export const codes = {
  credentials_missing: forbidden,
  credentials_invalid: unknown,
  verb_not_allowed: forbidden,
  site_key_required: forbidden,
  tenant_key_required: forbidden,
  key_read_only: forbidden,

  method_unknown: refused,
  path_unknown: notFound,
  body_too_large: { status: 413, excType: 'ValidationError' },
  body_unreadable: { status: 417, excType: 'DataError' },
  too_many_fields: refused,
  arguments_unreadable: refused,
  request_unreadable: refused,
  request_incomplete: refused,
  http_unreadable: { status: 400, excType: 'ValidationError' },
  request_timeout: { status: 408, excType: 'ValidationError' },
  headers_too_large: { status: 431, excType: 'ValidationError' },

  argument_required: { status: 417, excType: 'MandatoryError' },
  argument_invalid: refused,
  bridge_version_invalid: refused,
  address_not_allowed: refused,
  webhook_target_refused: refused,
  email_required: refused,
  site_ambiguous: refused,
  user_ambiguous: refused,
  name_ambiguous: refused,
  site_changed: refused,
  site_gone: refused,
  too_many_sites: refused,
  too_many_users: refused,
  too_many_keys: refused,
  too_many_transactions: refused,
  cursor_too_old: refused,

  site_not_found: notFound,
  user_not_found: notFound,
  item_not_found: notFound,
  account_not_found: notFound,
  connect_request_not_found: notFound,
  key_not_found: notFound,
  bank_not_found: notFound,
  category_not_found: notFound,

  too_many_calls: tooMany,
  too_many_large_answers: tooMany,
  refresh_limit_reached: tooMany,
  bridge_quota_spent: tooMany,

  bridge_unavailable: { status: 503, excType: 'BridgeError' },
  bridge_timeout: { status: 504, excType: 'BridgeError' },
  bridge_answer_invalid: ofBridge,
  bridge_credentials_refused: ofBridge,
  bridge_not_found: ofBridge,
  bridge_request_refused: ofBridge,

  webhook_secret_missing: notNow,
  event_not_stored: notNow,
  database_unavailable: notNow,
  signature_invalid: unknown,

  internal_error: { status: 500, excType: 'InternalError' },
} as const satisfies Record<Code, { status: number; excType: string }>

type Codes = typeof codes
export type ExcType = Codes[Code]['excType']

/** The keys whose code has one of these types. */
export type KeyOf<Type extends ExcType> = {
  [K in ErrorKey]: Codes[Code<K>]['excType'] extends Type ? K : never
}[ErrorKey]
