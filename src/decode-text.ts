/** The bytes are no text that we can read. The message names the line and says what to do. */
export class NotTextError extends Error {
  override name = 'NotTextError'
}

/**
 * The text of a file, without the mark that some editors put before it: UTF-8, or UTF-16 when the mark says so.
 * Throws a NotTextError for anything else, so that no letter is ever replaced by another.
 */
export function decodeText(bytes: Uint8Array): string {
  const text = decoded(bytes)
  if (text === undefined) {
    throw new NotTextError(`line ${lineThatFails(bytes)} is not UTF-8: save the file as UTF-8`)
  }
  if (text.includes('\0')) throw new NotTextError('it is not text: save the file as UTF-8')
  return text
}

function decoded(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  const form = isWide ? (first === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8'
  try {
    return new TextDecoder(form, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function lineThatFails(bytes: Uint8Array): number {
  const newline = 0x0a
  let line = 1
  for (let start = 0; start < bytes.length; line += 1) {
    const end = bytes.indexOf(newline, start)
    const next = end === -1 ? bytes.length : end + 1
    if (decoded(bytes.subarray(start, next)) === undefined) return line
    start = next
  }
  return line
}
