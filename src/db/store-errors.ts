import { NotNowError, ValidationError } from '../errors.ts'

/** A name or id is already taken; the message says which. */
export class ConflictError extends Error {
  override name = 'ConflictError'
}

/** The site is no longer what the call found; `refusal` tells the caller. */
export class SiteConflictError extends ConflictError {
  override name = 'SiteConflictError'
  readonly #refusal: ValidationError

  constructor(refusal: ValidationError) {
    super(refusal.message)
    this.#refusal = refusal
  }

  get refusal(): ValidationError {
    return this.#refusal
  }
}

/** Another server serves this database. */
export class DatabaseInUseError extends Error {
  override name = 'DatabaseInUseError'
}

/** Another server has by now what this one had claimed: it was silent, or took too long. Nothing was stored. */
export class ClaimLostError extends Error {
  override name = 'ClaimLostError'
}

/** The database and this program do not fit together; the message says what to do. */
export class DatabaseVersionError extends Error {
  override name = 'DatabaseVersionError'
}

/** Another process held the database for longer than we wait. Nothing was stored. */
export class StoreBusyError extends Error {
  override name = 'StoreBusyError'
}

/**
 * The database's server cannot be reached, or takes nobody else. Whether what was under way was stored may be unknown.
 * `refusal` tells the caller.
 */
export class StoreAwayError extends StoreBusyError {
  override name = 'StoreAwayError'

  get transient(): true {
    return true
  }

  get refusal(): NotNowError {
    return new NotNowError('database_unavailable', {}, { retryAfter: 5, cause: this.cause })
  }
}

/** The disk is full, or fails. Nothing was stored; as with a busy database, it may be another time. */
export class StoreDiskError extends StoreBusyError {
  override name = 'StoreDiskError'
}

/** Several go by that name but for case or accents' forms, and none by exactly that. */
export class AmbiguousNameError extends ValidationError<'name_ambiguous'> {
  override name = 'AmbiguousNameError'

  constructor(what: 'tenant' | 'site' | 'user') {
    super('name_ambiguous', { what })
  }
}
