import { http, HttpResponse } from 'msw'
import { bridgeUrl } from '../../support/bridge.ts'
import type { deviations } from './deviations.ts'
import type { Served } from './served.ts'

/** What of an answer is compared; what a row leaves out may be anything. */
export interface Answer {
  status: number
  contentType?: string | undefined
  /** Whether the answer sets cookies. */
  cookies?: boolean | undefined
  cacheControl?: string | undefined
  /** Whether the header is there. */
  retryAfter?: boolean | undefined
  reset?: string | undefined
  waitInBody?: unknown
  excType?: string | undefined
  /** The last message meant for a person. */
  text?: string | undefined
  /** The JSON with a type's name for each value, and one element for a list. */
  shape?: unknown
  /** The value of `message`. */
  message?: unknown
  exc?: 'a traceback' | 'one line' | undefined
  letters?: 'escaped' | 'raw' | undefined
}

/** One exchange: bytes out, and what comes back from a Frappe 15 site with tracebacks on, as it is by default. */
export interface Exchange {
  title: string
  /** Where in Frappe that answer is made. */
  source: string
  /** The request line without its version, then headers; `$WORDS` are filled in. */
  send: [line: string, ...headers: string[]]
  body?: string
  frappe: Answer
  /** Where our answer is another one on purpose: why, and what differs. */
  deviation?: keyof typeof deviations | undefined
  ours?: Partial<Answer> | undefined
  before?(served: Served): Promise<void> | void
}

const good = 'Authorization: $TOKEN'
const json = 'Content-Type: application/json'
const form = 'Content-Type: application/x-www-form-urlencoded'

const whoAmI = 'GET /api/method/frappe.auth.get_logged_user'
const method = (name: string) => `/api/method/bank_api.bridge.${name}`

const full = { exception: 'string', exc_type: 'string', exc: 'string', _server_messages: 'string' }
const silent = { exception: 'string', exc_type: 'string', exc: 'string' }
const requestOf = {
  request: 'string',
  item_id: 'null',
  bank: 'string',
  status: 'string',
  success: 'boolean',
  step: 'null',
}
const answered = { status: 200, contentType: 'application/json', shape: { message: requestOf } }

