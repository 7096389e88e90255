import { codes, type ExcType, type KeyOf } from './texts/codes.ts'
import { codeOf, say, text, type ErrorKey, type Filling, type Text } from './texts/say.ts'

/** Which limit a call met, where one text speaks of several. Stored with the call. */
export type LimitName =
  | 'key'
  | 'address'
  | 'callbacks'
  | 'tenant_links'
  | 'site_links'
  | 'site_webhook_urls'
  | 'tenant_site_keys'
  | 'site_acts'
  | 'tenant_calls'
  | 'site_calls'
  | 'application'
  | 'tenant_share'
  | 'bridge_user'
  | 'bridge_tokens'
  | 'bridge'

interface AppErrorOptions {
  /** Told to the operator alone. */
  limit?: LimitName | undefined
  /** The address that a call named and may not: told to the operator alone. */
  asked?: string | undefined
  /** Seconds, where waiting helps. */
  retryAfter?: number | undefined
  /** Of the feed: where to go on instead. */
  oldestCursor?: string | undefined
  cause?: unknown
}

/**
 * What a caller may learn: a text, whose code says the HTTP status and Frappe's `exc_type`. `message` is that text in English,
 * for the log and the command line.
 */
export abstract class AppError extends Error {
  readonly excType: ExcType
  readonly status: number
  readonly retryAfter: number | undefined
  readonly oldestCursor: string | undefined
  // Private, as the log shows an error's own fields.
  readonly #text: Text<ErrorKey>
  readonly #limit: LimitName | undefined
  readonly #asked: string | undefined

  constructor(
    said: Text<ErrorKey>,
    { limit, asked, retryAfter, oldestCursor, cause }: AppErrorOptions = {},
  ) {
    super(say(said, 'en'), { cause })
    const { excType, status } = codes[codeOf(said.key)]
    this.retryAfter = retryAfter
    this.oldestCursor = oldestCursor
    this.excType = excType
    this.status = status
    this.#text = said
    this.#limit = limit
    this.#asked = asked
  }

  get limit(): LimitName | undefined {
    return this.#limit
  }

  get asked(): string | undefined {
    return this.#asked
  }

  get text(): Text<ErrorKey> {
    return this.#text
  }
}

/** Whether an error is over by itself, and many meet it until then: the log has its cause once, and its stack never. */
export const isTransient = (error: unknown): error is Error & { transient: true } =>
  error instanceof Error && 'transient' in error

type ErrorArgs<K extends ErrorKey> = Filling<K, [options?: AppErrorOptions]>

type ValidationKey = KeyOf<'ValidationError' | 'MandatoryError' | 'DataError'>

/** The arguments are missing or malformed, or the request makes no sense. */
export class ValidationError<K extends ValidationKey = ValidationKey> extends AppError {
  override name = 'ValidationError'

  constructor(key: K, ...[values, options]: ErrorArgs<K>) {
    super({ key, values }, options)
  }
}

type PermissionKey = KeyOf<'PermissionError'>

/** No credentials at all, or what these may not do. */
export class PermissionError<K extends PermissionKey = PermissionKey> extends AppError {
  override name = 'PermissionError'

  constructor(key: K, ...[values, options]: ErrorArgs<K>) {
    super({ key, values }, options)
  }
}

/** Credentials that are no good. Never says why. */
export class AuthenticationError extends AppError {
  override name = 'AuthenticationError'

  constructor() {
    super(text('credentials_invalid'))
  }
}

type DoesNotExistKey = KeyOf<'DoesNotExistError'>

/** Not yours, or not there: the caller cannot tell which. */
export class DoesNotExistError<K extends DoesNotExistKey = DoesNotExistKey> extends AppError {
  override name = 'DoesNotExistError'

  constructor(key: K, ...[values, options]: ErrorArgs<K>) {
    super({ key, values }, options)
  }
}

type NotNowKey = Exclude<KeyOf<'InternalError'>, 'internal_error'>

/** We cannot do it now, and it passes by itself. */
export class NotNowError<K extends NotNowKey = NotNowKey> extends AppError {
  override name = 'NotNowError'

  constructor(key: K, ...[values, options]: ErrorArgs<K>) {
    super({ key, values }, options)
  }
}

type TooManyKey = KeyOf<'TooManyRequestsError'>

/** Our limit, Bridge's quota or the refresh cap. */
export class TooManyRequestsError<K extends TooManyKey = TooManyKey> extends AppError {
  override name = 'TooManyRequestsError'

  constructor(key: K, ...[values, options]: ErrorArgs<K>) {
    super({ key, values }, options)
  }
}
