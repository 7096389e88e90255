/** What a caller may learn: each carries Frappe's `exc_type`, the HTTP status and one human line. */
export abstract class AppError extends Error {
  abstract readonly excType: string
  abstract readonly status: number
  /** Seconds, where waiting helps. */
  readonly retryAfter: number | undefined

  constructor(message: string, options: { retryAfter?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.retryAfter = options.retryAfter
  }
}

/** The arguments are malformed, or the request makes no sense. */
export class ValidationError extends AppError {
  override name = 'ValidationError'
  readonly excType: string = 'ValidationError'
  readonly status: number = 417
}

/** An argument that must be there is not. */
export class MandatoryError extends ValidationError {
  override name = 'MandatoryError'
  override readonly excType = 'MandatoryError'
}

/** Larger than we read. */
export class TooLargeError extends ValidationError {
  override name = 'TooLargeError'
  override readonly status = 413
}

/** No credentials at all, or a verb this method does not take. */
export class PermissionError extends AppError {
  override name = 'PermissionError'
  readonly excType = 'PermissionError'
  readonly status = 403
}

/** Credentials that are no good. Never says why. */
export class AuthenticationError extends AppError {
  override name = 'AuthenticationError'
  readonly excType = 'AuthenticationError'
  readonly status = 401

  constructor() {
    super('Invalid API key or secret')
  }
}

/** Not yours, or not there: the caller cannot tell which. */
export class DoesNotExistError extends AppError {
  override name = 'DoesNotExistError'
  readonly excType = 'DoesNotExistError'
  readonly status = 404
}

/** Our limit, Bridge's quota or the refresh cap. */
export class TooManyRequestsError extends AppError {
  override name = 'TooManyRequestsError'
  readonly excType = 'TooManyRequestsError'
  readonly status = 429
}
