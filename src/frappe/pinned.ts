/** Texts that Frappe clients may compare. They are protocol, so they are never translated. */

/** Frappe's answer to a verb a method does not take; HEAD and PATCH are on nobody's list. */
export const notPermitted = 'Not permitted'

/** Frappe's answer to a body that is JSON but neither an object nor a list. */
export const invalidArguments = 'Invalid request arguments'

/** Frappe 16's answer to a body that is no JSON. */
export const invalidBody = 'Invalid request body'

/** The title Frappe gives a message when its author gives none. */
export const defaultTitle = 'Message'

/** The title of `notWhitelisted`. */
export const notAllowedTitle = 'Method Not Allowed'

/** Frappe's answer to a guest on a method that is not open to guests. */
export const notWhitelisted = (name: string) =>
  `<details><summary>You are not permitted to access this resource.</summary>` +
  `Function <strong>${name}</strong> is not whitelisted.</details>`

/** Frappe's answer to an unknown method; version 2 of its API words it without "for command". */
export const unknownMethod = (version: 1 | 2, name: string, reason: string) =>
  `Failed to get method ${version === 1 ? 'for command ' : ''}${name} with ${reason}`

/** Why a method is unknown, as Python and Frappe put it. */
export const unknownReason = {
  app: (app: string) => `App ${app} is not installed`,
  module: (module: string) => `No module named '${module}'`,
  attribute: (module: string, name: string) => `module '${module}' has no attribute '${name}'`,
  bare: (name: string) => `'${name}'`,
}
