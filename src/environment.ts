import { isIP } from 'node:net'
import { z } from 'zod'
import { isRange } from './networks.ts'

/** A key that only wraps other keys; the newest stands first. */
export interface MasterKey {
  id: string
  key: Buffer
}

const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true')
/** Numbers within bounds: whatever is wrong with one, its refusal says them. */
const boundsOf = (what: string, least: number, most: number): string =>
  `must be ${what}, ${least} ${most === Infinity ? 'or more' : `to ${most}`}`

function within(least: number, most: number, what: string) {
  const why = boundsOf(what, least, most)
  return z.coerce.number(why).min(least, why).max(most, why)
}

const whole = (least: number, most = Infinity, what = 'a whole number') =>
  within(least, most, what).int(boundsOf(what, least, most))

const port = whole(0, 65_535, 'a port')
// Event rows are the ledger that keeps Bridge's repeats away: less than its 14 days would let one through.
const days = whole(15, Infinity, 'a whole number of days')
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)
// Normalised, so that what is compared later (`http:`, `/v3`) cannot hide behind capitals.
const address = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .transform((text) => new URL(text))
  .refine(
    ({ search, hash, username, password }) => `${search}${hash}${username}${password}` === '',
    'must be a bare address: no query, no fragment, no credentials',
  )
  .transform(({ href }) => href.replace(/\/+$/, ''))

function isOrigin(text: string): boolean {
  return new URL(text).origin === text
}

/** Whether the login can be unescaped, as whoever sends it will: there it would be too late to complain. */
function isLoginEscaped(text: string): boolean {
  const { username, password } = new URL(text)
  try {
    decodeURIComponent(`${username}:${password}`)
    return true
  } catch {
    return false
  }
}

const notEscaped = 'has a % in its user or password: write it as %25'

// With a token in its path, its query or before its host, as whoever receives it wants.
const hook = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address', abort: true })
  .refine(isLoginEscaped, notEscaped)

