/**
 * What shows nothing, moves the cursor, turns the reading direction or ends a line: controls, format characters (zero-width
 * ones among them), lone surrogates, what no font has, separators. `\p{C}` alone leaves out the Hangul fillers and variation
 * selectors.
 */
const signs = String.raw`\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}`

const hidden = new RegExp(`[${signs}]`, 'u')
const everyHidden = new RegExp(`[${signs}]`, 'gu')

export const isPlain = (text: string): boolean => !hidden.test(text)

/** The text with every hidden character in the form that `write` gives it. */
export const rewriteHidden = (text: string, write: (sign: string) => string): string =>
  isPlain(text) ? text : text.replace(everyHidden, write)

/** For a terminal: hidden characters as their codes, so that a text from elsewhere is one line that does nothing. */
export const inert = (text: string): string => rewriteHidden(text, escaped)

/** JSON that says the same with no hidden character in it. Its own line breaks, which stand between values, stay. */
export const inertJson = (json: string): string =>
  /^[\n -~]*$/.test(json) // nearly every line of a log
    ? json
    : rewriteHidden(json, (sign) => (sign === '\n' ? sign : escaped(sign)))

/** As in JSON and JavaScript: `\u001b`, and two of them for what needs a pair. */
const escaped = (sign: string): string =>
  Array.from(
    { length: sign.length },
    (_, index) => `\\u${sign.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
