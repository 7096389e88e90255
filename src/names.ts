import { ValidationError } from './errors.ts'
import { isPlain } from './terminal/inert.ts'

/** How long a name may be: Frappe's `Data` field. */
export const longestName = 140

/**
 * Whether a new tenant, site, user or bank may be called so: what can be read on a line and typed again. One rule for
 * the command line and for callers; what is stored already keeps its name, so do not ask before a look-up.
 */
export const isName = (text: string): boolean =>
  text.length > 0 && text.length <= longestName && text.trim() === text && isPlain(text)

/** Throws a ValidationError that names the argument when its text is no name for something new. */
export function requireName(argument: string, text: string): void {
  if (!isName(text)) throw new ValidationError('argument_invalid.name', { name: argument })
}

/**
 * What two spellings of one name have in common: an identity provider changes case, an editor the form of an accent. NFKC,
 * full case folding (`ß` is `ss`, `ς` is `σ`), trimmed; folding twice changes nothing more. The Turkish `ı` stays apart
 * from `i`, as in Unicode's own folding: they are two letters.
 */
export const foldName = (name: string): string =>
  Array.from(name.normalize('NFKC'), foldLetter).join('').normalize('NFKC').trim()

/** Whether two names differ in spelling alone. */
export const isSameName = (one: string, other: string): boolean => foldName(one) === foldName(other)

// JavaScript cannot fold case. Letter by letter, so that no letter depends on its neighbours as the final sigma does; by way
// of the upper case, where all forms of a letter meet, and first down, for the capital sharp s has no other upper case.
const foldLetter = (letter: string): string =>
  letter === 'ı' ? letter : letter.toLowerCase().toUpperCase().toLowerCase()