const mailServer = z
  .url({
    protocol: /^smtps?$/,
    error: 'must be smtp://user:password@host:port, or smtps://…',
    abort: true,
  })
  .refine(
    (text) => /^\/?$/.test(new URL(text).pathname) && !/[?#]/.test(text),
    'must end with the host or its port',
  )
  .refine(isLoginEscaped, notEscaped)

/** As `reminders@bank-api.example`, or with a name before it: `Reminders <reminders@bank-api.example>`. */
const mailAddress = z
  .string()
  .refine(
    (text) => z.email().safeParse(/^[^<>\r\n]*<([^<>]+)>$/.exec(text)?.[1] ?? text).success,
    'must be an e-mail address, or a name with one: Reminders <reminders@example.com>',
  )

// Written without its scheme as often as with it.
const proxy = z
  .string()
  .transform((text) => URL.parse(text.includes('://') ? text : `http://${text}`))
  .refine(
    (url) => url !== null && /^https?:$/.test(url.protocol),
    'must be the http or https address of a proxy',
  )
  .transform((url) => url!.href)
  .refine(isLoginEscaped, notEscaped)

const masterKeys = list.transform((entries, context): MasterKey[] =>
  entries.map((entry) => {
    const [, id = 'main', text = ''] = /^(?:([\w-]{1,40}):)?([\w+/-]{43}=?)$/.exec(entry) ?? []
    const key = Buffer.from(text, 'base64')
    if (key.length !== 32) {
      context.addIssue(
        'must be 32 bytes in base64, or id:key,id:key; try `openssl rand -base64 32`',
      )
    }
    return { id, key }
  }),
)

/** Outside of production nothing is asked of an address or a key: whoever means production must have spelt it so. */
const modes = ['production', 'development', 'test'] as const
const mode = z.string().toLowerCase().pipe(z.enum(modes, 'must be production, development or test'))

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** A name of ours in a header: what env-files leave behind a value, as a comment, would go along. */
const word = z.string().regex(/^[\x21-\x7e]+$/, 'must be one word, without blanks or accents')

const proxies = list.refine(
  (entries) => entries.every((entry) => isIP(entry) !== 0 || isRange(entry)),
  'must be IP addresses or CIDR ranges, comma-separated',
)

const databaseUrl = z
  .string()
  .regex(/^postgres(?:ql)?:\/\//, 'must be postgres://user:password@host:port/database?sslmode=…')

const seconds = within(0, 600, 'a number of seconds')

const targets = list.refine(
  (entries) => entries.every(isRange),
  'must be CIDR ranges, as 10.1.0.0/16, comma-separated',
)

const rate = 'must be a number above 0'

/** The variables we read; `.env.example` lists the same, and a test compares them. */
export const environment = z.object({
  NODE_ENV: mode.optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(8080),
  PUBLIC_URL: address.refine(isOrigin, 'must be an origin, without a path').optional(),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL: whole(2, 500).default(10),
  BRIDGE_CLIENT_ID: word.optional(),
  BRIDGE_CLIENT_SECRET: word.optional(),
  BRIDGE_BASE_URL: address
    .refine(isOrigin, 'must be an origin, without /v3')
    .default('https://api.bridgeapi.io'),
  BRIDGE_WEBHOOK_SECRETS: list
    .refine((secrets) => secrets.length <= 2, 'takes one or two secrets')
    .default([]),
  MASTER_KEY: masterKeys.default([]),
  CONSOLE: flag.optional(),
  SANDBOX: flag.optional(),
  SANDBOX_PORT: port.optional(),
  /** Both are read by the sandbox when it runs alone. */
  SANDBOX_WEBHOOK_URL: address.optional(),
  SANDBOX_WEBHOOK_SECRET: z.string().optional(),
  ALLOWED_TARGETS: targets.default([]),
  ALLOW_HTTP: flag.optional(),
  ALLOW_QUERY_CREDENTIALS: flag.default(false),
  DEFAULT_USER_EMAIL: z.email('must be an e-mail address').optional(),
  MAX_TRANSACTIONS: whole(500).optional(),
  DELETE_BRIDGE_USERS: flag.default(false),
  LIMIT_PER_KEY: whole(0).default(600),
  LIMIT_PER_ADDRESS: whole(0).default(300),
  RETENTION_EVENTS_DAYS: days.default(30),
  RETENTION_AUDIT_DAYS: days.default(365),
  QUOTA_BURST: whole(2).default(400),
  QUOTA_PER_SECOND: z.coerce.number(rate).positive(rate).default(5),
  QUOTA_USER_PER_MINUTE: whole(1).default(60),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  TRUSTED_PROXIES: proxies.default([]),
  HTTPS_PROXY: proxy.optional(),
  HTTP_PROXY: proxy.optional(),
  NO_PROXY: z.string().default(''),
  METRICS_TOKEN: z.string().min(8, 'must have at least 8 characters').optional(),
  ALERT_URL: hook.optional(),
  ALERT_FORMAT: z.enum(['json', 'text'], 'must be json or text').default('json'),
  HEALTHCHECK_URL: hook.optional(),
  SMTP_URL: mailServer.optional(),
  MAIL_FROM: mailAddress.optional(),
  BACKUP_DIR: z.string().optional(),
  BACKUP_HOURS: within(0, 744, 'a number of hours').optional(),
  BACKUP_KEEP: whole(1, 1_000).default(7),
  STOP_DELAY: seconds.default(0),
  STOP_TIMEOUT: seconds.default(30),
})

/** Secrets may come from a file instead, named by the variable with `_FILE` behind it. */
export const secretVariables = [
  'DATABASE_URL',
  'BRIDGE_CLIENT_SECRET',
  'BRIDGE_WEBHOOK_SECRETS',
  'MASTER_KEY',
  'METRICS_TOKEN',
  'ALERT_URL',
  'HEALTHCHECK_URL',
  'SMTP_URL',
] as const

/** All names we look at. */
export const variableNames: readonly string[] = [
  ...Object.keys(environment.shape),
  ...secretVariables.map((name) => `${name}_FILE`),
]

/** What each was read as. */
export type Variables = z.output<typeof environment>
