import { AppError, type LimitName } from '../errors.ts'
import type { KeyOf } from '../texts/codes.ts'
import { text, type Text } from '../texts/say.ts'

/** Where a call failed: the verb and the route with `{id}` for ids. */
export interface Where {
  method: string
  route: string
}

/**
 * What went wrong, said once where the error is made; all others ask for it, with `isBridge` or the predicates below.
 * `network`: no answer, or one cut off. `timeout`: the attempt's time, or the caller's, ran out. `down`: not sent, for Bridge
 * is known to be down. `absent`: the front answered that nobody is behind it. `broken`: another 5xx. `quota`: a 429, or not
 * sent because our share is spent. `credentials`: 401 or 403, about the application or, with a user's token, about that.
 * `invalid`: 400 or 422. `missing`: 404. `conflict`: 409. `refused`: any other status. `nonsense`: a 2xx that is not what
 * Bridge promises.
 */
export type BridgeErrorKind =
  | 'network'
  | 'timeout'
  | 'down'
  | 'absent'
  | 'broken'
  | 'quota'
  | 'credentials'
  | 'invalid'
  | 'missing'
  | 'conflict'
  | 'refused'
  | 'nonsense'

interface BridgeErrorOptions {
  kind: BridgeErrorKind
  detail: string
  retryAfter?: number
  limit?: LimitName | undefined
  wait?: number | undefined
  unanswered?: string | undefined
  cause?: unknown
}

type BridgeErrorText = Text<KeyOf<'BridgeError'> | 'bridge_quota_spent'>

/** Bridge could not serve us. `message` is for the site's user, `detail` for the log; no secrets. */
export class BridgeError extends AppError {
  override name = 'BridgeError'
  readonly detail: string
  /** Seconds Bridge itself asked to wait, five minutes at most; `retryAfter` has a default where this is undefined. */
  readonly wait: number | undefined
  // Private, as the log shows an error's own fields.
  readonly #kind: BridgeErrorKind
  readonly #unanswered: string | undefined

  constructor(said: BridgeErrorText, options: BridgeErrorOptions) {
    super(said, options)
    this.#kind = options.kind
    this.#unanswered = options.unanswered
    this.wait = options.wait
    this.detail = options.detail
  }

  get kind(): BridgeErrorKind {
    return this.#kind
  }

  /** The route of a call that went out and got no whole answer: Bridge may have done what it asks for. */
  get unanswered(): string | undefined {
    return this.#unanswered
  }
}

/** Whether an error is Bridge's and of one of these kinds. */
export const isBridge = (
  error: unknown,
  ...kinds: readonly BridgeErrorKind[]
): error is BridgeError => error instanceof BridgeError && kinds.includes(error.kind)

/** Nobody was there to answer: the next call would hardly find more. */
export const isUnreachable = (error: unknown): boolean =>
  isBridge(error, 'network', 'timeout', 'down')

/** An answer that asking again would not change; what is refused to the whole application may be granted again. */
export const isFinalRefusal = (error: unknown): boolean => isBridge(error, 'invalid', 'missing')

/**
 * Whether a refused token may mean that Bridge does not know the user. What it says then is not documented: 400, 404 and 422
 * have been seen, and of its 401 only the code tells that it is the application's.
 */
export const mayBeUnknownUser = (refusal: unknown): boolean =>
  isFinalRefusal(refusal) ||
  (refusal instanceof BridgeStatusError &&
    refusal.bridgeStatus === 401 &&
    refusal.code !== 'invalid_client_credentials')

/** For `catch`: undefined when Bridge does not know what was asked for, or the user; throws all else on. */
export const unlessMissing = (error: unknown): undefined => {
  if (!isBridge(error, 'missing')) throw error
}

const down = text('bridge_unavailable')
const waitWhenDown = 30 // seconds; Bridge names none

/** No answer, or one that was cut off. */
export class BridgeNetworkError extends BridgeError {
  override name = 'BridgeNetworkError'

  constructor({ method, route }: Where, cause: unknown, { wasSent } = { wasSent: false }) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    super(down, {
      kind: 'network',
      retryAfter: waitWhenDown,
      detail: `${method} ${route}: network (${reason})`,
      unanswered: wasSent ? route : undefined,
      cause,
    })
  }
}

/** The attempt's time, or the caller's, ran out. */
export class BridgeTimeoutError extends BridgeError {
  override name = 'BridgeTimeoutError'

