import { text, type ErrorKey, type Text } from '../texts/say.ts'

/** A status that a call may be refused with. */
export interface Refused {
  is: string
  example: Text<ErrorKey>
  /** Seconds to wait, where it says so. */
  retryAfter?: number
}

/** What each status of a refused call means. */
export const statuses: Readonly<Record<number, Refused>> = {
  401: {
    is: 'The credentials are no good; it is never said why.',
    example: text('credentials_invalid'),
  },
  403: {
    is: 'No credentials, or a key that may not do this.',
    example: text('verb_not_allowed'),
  },
  404: {
    is: 'Not yours, or not there: both read the same.',
    example: text('item_not_found', { id: 4568477 }),
  },
  413: {
    is: 'The body is larger than 256 KiB.',
    example: text('body_too_large'),
  },
  417: {
    is: 'An argument is missing (MandatoryError) or wrong, or the body is not what its type says (DataError).',
    example: text('argument_required', { name: 'item_id' }),
  },
  429: {
    is: "Our limit, Bridge's quota or the refresh cap.",
    example: text('bridge_quota_spent', { seconds: 60 }),
    retryAfter: 60,
  },
  500: {
    is: 'A mistake of ours; the id finds it in the log.',
    example: text('internal_error', { id: 'req_abcdefghijklmnopqrstuvwx' }),
  },
  502: {
    is: 'Bridge refuses our credentials, or answers nonsense.',
    example: text('bridge_credentials_refused'),
  },
  503: {
    is: 'Bridge is known to be down, or our database cannot be reached.',
    example: text('bridge_unavailable'),
    retryAfter: 60,
  },
  504: {
    is: 'Bridge did not answer in time.',
    example: text('bridge_timeout'),
  },
}
