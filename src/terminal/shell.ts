import { isPlain, rewriteHidden } from './inert.ts'

/**
 * A command for people to paste, as command`webhook enable ${site} --tenant ${tenant}`: every value is one word of a POSIX
 * shell, whatever is in it, and none is taken for an option.
 */
export function command(texts: TemplateStringsArray, ...values: readonly string[]): string {
  let line = `bank-api ${texts[0]}`
  const behind: string[] = []
  for (const [index, value] of values.entries()) {
    // An option takes the word after it, whatever that is; elsewhere a dash would make one.
    const isArgument = !/--[a-z-]+ $/.test(texts[index] ?? '')
    if (isArgument && value.startsWith('-')) {
      behind.push(quoted(value))
      line = line.replace(/ $/, '')
    } else line += quoted(value)
    line += texts[index + 1]
  }
  return behind.length === 0 ? line : [line, '--', ...behind].join(' ')
}

/** One word of a shell. Simple ones stay as they are; hidden characters become codes, which bash, zsh and ksh read. */
export function quoted(value: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(value)) return value
  if (isPlain(value)) return `'${value.replaceAll("'", String.raw`'\''`)}'`
  return `$'${rewriteHidden(value.replaceAll(/[\\']/g, String.raw`\$&`), bytesOf)}'`
}

const bytesOf = (sign: string): string =>
  Array.from(Buffer.from(sign), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
