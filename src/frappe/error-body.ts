import { createHash } from 'node:crypto'
import { AuthenticationError, PermissionError, type AppError } from '../errors.ts'
import { inLanguage } from '../french.ts'
import { languages, type Language } from '../language.ts'
import { toBytes } from './envelope.ts'
import { defaultTitle, notPermitted } from './pinned.ts'
import type { ApiVersion } from './refusals.ts'

/** What an answer to a failed call says. */
export interface Refusal {
  readonly status: number
  readonly excType: string
  readonly text: string
  readonly title?: string | undefined
  /** A message Frappe shows before the main one. */
  readonly before?: string | undefined
  /** Seconds. */
  readonly retryAfter?: number | undefined
}

/** The answer to a path that is nobody's. */
export const notFound: Refusal = { status: 404, excType: 'DoesNotExistError', text: 'Not found' }

/** What an error of ours says: its status, type and human line as they are. */
export function fromAppError(error: AppError & { title?: string; before?: string }): Refusal {
  const { status, excType, message: text, title, before, retryAfter } = error
  return { status, excType, text, title, before, retryAfter }
}

/** The refusal in a language; what Frappe pins stays as it is. */
export const inWords = (refusal: Refusal, language: Language): Refusal => ({
  ...refusal,
  text: inLanguage(refusal.text, language),
})

/**
 * The bytes of an error. `exc` is a string holding a JSON list with one line, never a stack trace:
 * Frappe's Python clients raise only if it is there. There is never a `message` beside it.
 */
export function errorBody(version: ApiVersion, refusal: Refusal): Buffer {
  return fixed[version].get(lineOf(refusal)) ?? buildBody(version, refusal)
}

const lineOf = ({ excType, text }: Refusal) => `frappe.exceptions.${excType}: ${text}`

function buildBody(version: ApiVersion, refusal: Refusal): Buffer {
  const { excType, text, title = defaultTitle, before, retryAfter } = refusal
  const line = lineOf(refusal)
  const wait = retryAfter === undefined ? {} : { retry_after: Math.ceil(retryAfter) }
  if (version === 2) {
    const error = { type: excType, exception: line, message: text, title, indicator: 'red' }
    return toBytes({ errors: [{ ...error, ...wait }] })
  }
  const messages = before === undefined ? [text] : [before, text]
  return toBytes({
    exception: line,
    exc_type: excType,
    exc: JSON.stringify([line]),
    _server_messages: JSON.stringify(messages.map((message) => serverMessage(message, title))),
    ...wait,
  })
}

function serverMessage(message: string, title: string): string {
  return JSON.stringify({
    message,
    title,
    indicator: 'red',
    raise_exception: 1,
    // Frappe draws 56 random hex digits; ours are of the text, so that equal refusals are equal bytes.
    __frappe_exc_id: createHash('sha224').update(message).digest('hex'),
  })
}

// The refusals a scanner meets are serialised once.
const serialiseOnce = (version: ApiVersion) =>
  new Map(
    [
      notFound,
      fromAppError(new AuthenticationError()),
      fromAppError(new PermissionError(notPermitted)),
    ]
      .flatMap((refusal) => languages.map((language) => inWords(refusal, language)))
      .map((refusal) => [lineOf(refusal), buildBody(version, refusal)]),
  )

const fixed = { 1: serialiseOnce(1), 2: serialiseOnce(2) }
