/** An API key and its secret, as the caller wrote them. */
export interface Credentials {
  readonly key: string
  readonly secret: string
}

/** What an `Authorization` header holds: nothing we look at, something no good, or a pair. */
type Authorization =
  | { readonly kind: 'none' }
  | { readonly kind: 'bad' }
  | ({ readonly kind: 'pair' } & Credentials)

const none: Authorization = { kind: 'none' }
const bad: Authorization = { kind: 'bad' }

/**
 * Reads `token KEY:SECRET` or `Basic base64(KEY:SECRET)`, the scheme in any case. As in Frappe's
 * `validate_auth`, a header that is not two words parted by one space is ignored (a guest), and two
 * words that are no pair are bad. `Bearer` takes OAuth tokens there, so never a pair.
 */
export function parseAuthorization(header: string | undefined): Authorization {
  const [scheme, token, ...rest] = header?.split(' ') ?? []
  if (scheme === undefined || token === undefined || rest.length > 0) return none

  const pair = readPair(scheme.toLowerCase(), token)
  const [key, secret, ...more] = pair?.split(':') ?? []
  if (!key || !secret || more.length > 0) return bad
  return { kind: 'pair', key, secret }
}

/** The pair in parameters, where a caller may put it instead of in the header; else undefined. */
export function credentialsIn(
  parameters: Readonly<Record<string, unknown>>,
): Credentials | undefined {
  const { api_key: key, api_secret: secret } = parameters
  if (typeof key !== 'string' || typeof secret !== 'string' || !key || !secret) return undefined
  return { key, secret }
}

function readPair(scheme: string, token: string): string | undefined {
  if (scheme === 'token') return token
  if (scheme === 'basic') return decodeBasic(token)
  return undefined
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeBasic(token: string): string | undefined {
  const digits = base64Digits(token)
  if (digits === undefined) return undefined
  try {
    return strictUtf8.decode(Buffer.from(digits, 'base64'))
  } catch {
    return undefined
  }
}

/**
 * Python's `b64decode` rules, which differ from Node's: foreign characters (`-` and `_` too) are
 * skipped, a completed padding ends the text, and an incomplete one is an error (undefined here).
 */
function base64Digits(text: string): string | undefined {
  let digits = ''
  let padding = 0
  for (const character of text) {
    const inQuad = digits.length % 4
    if (character === '=') {
      if (inQuad >= 2 && inQuad + ++padding >= 4) return digits
    } else if (/[A-Za-z0-9+/]/.test(character)) {
      digits += character
      padding = 0
    }
  }
  return digits.length % 4 === 0 ? digits : undefined
}
