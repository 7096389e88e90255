import { ValidationError } from './errors.ts'

/** How long a name may be: Frappe's `Data` field. */
export const longestName = 140

// Controls, format characters (zero-width ones, those that turn the reading direction), lone surrogates, what no font
// shows, and the separators that end a line. `\p{C}` alone leaves out the Hangul fillers and variation selectors.
const hidden = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/**
 * Whether a new tenant, site, user or bank may be called so: what can be read on a line and typed again. One rule for
 * the command line and for callers; what is stored already keeps its name, so do not ask before a look-up.
 */
export const isName = (text: string): boolean =>
  text.length > 0 && text.length <= longestName && text.trim() === text && !hidden.test(text)

/** What is said of a text that is no name. */
export const nameRule = 'expected a name without control or invisible characters'

/** Throws a ValidationError that names the argument when its text is no name for something new. */
export function requireName(argument: string, text: string): void {
  if (!isName(text)) throw new ValidationError(`Argument '${argument}' is not valid: ${nameRule}`)
}
