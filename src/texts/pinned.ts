/** Frappe's own sentences, which its clients may compare. They are protocol, so they are the same in every language. */
export const pinned = {
  /** To a verb that a method does not take; HEAD and PATCH are on nobody's list. */
  verb_not_allowed: 'Not permitted',

  /** To a guest, on a method that is not open to guests. */
  credentials_missing:
    '<details><summary>You are not permitted to access this resource.</summary>Function <strong>{method}</strong> is not whitelisted.</details>',

  /** To a name that is no method's; version 2 of the API words it without "for command". */
  method_unknown: 'Failed to get method for command {method} with {reason}',
  'method_unknown.v2': 'Failed to get method {method} with {reason}',

  /** To a body that is JSON but neither an object nor a list. */
  arguments_unreadable: 'Invalid request arguments',

  /** Frappe 16's, to a body that is not what its content type says. */
  body_unreadable: 'Invalid request body',
} as const
