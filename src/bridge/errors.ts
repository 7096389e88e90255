import { AppError } from '../errors.ts'

/** Where a call failed: the verb and the route with `{id}` for ids. */
export interface Where {
  method: string
  route: string
}

interface BridgeErrorOptions {
  detail: string
  status?: number
  excType?: string
  retryAfter?: number
  cause?: unknown
}

/** Bridge could not serve us. `message` is for the site's user, `detail` for the log; no secrets. */
export class BridgeError extends AppError {
  override name = 'BridgeError'
  readonly excType: string
  readonly status: number
  readonly detail: string

  constructor(message: string, options: BridgeErrorOptions) {
    super(message, options)
    this.excType = options.excType ?? 'BridgeError'
    this.status = options.status ?? 502
    this.detail = options.detail
  }
}

const down = 'Bridge cannot be reached at the moment. Please try again in a few minutes.'
const waitWhenDown = 30 // seconds; Bridge names none

/** No answer, or one that was cut off. */
export class BridgeNetworkError extends BridgeError {
  override name = 'BridgeNetworkError'

  constructor({ method, route }: Where, cause: unknown) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    super(down, {
      status: 503,
      retryAfter: waitWhenDown,
      detail: `${method} ${route}: network (${reason})`,
      cause,
    })
  }
}

/** The attempt's time, or the caller's, ran out. */
export class BridgeTimeoutError extends BridgeError {
  override name = 'BridgeTimeoutError'

  constructor({ method, route }: Where, reason: string, cause?: unknown) {
    super('Bridge did not answer in time. Please try again later.', {
      status: 504,
      detail: `${method} ${route}: ${reason}`,
      cause,
    })
  }
}

/** A 2xx answer that is not what Bridge promises: no JSON, another shape, too large, empty. */
export class BridgeSchemaError extends BridgeError {
  override name = 'BridgeSchemaError'

  constructor(detail: string) {
    super(
      'Bridge gave an answer we cannot read. If it lasts, tell the administrator of Bank API.',
      {
        detail,
      },
    )
  }
}

/** Bridge is known to be down: nothing was sent. `retryAfter` is when we look again. */
export class BridgeDownError extends BridgeError {
  override name = 'BridgeDownError'

  constructor({ method, route }: Where, retryAfter: number) {
    super(down, { status: 503, retryAfter, detail: `${method} ${route}: not sent, Bridge is down` })
  }
}

/** Our share of Bridge's quota is spent: nothing was sent. `retryAfter` is when it could be. */
export class BridgeQuotaError extends BridgeError {
  override name = 'BridgeQuotaError'

  constructor(retryAfter: number) {
    super(`Bridge takes no more calls for now. Please try again in ${retryAfter} seconds.`, {
      status: 429,
      excType: 'TooManyRequestsError',
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
  /** Seconds of a `Retry-After` header. */
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
  /** Seconds Bridge itself asked to wait; `retryAfter` has a default where this is undefined. */
  readonly wait: number | undefined

  constructor(refusal: Refusal) {
    const { method, route, bridgeStatus, code, property, wait } = refusal
    const words = [String(bridgeStatus), code, property && `(${property})`].filter(Boolean)
    super(humanLine(refusal), {
      ...meaning(refusal),
      detail: `${method} ${route}: ${words.join(' ')}`,
    })
    this.route = route
    this.bridgeStatus = bridgeStatus
    this.code = code
    this.property = property
    this.wait = wait
  }
}

// 60: Bridge counts calls per user by the minute ("rate limits") and names no wait of its own.
function meaning({ bridgeStatus, wait }: Refusal): Partial<BridgeErrorOptions> {
  if (bridgeStatus === 429) {
    return { status: 429, excType: 'TooManyRequestsError', retryAfter: wait ?? 60 }
  }
  if (bridgeStatus >= 500) return { status: 503, retryAfter: wait ?? waitWhenDown }
  return {}
}

function humanLine({ bridgeStatus, property, wait }: Refusal): string {
  if (bridgeStatus === 429) {
    return `Bridge takes no more calls for now. Please try again in ${wait ?? 60} seconds.`
  }
  if (bridgeStatus >= 500) return down
  if (bridgeStatus === 401 || bridgeStatus === 403) {
    return 'Bridge refused this gateway. Please tell the administrator of Bank API.'
  }
  if (bridgeStatus === 404) return 'Bridge does not know what was asked for. It may be deleted.'
  const about = property ? ` (${property})` : ''
  return `Bridge did not accept the request${about}. Please tell the administrator of Bank API.`
}
