import { unbroken } from '../language.ts'

/** The pieces of a page: code, another tag, or text. What could end a tag early is escaped within it. */
const pieces = /<(code|pre|script|style|textarea)\b.*?<\/\1\s*>|<[^>]*>|[^<]+/gs

/** A page in French, in whose sentences no line ends before a sign that a space stands before. Code is left as it is. */
export const unbrokenPage = (markup: string): string =>
  markup.replaceAll(pieces, (piece) => (piece.startsWith('<') ? piece : unbroken(piece)))