  constructor(
    { method, route }: Where,
    reason: string,
    { cause, wasSent = false }: { cause?: unknown; wasSent?: boolean } = {},
  ) {
    super(text('bridge_timeout'), {
      kind: 'timeout',
      detail: `${method} ${route}: ${reason}`,
      unanswered: wasSent ? route : undefined,
      cause,
    })
  }
}

/** The time of whoever asked ran out, or nobody waits any more: it says nothing of Bridge. */
export class BridgeGivenUpError extends BridgeTimeoutError {
  constructor(where: Where, options: { cause: unknown; wasSent?: boolean }) {
    super(where, 'the caller gave up', options)
  }
}

/** A 2xx answer that is not what Bridge promises: no JSON, another shape, too large, empty. */
export class BridgeSchemaError extends BridgeError {
  override name = 'BridgeSchemaError'

  constructor(detail: string) {
    super(text('bridge_answer_invalid'), { kind: 'nonsense', detail })
  }
}

/** Bridge is known to be down: nothing was sent. `retryAfter` is when we look again. */
export class BridgeDownError extends BridgeError {
  override name = 'BridgeDownError'

  constructor({ method, route }: Where, retryAfter: number) {
    super(down, {
      kind: 'down',
      retryAfter,
      detail: `${method} ${route}: not sent, Bridge is down`,
    })
  }
}

/** Our share of Bridge's quota is spent: nothing was sent. `retryAfter` is when it could be. */
export class BridgeQuotaError extends BridgeError {
  override name = 'BridgeQuotaError'

  constructor(retryAfter: number, limit?: LimitName) {
    super(text('bridge_quota_spent', { seconds: retryAfter }), {
      kind: 'quota',
      limit,
      retryAfter,
      detail: `not sent: the quota is spent for ${retryAfter} s`,
    })
  }
}

/** What an error answer says, as far as it could be read. */
export interface Refusal extends Where {
  bridgeStatus: number
  code?: string | undefined
  property?: string | undefined
  /** Seconds of a `Retry-After` header, five minutes at most. */
  wait?: number | undefined
}

/** Bridge answered with another status than 2xx. A 429 becomes the caller's 429. */
export class BridgeStatusError extends BridgeError {
  override name = 'BridgeStatusError'
  readonly route: string
  readonly bridgeStatus: number
  /** Bridge's machine word for the problem, as `conflict`. */
  readonly code: string | undefined
  /** The parameter Bridge did not like. */
  readonly property: string | undefined

  constructor(refusal: Refusal) {
    const { method, route, bridgeStatus, code, property, wait } = refusal
    const words = [String(bridgeStatus), code, property && `(${property})`].filter(Boolean)
    const kind = kindOf(bridgeStatus)
    super(wordsFor(kind, refusal), {
      kind,
      ...(kind === 'quota' && { limit: 'bridge' }),
      ...retryAfterOf(kind, wait),
      wait,
      detail: `${method} ${route}: ${words.join(' ')}`,
    })
    this.route = route
    this.bridgeStatus = bridgeStatus
    this.code = code
    this.property = property
  }
}

/** What an error status means. */
export function kindOf(status: number): BridgeErrorKind {
  if (status >= 500) return isFront(status) ? 'absent' : 'broken'
  if (status === 401 || status === 403) return 'credentials'
  if (status === 400 || status === 422) return 'invalid'
  if (status === 404) return 'missing'
  if (status === 409) return 'conflict'
  return status === 429 ? 'quota' : 'refused'
}

/** What the statuses of proxies that find nobody behind them say. */
const isFront = (status: number): boolean => [502, 503, 504].includes(status) || status >= 520

// Bridge counts calls per user by the minute ("rate limits") and names no wait of its own.
const waitOfQuota = 60

function retryAfterOf(
  kind: BridgeErrorKind,
  wait: number | undefined,
): Pick<BridgeErrorOptions, 'retryAfter'> {
  if (kind === 'quota') return { retryAfter: wait ?? waitOfQuota }
  return kind === 'absent' || kind === 'broken' ? { retryAfter: wait ?? waitWhenDown } : {}
}

function wordsFor(kind: BridgeErrorKind, { property, wait }: Refusal): BridgeErrorText {
  if (kind === 'quota') return text('bridge_quota_spent', { seconds: wait ?? waitOfQuota })
  if (kind === 'absent' || kind === 'broken') return down
  if (kind === 'credentials') return text('bridge_credentials_refused')
  if (kind === 'missing') return text('bridge_not_found')
  return property
    ? text('bridge_request_refused.property', { property })
    : text('bridge_request_refused')
}
