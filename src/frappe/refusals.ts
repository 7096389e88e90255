import { PermissionError, ValidationError } from '../errors.ts'
import { invalidBody, notAllowedTitle, notWhitelisted, unknownMethod } from './pinned.ts'

/** Which of Frappe's envelopes a path speaks: `/api/v2/` answers `data` and `errors`. */
export type ApiVersion = 1 | 2

/** A guest asked for a method that is not open to guests. */
export class NotWhitelistedError extends PermissionError {
  override name = 'NotWhitelistedError'
  readonly title = notAllowedTitle

  constructor(method: string) {
    super(notWhitelisted(method))
  }
}

/** No method has that name. When the whole app is unknown, Frappe says that in a message before. */
export class UnknownMethodError extends ValidationError {
  override name = 'UnknownMethodError'
  readonly before: string | undefined

  constructor(version: ApiVersion, method: string, reason: string, before?: string) {
    super(unknownMethod(version, method, reason))
    this.before = before
  }
}

/** The body cannot be read as what its content type says. */
export class DataError extends ValidationError {
  override name = 'DataError'
  override readonly excType = 'DataError'

  constructor(cause: unknown) {
    super(invalidBody, { cause })
  }
}
