import { InvalidArgumentError } from 'commander'

/** A tenant's or site's name: what fits on a line and in an argument of the RPC surface. */
export function nameArgument(text: string): string {
  if (!/^[^\s\p{C}](?:[^\p{C}]{0,138}[^\s\p{C}])?$/u.test(text)) {
    throw new InvalidArgumentError('1 to 140 characters, without line breaks or outer spaces.')
  }
  return text
}
