/** One way in which we answer otherwise than a Frappe 15 site, on purpose. The section "Compatibility" of docs/methods.md is this list. */
interface Deviation {
  what: string
  frappe: string
  ours: string
  why: string
}

export const deviations = {
  link: {
    what: 'a link method’s answer',
    frappe: 'the bare address',
    ours: '`{ redirect_url, url, request }`; with `--links url` the bare address',
    why: '`request` is what `get_bridge_item_id` takes',
  },
  user: {
    what: '`frappe.auth.get_logged_user`',
    frappe: 'the user’s e-mail address',
    ours: 'the site’s name, or the tenant’s for a tenant key',
    why: 'keys belong to sites, not to people',
  },
  cookies: {
    what: 'cookies and sessions',
    frappe: 'five guest cookies on every answer, `session_expired` for an old `sid`',
    ours: 'none sent, those that come back are ignored',
    why: 'an API key needs no session',
  },
  login: {
    what: 'Frappe’s other methods (`login`, `get_user_info` …)',
    frappe: 'served',
    ours: '417, unknown; `ping`, `logout` and `get_logged_user` are served',
    why: 'there are no passwords here',
  },
  padding: {
    what: '`Basic` with bad padding',
    frappe: '400 `InvalidAuthorizationToken`',
    ours: '401 `AuthenticationError`',
    why: 'every bad credential gives the same answer',
  },
  disabled: {
    what: 'the credentials of someone disabled',
    frappe: '200, up to 15.55',
    ours: '401 `AuthenticationError`',
    why: 'a key that was taken away must not work; Frappe mended it later',
  },
  body: {
    what: '`api_key` and `api_secret` in a POST’s body',
    frappe: '403, not looked at',
    ours: 'accepted up to 16 KiB, when there is no header',
    why: 'the documentation can be read that way',
  },
  unauthorized: {
    what: 'the body of a 401',
    frappe: 'no `_server_messages`; without tracebacks no `exc` either',
    ours: '`exc` and `_server_messages` too',
    why: 'Python’s clients raise only if there is `exc`',
  },
  missing: {
    what: 'a missing argument',
    frappe: '500 `TypeError`',
    ours: '417 `MandatoryError`',
    why: 'Frappe’s own helper sends a 500 again, five times',
  },
  type: {
    what: 'an argument of the wrong type',
    frappe: '417 `FrappeTypeError`, no `_server_messages`',
    ours: '417 `ValidationError` that says what is expected',
    why: 'the message is for the person who made the call',
  },
  json: {
    what: 'a body that is no JSON',
    frappe: '500 `JSONDecodeError`',
    ours: '417 `DataError`, as Frappe 16',
    why: 'never 500 for what a caller did',
  },
  notFound: {
    what: 'the body of a 404',
    frappe: 'no `exception`, no `exc`; on an unknown path `exc_type` alone',
    ours: 'all four keys of any other error',
    why: 'Python’s clients would take it for an empty answer',
  },
  trace: {
    what: '`exc`',
    frappe: 'a traceback',
    ours: 'a list with one line',
    why: 'our insides are nobody’s business; both forms parse alike',
  },
  html: {
    what: 'errors for `Accept: text/…`',
    frappe: 'an HTML page',
    ours: 'JSON',
    why: 'a program reads it',
  },
  bridge: {
    what: 'a failure at Bridge',
    frappe: '500 with the exception of whatever broke',
    ours: '502, 503 or 504 `BridgeError`',
    why: 'it tells whose fault it is, and nobody sends it again at once',
  },
  wait: {
    what: 'how long to wait after a 429 or 503',
    frappe: '`Retry-After`',
    ours: '`X-RateLimit-Reset` and `retry_after` in the body, in seconds; no `Retry-After`',
    why: 'Frappe’s own helper sleeps through `Retry-After` five times, inside a web worker',
  },
  bearer: {
    what: '`Authorization: Bearer`',
    frappe: 'an OAuth token of the site’s',
    ours: '401 `AuthenticationError`',
    why: 'there is no OAuth here: a site has a key',
  },
  size: {
    what: 'the largest body',
    frappe: '25 MiB, then an HTML page',
    ours: '256 KiB, then 413 `ValidationError`',
    why: 'no method needs more',
  },
  cmd: {
    what: '`cmd` among the arguments',
    frappe: 'runs that method, whatever the path',
    ours: 'only at `/`',
    why: 'a path means what it says',
  },
  address: {
    what: 'letters outside ASCII in an address, not percent-encoded',
    frappe: 'read as UTF-8',
    ours: '400 `ValidationError`',
    why: 'no address has them (RFC 3986); with curl, `--data-urlencode` instead of `-d`',
  },
  unicode: {
    what: 'letters outside ASCII',
    frappe: 'as `\\uXXXX`',
    ours: 'raw UTF-8, as Frappe 16',
    why: 'JSON readers see no difference',
  },
  cache: {
    what: '`Cache-Control`',
    frappe: 'none; Frappe 16 sends `no-store`',
    ours: '`no-store`',
    why: 'it is bank data',
  },
} satisfies Record<string, Deviation>

/** The rows of that table. */
export const compatibilityTable = (): string[][] => [
  ['what', 'a Frappe 15 site', 'Bank API', 'why'],
  ...Object.values(deviations).map(({ what, frappe, ours, why }) => [what, frappe, ours, why]),
]
