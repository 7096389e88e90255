import { createHash } from 'node:crypto'
import type { AppError, LimitName } from '../errors.ts'
import { languages, type Language } from '../language.ts'
import { codes } from '../texts/codes.ts'
import { codeOf, say, text, type ErrorKey, type Text } from '../texts/say.ts'
import { toBytes } from './envelope.ts'
import { defaultTitle } from './pinned.ts'
import type { ApiVersion } from './refusals.ts'

/** What an answer to a failed call says. */
export interface Refusal {
  readonly status: number
  readonly excType: string
  readonly text: Text<ErrorKey>
  readonly title?: string | undefined
  /** A message Frappe shows before the main one. */
  readonly before?: string | undefined
  /** Seconds. */
  readonly retryAfter?: number | undefined
  /** Of the feed: where to go on instead. */
  readonly oldestCursor?: string | undefined
  /** Which limit was met, for the operator. */
  readonly limit?: LimitName | undefined
  /** The address that was named, for the operator. */
  readonly asked?: string | undefined
}

/** What a text of ours says of a failed call. */
export const toRefusal = (said: Text<ErrorKey>): Refusal => ({
  ...codes[codeOf(said.key)],
  text: said,
})

/** The answer to an unknown path. */
export const notFound = toRefusal(text('path_unknown'))

/** What an error of ours says. */
export function fromAppError(error: AppError & { title?: string; before?: string }): Refusal {
  const { status, excType, text, title, before, retryAfter, oldestCursor, limit, asked } = error
  return { status, excType, text, title, before, retryAfter, oldestCursor, limit, asked }
}

/**
 * The bytes of an error, in a language. `exc` is a string holding a JSON list with one line, never a stack trace:
 * Frappe's Python clients raise only if it is there. There is never a `message` beside it.
 */
export function errorBody(version: ApiVersion, refusal: Refusal, language: Language): Buffer {
  return fixed[version][language].get(refusal.text.key) ?? buildBody(version, refusal, language)
}

function buildBody(version: ApiVersion, refusal: Refusal, language: Language): Buffer {
  const { excType, text, title = defaultTitle, before, retryAfter, oldestCursor } = refusal
  const code = codeOf(text.key)
  const sentence = say(text, language)
  const line = `frappe.exceptions.${excType}: ${sentence}`
  const more = {
    ...(retryAfter !== undefined && { retry_after: Math.ceil(retryAfter) }),
    ...(oldestCursor !== undefined && { oldest_cursor: oldestCursor }),
  }
  if (version === 2) {
    const error = {
      type: excType,
      code,
      exception: line,
      message: sentence,
      title,
      indicator: 'red',
    }
    return toBytes({ errors: [{ ...error, ...more }] })
  }
  const messages = before === undefined ? [sentence] : [before, sentence]
  return toBytes({
    exception: line,
    exc_type: excType,
    code,
    exc: JSON.stringify([line]),
    _server_messages: JSON.stringify(messages.map((message) => serverMessage(message, title))),
    ...more,
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
const serialiseOnce = (version: ApiVersion, language: Language) =>
  new Map<ErrorKey, Buffer>(
    (['path_unknown', 'credentials_invalid', 'verb_not_allowed'] as const).map((key) => [
      key,
      buildBody(version, toRefusal(text(key)), language),
    ]),
  )

const inEachLanguage = (version: ApiVersion) =>
  Object.fromEntries(
    languages.map((language) => [language, serialiseOnce(version, language)]),
  ) as Record<Language, Map<ErrorKey, Buffer>>

const fixed = { 1: inEachLanguage(1), 2: inEachLanguage(2) }
