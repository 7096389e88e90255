import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { z } from 'zod'

/** A key that only wraps other keys; the newest stands first. */
export interface MasterKey {
  id: string
  key: Buffer
}

/** Everything the process was told, parsed once and frozen. Secrets stand in their own branch. */
export interface Config {
  production: boolean
  host: string
  port: number
  /** How the world reaches us, without a trailing slash. Never taken from a Host header. */
  publicUrl: string
  dataDir: string
  /** Whether Bridge is the one in the box. */
  sandbox: { port: number } | undefined
  bridgeBaseUrl: string
  /** Whether sites may use http URLs. */
  allowHttp: boolean
  allowQueryCredentials: boolean
  trustedProxies: readonly string[]
  defaultUserEmail: string | undefined
  /** How many transactions one answer may hold. */
  maxTransactions: number
  logLevel: string
  secrets: {
    bridge: { clientId: string; clientSecret: string } | undefined
    webhookSecrets: readonly string[]
    /** Empty in a sandbox that was given none: then it makes its own in `dataDir`. */
    masterKeys: readonly MasterKey[]
  }
}

/** The environment is not usable: every problem at once, one line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((line) => `  - ${line}`).join('\n')}`)
    this.problems = problems
  }
}

const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true')
const port = z.coerce.number('must be a port').int().min(0).max(65_535)
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)
const origin = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .transform((text) => text.replace(/\/+$/, ''))

const masterKeys = list.transform((entries, context): MasterKey[] =>
  entries.map((entry) => {
    const [first, second] = entry.split(':')
    const id = second === undefined ? 'main' : (first ?? '')
    const key = Buffer.from(second ?? first ?? '', 'base64')
    if (id === '' || key.length !== 32) {
      context.addIssue(
        'must be 32 bytes in base64, or id:key,id:key; try `openssl rand -base64 32`',
      )
    }
    return { id, key }
  }),
)

const proxies = list.refine(
  (entries) => entries.every((entry) => isIP(entry.split('/')[0] ?? '') !== 0),
  'must be IP addresses or CIDR ranges, comma-separated',
)

/** The variables we read; `.env.example` lists the same, and a test compares them. */
export const environment = z.object({
  NODE_ENV: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(8080),
  PUBLIC_URL: origin.optional(),
  DATA_DIR: z.string().default('./data'),
  BRIDGE_CLIENT_ID: z.string().optional(),
  BRIDGE_CLIENT_SECRET: z.string().optional(),
  BRIDGE_BASE_URL: origin
    .refine((text) => !text.endsWith('/v3'), 'must be an origin, without /v3')
    .default('https://api.bridgeapi.io'),
  BRIDGE_WEBHOOK_SECRETS: list
    .refine((secrets) => secrets.length <= 2, 'takes one or two secrets')
    .default([]),
  MASTER_KEY: masterKeys.default([]),
  SANDBOX: flag.optional(),
  SANDBOX_PORT: port.optional(),
  /** Read by the sandbox when it runs alone. */
  SANDBOX_WEBHOOK_URL: origin.optional(),
  ALLOW_HTTP: flag.optional(),
  ALLOW_QUERY_CREDENTIALS: flag.default(false),
  DEFAULT_USER_EMAIL: z.email('must be an e-mail address').optional(),
  MAX_TRANSACTIONS: z.coerce.number('must be a number').int().min(500).default(20_000),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  TRUSTED_PROXIES: proxies.default([]),
})

/** Secrets may come from a file instead, named by the variable with `_FILE` behind it. */
export const secretVariables = [
  'BRIDGE_CLIENT_SECRET',
  'BRIDGE_WEBHOOK_SECRETS',
  'MASTER_KEY',
] as const

type Env = Readonly<Record<string, string | undefined>>

/** Reads the environment into a frozen Config. Throws one `ConfigError` that lists every problem. */
export function loadConfig(
  env: Env,
  readFile = (path: string) => readFileSync(path, 'utf8'),
): Config {
  const problems: string[] = []
  const parsed = environment.safeParse(withSecretFiles(env, readFile, problems))
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      problems.push(`${issue.path.join('.')}: ${issue.message}`)
    }
    throw new ConfigError(problems)
  }
  const vars = parsed.data
  const production = vars.NODE_ENV === 'production'

  const { BRIDGE_CLIENT_ID: clientId, BRIDGE_CLIENT_SECRET: clientSecret } = vars
  const bridge = clientId && clientSecret ? { clientId, clientSecret } : undefined
  if (!bridge && clientId) problems.push('BRIDGE_CLIENT_SECRET: is missing beside BRIDGE_CLIENT_ID')
  if (!bridge && clientSecret) {
    problems.push('BRIDGE_CLIENT_ID: is missing beside BRIDGE_CLIENT_SECRET')
  }
  if (bridge && vars.SANDBOX) problems.push('SANDBOX: true makes no sense with Bridge credentials')
  const bare = !clientId && !clientSecret
  const isSandbox = bare && (vars.SANDBOX ?? !production)
  if (bare && !isSandbox) {
    problems.push(
      'BRIDGE_CLIENT_ID, BRIDGE_CLIENT_SECRET: are missing; SANDBOX=true runs without Bridge',
    )
  }

  if (production && vars.PUBLIC_URL === undefined) problems.push('PUBLIC_URL: is missing')
  if (production && vars.PUBLIC_URL?.startsWith('http:')) {
    problems.push('PUBLIC_URL: must be https in production')
  }
  if (vars.MASTER_KEY.length === 0 && (production || !isSandbox)) {
    problems.push(
      'MASTER_KEY: is missing; make one with `openssl rand -base64 32` and keep it safe',
    )
  }
  if (new Set(vars.MASTER_KEY.map(({ id }) => id)).size < vars.MASTER_KEY.length) {
    problems.push('MASTER_KEY: two keys have the same id')
  }
  if (problems.length > 0) throw new ConfigError(problems)

  const sandboxPort = vars.SANDBOX_PORT ?? (vars.PORT === 0 ? 0 : vars.PORT + 1)
  return Object.freeze({
    production,
    host: vars.HOST,
    port: vars.PORT,
    publicUrl: vars.PUBLIC_URL ?? `http://${inUrl(vars.HOST)}:${vars.PORT}`,
    dataDir: vars.DATA_DIR,
    sandbox: isSandbox ? { port: sandboxPort } : undefined,
    bridgeBaseUrl: vars.BRIDGE_BASE_URL,
    allowHttp: vars.ALLOW_HTTP ?? isSandbox,
    allowQueryCredentials: vars.ALLOW_QUERY_CREDENTIALS,
    trustedProxies: vars.TRUSTED_PROXIES,
    defaultUserEmail: vars.DEFAULT_USER_EMAIL,
    maxTransactions: vars.MAX_TRANSACTIONS,
    logLevel: vars.LOG_LEVEL,
    secrets: Object.freeze({
      bridge,
      webhookSecrets: vars.BRIDGE_WEBHOOK_SECRETS,
      masterKeys: vars.MASTER_KEY,
    }),
  })
}

/** An empty variable counts as unset: that is how env files and compose write "none". */
function withSecretFiles(env: Env, readFile: (path: string) => string, problems: string[]): Env {
  const values = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  for (const name of secretVariables) {
    const path = values[`${name}_FILE`]
    if (path === undefined) continue
    if (values[name] !== undefined) problems.push(`${name}: is set, and ${name}_FILE too`)
    try {
      values[name] = readFile(path).trim()
    } catch {
      problems.push(`${name}_FILE: cannot be read`)
    }
  }
  return values
}

const inUrl = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return isIP(host) === 6 ? `[${host}]` : host
}