const multipart = (parts: Record<string, string>) =>
  Object.entries(parts)
    .map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`)
    .concat('--b--\r\n')
    .join('\r\n')

const notWhitelisted = (name: string) =>
  '<details><summary>You are not permitted to access this resource.</summary>' +
  `Function <strong>${name}</strong> is not whitelisted.</details>`

const guest: Answer = {
  status: 403,
  excType: 'PermissionError',
  text: notWhitelisted('frappe.auth.get_logged_user'),
  shape: full,
}
const notPermitted: Answer = {
  status: 403,
  excType: 'PermissionError',
  text: 'Not permitted',
  shape: full,
}
const unauthorized: Answer = { status: 401, excType: 'AuthenticationError', shape: silent }
const ourUnauthorized: Partial<Answer> = { shape: full }

const refusedCredentials: [title: string, authorization: string][] = [
  ['a wrong secret', 'token $KEY:wrong'],
  ['an unknown key', 'token nobody:$SECRET'],
  ['an empty pair', 'token :'],
  ['a token without a colon', 'token justonepart'],
  ['a token with two colons', 'token $KEY:$SECRET:x'],
  ['Basic without a colon', `Basic ${Buffer.from('justonepart').toString('base64')}`],
  ['Basic that is no UTF-8', `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`],
  ['a Bearer that is no OAuth token', 'Bearer whatever'],
  ['a Bearer with a good pair', 'Bearer $KEY:$SECRET'],
  ['an unknown scheme', 'Digest $KEY:$SECRET'],
]

const authentication: Exchange[] = [
  ...(['token $KEY:$SECRET', 'TOKEN $KEY:$SECRET', 'Basic $PAIR', 'bAsIc $PAIR'] as const).map(
    (authorization): Exchange => ({
      title: `good credentials as "${authorization}"`,
      source: 'auth.py: validate_auth_via_api_keys',
      send: [whoAmI, `Authorization: ${authorization}`],
      frappe: {
        status: 200,
        contentType: 'application/json',
        shape: { message: 'string' },
        message: 'bank@client.example',
      },
      deviation: 'user',
      ours: { message: 'erp.acme.test' },
    }),
  ),
  {
    title: 'an OAuth token',
    source: 'auth.py: validate_oauth',
    send: [whoAmI, 'Authorization: Bearer a-token-of-the-site'],
    frappe: { status: 200, shape: { message: 'string' } },
    deviation: 'bearer',
    ours: { status: 401, excType: 'AuthenticationError', shape: full },
  },
  ...refusedCredentials.map(([title, authorization]): Exchange => ({
    title,
    source: 'auth.py: validate_auth, validate_api_key_secret',
    send: [whoAmI, `Authorization: ${authorization}`],
    frappe: unauthorized,
    deviation: 'unauthorized',
    ours: ourUnauthorized,
  })),
  {
    title: 'Basic with bad padding',
    source: 'auth.py: validate_auth_via_api_keys',
    send: [whoAmI, 'Authorization: Basic abc'],
    frappe: { status: 400, excType: 'InvalidAuthorizationToken' },
    deviation: 'padding',
    ours: { status: 401, excType: 'AuthenticationError' },
  },
  {
    title: 'the right secret of someone disabled',
    source: 'auth.py: validate_api_key_secret',
    send: [whoAmI, 'Authorization: $DEAD'],
    frappe: { status: 200 },
    deviation: 'disabled',
    ours: { status: 401, excType: 'AuthenticationError' },
  },
  {
    title: 'a header of one word',
    source: 'auth.py: validate_auth',
    send: [whoAmI, 'Authorization: $KEY:$SECRET'],
    frappe: guest,
  },
  {
    title: 'a header of three words',
    source: 'auth.py: validate_auth',
    send: [whoAmI, 'Authorization: token  $KEY:$SECRET'],
    frappe: guest,
  },
  {
    title: 'a space after the colon',
    source: 'auth.py: validate_auth',
    send: [whoAmI, 'Authorization: token $KEY: $SECRET'],
    frappe: guest,
  },
  { title: 'no header', source: '__init__.py: is_whitelisted', send: [whoAmI], frappe: guest },
  {
    title: 'key and secret in the query',
    source: 'auth.py: nowhere',
    send: [`${whoAmI}?api_key=$KEY&api_secret=$SECRET`],
    frappe: guest,
  },
  {
    title: 'key and secret in a body',
    source: 'auth.py: nowhere',
    send: ['POST /api/method/frappe.auth.get_logged_user', form],
    body: 'api_key=$KEY&api_secret=$SECRET',
    frappe: guest,
    deviation: 'body',
    ours: { status: 200, excType: undefined, text: undefined, shape: { message: 'string' } },
  },
  {
    title: 'a wrong secret, on a method open to guests',
    source: 'auth.py: validate_auth',
    send: ['GET /api/method/ping', 'Authorization: token $KEY:wrong'],
    frappe: unauthorized,
    deviation: 'unauthorized',
    ours: ourUnauthorized,
  },
  {
    title: 'a wrong secret, on OPTIONS',
    source: 'app.py: application',
    send: ['OPTIONS /api/method/ping', 'Authorization: token $KEY:wrong'],
    frappe: unauthorized,
    deviation: 'unauthorized',
    ours: ourUnauthorized,
  },
  {
    title: 'a wrong secret, on a path that is nobody’s',
    source: 'app.py: init_request',
    send: ['GET /api/nope', 'Authorization: token $KEY:wrong'],
    frappe: unauthorized,
    deviation: 'unauthorized',
    ours: ourUnauthorized,
  },
  {
    title: 'an old session’s cookie beside a good token',
    source: 'sessions.py: resume',
    send: [whoAmI, good, 'Cookie: sid=0f1e2d; full_name=Guest'],
    frappe: { status: 200, cookies: true, shape: { session_expired: 'number', message: 'string' } },
    deviation: 'cookies',
    ours: { cookies: false, shape: { message: 'string' } },
  },
  {
    title: 'a stranger’s first call',
    source: 'auth.py: CookieManager',
    send: ['GET /api/method/ping'],
    frappe: { status: 200, cookies: true, message: 'pong' },
    deviation: 'cookies',
    ours: { cookies: false },
  },
]

const read = method('get_bridge_item_id')

const parameters: Exchange[] = [
  {
    title: 'a JSON body, which hides the query',
    source: 'app.py: make_form_dict',
    send: [`POST ${read}?request=ignored`, good, json],
    body: '{"request":"$REQUEST"}',
    frappe: answered,
  },
  {
    title: 'a JSON content type without a body, by GET',
    source: 'app.py: make_form_dict',
    send: [`GET ${read}?request=$REQUEST`, good, 'Content-Type: application/json; charset=utf-8'],
    frappe: answered,
  },
  {
    title: 'a JSON content type with an empty body, by POST',
    source: 'app.py: make_form_dict',
    send: [`POST ${read}?request=$REQUEST`, good, json, 'Content-Length: 0'],
    frappe: answered,
  },
  {
    title: 'a content type that ends in +json',
    source: 'app.py: make_form_dict',
    send: [`POST ${read}`, good, 'Content-Type: application/vnd.api+json'],
    body: '{"request":"$REQUEST"}',
    frappe: answered,
  },
  {
    title: 'a form, which overrides the query',
    source: 'app.py: make_form_dict',
    send: [`POST ${read}?request=overridden`, good, form],
    body: 'request=$REQUEST',
    frappe: answered,
  },
  {
    title: 'multipart, a file among its parts',
    source: 'app.py: make_form_dict',
    send: [`POST ${read}`, good, 'Content-Type: multipart/form-data; boundary=b'],
    body: multipart({
      request: '$REQUEST',
      'f"; filename="f.txt': 'text',
    }),
    frappe: answered,
  },
  {
    title: 'POST with all in the query and a trailing slash',
    source: 'api/v1.py: handle_rpc_call',
    send: [`POST ${read}/?request=$REQUEST`, 'Authorization: Basic $PAIR', 'Content-Length: 0'],
    frappe: answered,
  },
  {
    title: 'a body of another type, which is not looked at',
    source: 'app.py: make_form_dict',
    send: [`POST ${read}?request=$REQUEST`, good, 'Content-Type: text/plain'],
    body: '{"request":"other"}',
    frappe: answered,
  },
  ...['GET', 'PUT', 'DELETE'].map((verb): Exchange => ({
    title: `${verb} with a JSON body`,
    source: 'app.py: make_form_dict',
    send: [`${verb} ${read}`, good, json],
    body: '{"request":"$REQUEST"}',
    frappe: answered,
  })),
  {
    title: 'one name twice: the first counts',
    source: 'werkzeug: MultiDict',
    send: [`GET ${read}?request=$REQUEST&request=second`, good],
    frappe: answered,
  },
  {
    title: 'names that no method knows, and jQuery’s cache buster',
    source: '__init__.py: get_newargs',
    send: [`GET ${read}?request=$REQUEST&unknown=1&_=173&flags=1&ignore_permissions=1`, good],
    frappe: answered,
  },
  {
    title: 'cmd beside a method’s own path',
    source: 'api/v1.py: handle_rpc_call',
    send: [`GET ${read}?request=$REQUEST&cmd=bank_api.bridge.get_bridge_item_id`, good],
    frappe: answered,
  },
  {
    title: 'cmd on another path',
    source: 'app.py: application',
    send: ['GET /api/nope?cmd=ping', good],
    frappe: { status: 200, message: 'pong' },
    deviation: 'cmd',
    ours: { status: 404, message: undefined, excType: 'DoesNotExistError' },
  },
  {
    title: 'a JSON scalar',
    source: 'app.py: make_form_dict',
    send: [`POST ${read}`, good, json],
    body: '3',
    frappe: {
      status: 417,
      excType: 'ValidationError',
      text: 'Invalid request arguments',
      shape: full,
    },
  },
  {
    title: 'a JSON list, which is the argument `data` and so leaves another one missing',
    source: 'app.py: make_form_dict',
    send: [`POST ${read}`, good, json],
    body: '[1]',
    frappe: { status: 500, excType: 'TypeError' },
    deviation: 'missing',
    ours: { status: 417, excType: 'MandatoryError', text: "Argument 'request' is required" },
  },
  {
    title: 'a body that is no JSON',
    source: 'app.py: make_form_dict',
    send: [`POST ${read}`, good, json],
    body: '{bad',
    frappe: { status: 500, excType: 'JSONDecodeError', shape: silent },
    deviation: 'json',
    ours: { status: 417, excType: 'DataError', text: 'Invalid request body', shape: full },
  },
  {
    title: 'a missing argument',
    source: '__init__.py: get_newargs',
    send: [`GET ${read}`, good],
    frappe: { status: 500, excType: 'TypeError', shape: silent },
    deviation: 'missing',
    ours: {
      status: 417,
      excType: 'MandatoryError',
      text: "Argument 'request' is required",
      shape: full,
    },
  },
  {
    title: 'an argument of the wrong type',
    source: 'typing_validations.py: transform_parameter_types',
    send: [`GET ${method('get_bank_accounts')}?item_id=seven`, good],
    frappe: { status: 417, excType: 'FrappeTypeError', shape: silent },
    deviation: 'type',
    ours: {
      excType: 'ValidationError',
      text: "Argument 'item_id' is not valid: expected a positive whole number",
      shape: full,
    },
  },
  {
    title: 'a body larger than we read',
    source: 'app.py: max_file_size',
    send: [`POST ${read}`, good, json],
    body: JSON.stringify({ request: '$REQUEST', more: 'x'.repeat(300 * 1024) }),
    frappe: answered,
    deviation: 'size',
    ours: { status: 413, excType: 'ValidationError', shape: full },
  },
]

const nobodys: Answer = { status: 404, excType: 'DoesNotExistError', shape: { exc_type: 'string' } }

const unknown = (name: string, reason: string): Answer => ({
  status: 417,
  excType: 'ValidationError',
  text: `Failed to get method for command ${name} with ${reason}`,
  shape: full,
})

const routing: Exchange[] = [
  {
    title: 'ping',
    source: '__init__.py: ping',
    send: ['GET /api/method/ping'],
    frappe: { status: 200, contentType: 'application/json', message: 'pong' },
  },
  ...['/', '/x/y', '/?a=1'].map((end): Exchange => ({
    title: `a path that goes on with ${end}`,
    source: 'api/v1.py: handle_rpc_call',
    send: [`GET /api/method/ping${end}`],
    frappe: { status: 200, message: 'pong' },
  })),
  {
    title: 'version 1 by its full name',
    source: 'api/__init__.py: handle',
    send: ['GET /api/v1/method/ping'],
    frappe: { status: 200, message: 'pong' },
  },
  {
    title: 'version 2',
    source: 'api/v2.py: handle_rpc_call',
    send: ['POST /api/v2/method/bank_api.bridge.get_bridge_item_id', good, json],
    body: '{"request":"$REQUEST"}',
    frappe: { status: 200, shape: { data: requestOf } },
  },
  {
    title: 'a refusal in version 2',
    source: 'utils/response.py: report_error',
    send: ['GET /api/v2/method/bank_api.bridge.nothing', good],
    frappe: {
      status: 417,
      shape: {
        errors: [
          {
            type: 'string',
            exception: 'string',
            message: 'string',
            title: 'string',
            indicator: 'string',
          },
        ],
      },
    },
  },
  ...['/api/nope', '/api/method', '/api/method/', '/api//method/ping'].map((path): Exchange => ({
    title: `${path}, which is nobody’s path`,
    source: 'api/__init__.py: handle; utils/response.py: report_error',
    send: [`GET ${path}`, good],
    frappe: nobodys,
    deviation: 'notFound',
    ours: { shape: full },
  })),
  {
    title: 'an unknown function of a known module',
    source: 'handler.py: execute_cmd',
    send: [`GET ${method('get_nothing')}`, good],
    frappe: unknown(
      'bank_api.bridge.get_nothing',
      "module 'bank_api.bridge' has no attribute 'get_nothing'",
    ),
  },
  {
    title: 'an unknown function, asked by a guest who reads French',
    source: 'handler.py: execute_cmd',
    send: [`GET ${method('get_nothing')}`, 'Accept-Language: fr'],
    frappe: unknown(
      'bank_api.bridge.get_nothing',
      "module 'bank_api.bridge' has no attribute 'get_nothing'",
    ),
  },
  {
    title: 'an unknown module',
    source: 'handler.py: execute_cmd',
    send: ['GET /api/method/bank_api.zzz.x', good],
    frappe: unknown('bank_api.zzz.x', "No module named 'bank_api.zzz'"),
  },
  {
    title: 'an unknown app',
    source: '__init__.py: get_attr',
    send: ['GET /api/method/nope.bridge.x', good],
    frappe: unknown('nope.bridge.x', 'App nope is not installed'),
  },
  {
    title: '/api/method/version, which Frappe no longer has',
    source: 'handler.py: execute_cmd',
    send: ['GET /api/method/version', good],
    frappe: unknown('version', "'version'"),
  },
  {
    title: 'login',
    source: 'auth.py: LoginManager',
    send: ['POST /api/method/login', form],
    body: 'usr=a&pwd=b',
    frappe: { status: 401, excType: 'AuthenticationError' },
    deviation: 'login',
    ours: { ...unknown('login', "'login'") },
  },
  {
    title: 'get_user_info',
    source: 'realtime.py: get_user_info',
    send: ['GET /api/method/frappe.realtime.get_user_info'],
    frappe: { status: 200, shape: { message: { user: 'string', user_type: 'string' } } },
    deviation: 'login',
    ours: {
      ...unknown('frappe.realtime.get_user_info', "No module named 'frappe.realtime'"),
      shape: full,
    },
  },
  {
    title: 'PATCH',
    source: 'handler.py: is_valid_http_method',
    send: ['PATCH /api/method/ping', good],
    frappe: notPermitted,
  },
  {
    title: 'HEAD',
    source: 'handler.py: is_valid_http_method',
    send: ['HEAD /api/method/ping'],
    frappe: { status: 403, contentType: 'application/json' },
  },
  {
    title: 'OPTIONS',
    source: 'app.py: application',
    send: [`OPTIONS ${read}`, 'Origin: https://client.example'],
    frappe: { status: 200, contentType: 'text/plain; charset=utf-8' },
  },
  {
    title: 'the form that FrappeClient posts to the root',
    source: 'app.py: application',
    send: ['POST /', 'Authorization: Basic $PAIR', form],
    body: 'cmd=bank_api.bridge.get_bridge_item_id&request=$REQUEST',
    frappe: answered,
  },
  {
    title: 'logging out, as Python’s clients do at the end',
    source: 'handler.py: logout',
    send: ['GET /?cmd=logout'],
    frappe: { status: 200, shape: {} },
  },
  {
    title: 'a refresh by GET, for no method narrows its verbs',
    source: 'handler.py: is_valid_http_method',
    send: [`GET ${method('post_item_refresh')}?item_id=$ITEM`, good],
    before: ({ world }) => void (world.refreshes = true),
    frappe: { status: 200, shape: { message: { refreshed: 'boolean' } } },
  },
]

const statuses: Exchange[] = [
  {
    title: 'a refusal of the method itself',
    source: '__init__.py: throw',
    send: [`POST ${method('get_bridge_connect_link')}`, good, form],
    body: 'redirect_url=http%3A%2F%2Ferp.acme.test%2Fapp&user=u%40acme.test',
    frappe: {
      status: 417,
      excType: 'ValidationError',
      text: "Argument 'redirect_url' must be an https address",
      shape: full,
      exc: 'a traceback',
    },
    deviation: 'trace',
    ours: { exc: 'one line' },
  },
  {
    title: 'what is not there',
    source: 'utils/response.py: report_error',
    send: [`GET ${read}?request=zzzzzzzzzz`, good],
    frappe: {
      status: 404,
      excType: 'DoesNotExistError',
      text: 'Connection request zzzzzzzzzz not found',
      shape: { exc_type: 'string', _server_messages: 'string' },
    },
    deviation: 'notFound',
    ours: { shape: full },
  },
  {
    title: 'too often',
    source: 'rate_limiter.py: RateLimiter',
    send: [`POST ${method('post_item_refresh')}?item_id=$ITEM`, good, 'Content-Length: 0'],
    before: async ({ app, bank }) => {
      for (let at = 1; at <= 4; at += 1) {
        await app.store.claimAllowance('refresh', bank.itemId, {
          at: app.clock.now(),
          since: 0,
          limit: 4,
        })
      }
    },
    frappe: { status: 429, excType: 'TooManyRequestsError', retryAfter: true },
    deviation: 'wait',
    ours: { retryAfter: false, reset: '86400', waitInBody: 86_400 },
  },
  {
    title: 'an error for a browser',
    source: 'utils/response.py: report_error',
    send: [`GET ${method('get_nothing')}`, good, 'Accept: text/html'],
    frappe: { status: 417, contentType: 'text/html; charset=utf-8' },
    deviation: 'html',
    ours: { contentType: 'application/json', shape: full },
  },
  {
    title: 'what breaks behind the method',
    source: 'app.py: handle_exception',
    send: [`GET ${method('get_category')}`, good],
    before: ({ bridge }) =>
      bridge.use(
        http.get(`${bridgeUrl}/v3/aggregation/categories`, () =>
          HttpResponse.json({ error: 'odd' }),
        ),
      ),
    frappe: { status: 500 },
    deviation: 'bridge',
    ours: { status: 502, excType: 'BridgeError', shape: full },
  },
  {
    title: 'a method with nothing to say',
    source: 'handler.py: handle',
    send: ['POST /api/method/logout', good, 'Content-Length: 0'],
    frappe: { status: 200, contentType: 'application/json', shape: {} },
  },
  {
    title: 'an empty list',
    source: 'handler.py: handle',
    send: [`GET ${method('get_bank_transactions')}?since=2030-01-01&lang=fr`, good],
    frappe: { status: 200, message: [] },
  },
  {
    title: 'letters outside ASCII in an address, as curl -G -d sends them',
    source: 'Werkzeug reads the query as UTF-8',
    send: [`GET ${read}?request=$REQUEST&bank=Société`, good],
    frappe: answered,
    deviation: 'address',
    ours: { status: 400, shape: full },
  },
  {
    title: 'letters outside ASCII',
    source: 'utils/response.py: as_json',
    send: [`GET ${read}?request=$REQUEST`, good],
    frappe: { ...answered, letters: 'escaped' },
    deviation: 'unicode',
    ours: { letters: 'raw' },
  },
  {
    title: 'the cache’s instructions',
    source: 'utils/response.py: build_response',
    send: [`GET ${read}?request=$REQUEST`, good],
    frappe: { status: 200, cacheControl: 'none' },
    deviation: 'cache',
    ours: { cacheControl: 'no-store' },
  },
  {
    title: 'a link',
    source: 'the documentation of Bank API',
    send: [`POST ${method('get_bridge_connect_link')}`, good, form],
    body: 'redirect_url=https%3A%2F%2Ferp.acme.test%2Fapp&user=u%40acme.test&bank=Demo',
    frappe: { status: 200, shape: { message: 'string' } },
    deviation: 'link',
    ours: { shape: { message: { redirect_url: 'string', url: 'string', request: 'string' } } },
  },
]

export const exchanges: readonly Exchange[] = [
  ...authentication,
  ...parameters,
  ...routing,
  ...statuses,
]
