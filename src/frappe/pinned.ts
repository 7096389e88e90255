/** What Frappe clients may compare, besides the sentences in `src/texts/pinned.ts`. It is protocol, so it is never translated. */

/** The title Frappe gives a message when its author gives none. */
export const defaultTitle = 'Message'

/** The title of what a guest is told on a method that is not open to guests. */
export const notAllowedTitle = 'Method Not Allowed'

/** Why a method is unknown, as Python and Frappe put it. */
export const unknownReason = {
  app: (app: string) => `App ${app} is not installed`,
  module: (module: string) => `No module named '${module}'`,
  attribute: (module: string, name: string) => `module '${module}' has no attribute '${name}'`,
  bare: (name: string) => `'${name}'`,
}
