/** What each status means, with an example's `exc_type` and line. */
export const refusals: Record<number, { is: string; excType: string; line: string }> = {
  401: {
    is: 'The credentials are no good; it is never said why.',
    excType: 'AuthenticationError',
    line: 'Invalid API key or secret',
  },
  403: {
    is: 'No credentials, or a verb the method does not take.',
    excType: 'PermissionError',
    line: 'Not permitted',
  },
  404: {
    is: 'Not yours, or not there: both read the same.',
    excType: 'DoesNotExistError',
    line: 'Item 4568477 not found',
  },
  413: {
    is: 'The body is too large.',
    excType: 'ValidationError',
    line: 'The request body is too large',
  },
  417: {
    is: 'An argument is missing (MandatoryError) or wrong.',
    excType: 'MandatoryError',
    line: "Argument 'item_id' is required",
  },
  429: {
    is: "Our limit, Bridge's quota or the refresh cap; `retry_after` and X-RateLimit-Reset say when, in seconds.",
    excType: 'TooManyRequestsError',
    line: 'Bridge takes no more calls for now. Please try again in 60 seconds.',
  },
  500: {
    is: 'A mistake of ours; the id finds it in the log.',
    excType: 'InternalError',
    line: 'Internal error, request id req_abcdefghijklmnopqrstuvwx',
  },
  502: {
    is: 'Bridge refuses our credentials, or answers nonsense.',
    excType: 'BridgeError',
    line: 'Bridge refused this gateway. Please tell the administrator of Bank API.',
  },
  503: {
    is: 'Bridge is known to be down; `retry_after` and X-RateLimit-Reset say when to come back.',
    excType: 'BridgeError',
    line: 'Bridge cannot be reached at the moment. Please try again in a few minutes.',
  },
  504: {
    is: 'Bridge did not answer in time.',
    excType: 'BridgeError',
    line: 'Bridge did not answer in time. Please try again later.',
  },
}
