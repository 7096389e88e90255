import { PermissionError, ValidationError } from '../errors.ts'
import { notAllowedTitle } from './pinned.ts'

/** Which of Frappe's envelopes a path speaks: `/api/v2/` answers `data` and `errors`. */
export type ApiVersion = 1 | 2

/** A guest asked for a method that is not open to guests. */
export class NotWhitelistedError extends PermissionError<'credentials_missing'> {
  override name = 'NotWhitelistedError'
  readonly title = notAllowedTitle

  constructor(method: string) {
    super('credentials_missing', { method })
  }
}

/** No method has that name. When the whole app is unknown, Frappe says that in a message before. */
export class UnknownMethodError extends ValidationError<'method_unknown' | 'method_unknown.v2'> {
  override name = 'UnknownMethodError'
  readonly before: string | undefined

  constructor(version: ApiVersion, method: string, reason: string, before?: string) {
    super(version === 1 ? 'method_unknown' : 'method_unknown.v2', { method, reason })
    this.before = before
  }
}
