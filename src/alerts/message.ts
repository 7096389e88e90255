import { inert } from '../terminal/inert.ts'

/** What an alert says, in the words that chat hooks (`text`) and Gotify (`title`, `message`) read. */
export interface Message {
  title: string
  message: string
  text: string
}

const limits = { lines: 20, letters: 400 }

/** A message of one line for each thing. `where` tells installations apart. */
export function messageOf(
  kind: 'new' | 'over',
  where: string,
  things: readonly { about: string; message?: string }[],
): Message {
  const [first] = things
  const what = things.length === 1 && first ? first.about : `${things.length} problems`
  const title = line(`Bank API at ${where}: ${what}${kind === 'over' ? ', over' : ''}`)
  const told = things
    .slice(0, limits.lines)
    .map(({ about, message }) =>
      line(message === undefined ? `${about}: over` : `${about}: ${message}`),
    )
  const left = things.length - told.length
  const message = [...told, ...(left > 0 ? [`and ${left} more: run bank-api doctor`] : [])].join(
    '\n',
  )
  return { title, message, text: `${title}\n${message}` }
}

/** Sites and tenants are named by others: no name makes a line, a link or a picture, or calls everybody in a channel. */
const line = (text: string): string =>
  inert(text)
    .slice(0, limits.letters)
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replaceAll('@', '(at)')
    .replaceAll(/\](?=[([])/g, '] ') // Markdown
