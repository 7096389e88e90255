import { InvalidArgumentError } from 'commander'
import { isName, longestName } from '../names.ts'

/**
 * The name of something new, or a label. What is only looked up takes any text instead: names that an older version stored
 * must stay reachable.
 */
export function newNameArgument(text: string): string {
  if (!isName(text)) {
    throw new InvalidArgumentError(
      `Give 1 to ${longestName} characters, without control or invisible ones and without outer spaces.`,
    )
  }
  return text
}
