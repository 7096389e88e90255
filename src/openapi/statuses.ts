/** A status that a call may be refused with. */
export interface Refused {
  is: string
  /** Its `exc_type`; the first is the example's. */
  types: readonly [string, ...string[]]
  line: string
  /** Seconds to wait, where it says so. */
  retryAfter?: number
}

/** What each status of a refused call means. */
export const statuses: Readonly<Record<number, Refused>> = {
  401: {
    is: 'The credentials are no good; it is never said why.',
    types: ['AuthenticationError'],
    line: 'Invalid API key or secret',
  },
  403: {
    is: 'No credentials, or a key that may not do this.',
    types: ['PermissionError'],
    line: 'Not permitted',
  },
  404: {
    is: 'Not yours, or not there: both read the same.',
    types: ['DoesNotExistError'],
    line: 'Item 4568477 not found',
  },
  413: {
    is: 'The body is larger than 256 KiB.',
    types: ['ValidationError'],
    line: 'The request body is too large',
  },
  417: {
    is: 'An argument is missing (MandatoryError) or wrong, or the body is not what its type says (DataError).',
    types: ['MandatoryError', 'ValidationError', 'DataError'],
    line: "Argument 'item_id' is required",
  },
  429: {
    is: "Our limit, Bridge's quota or the refresh cap.",
    types: ['TooManyRequestsError'],
    line: 'Bridge takes no more calls for now. Please try again in 60 seconds.',
    retryAfter: 60,
  },
  500: {
    is: 'A mistake of ours; the id finds it in the log.',
    types: ['InternalError'],
    line: 'Internal error, request id req_abcdefghijklmnopqrstuvwx',
  },
  502: {
    is: 'Bridge refuses our credentials, or answers nonsense.',
    types: ['BridgeError'],
    line: 'Bridge refused this gateway. Please tell the administrator of Bank API.',
  },
  503: {
    is: 'Bridge is known to be down.',
    types: ['BridgeError'],
    line: 'Bridge cannot be reached at the moment. Please try again in a few minutes.',
    retryAfter: 60,
  },
  504: {
    is: 'Bridge did not answer in time.',
    types: ['BridgeError'],
    line: 'Bridge did not answer in time. Please try again later.',
  },
}
