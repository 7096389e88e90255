import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { longestReadWaitMs, pageSize } from './bridge-bounds.ts'
import { decodeText } from './decode-text.ts'
import { hourMs } from './durations.ts'
import { environment, variableNames, type MasterKey, type Variables } from './environment.ts'
import { leftovers, unusedIn, withSecretFiles, type Given } from './given-variables.ts'
import { misspelt } from './misspelt-variables.ts'
import { shareOf } from './quota-lending.ts'

/** Where the rows are: a file, `:memory:`, or a PostgreSQL server. */
export type DatabaseLocation = string | Server

export interface Server {
  /** May hold a password. */
  url: string
  /** The most connections of this process. */
  poolSize: number
}

/** Everything the process was told, parsed once and frozen. Secrets stand in their own branch. */
export interface Config {
  production: boolean
  host: string
  port: number
  /** How the world reaches us, without a trailing slash. Never taken from a Host header. */
  publicUrl: string
  /** The folder of the database's file, and of what a sandbox keeps besides. */
  dataDir: string
  /** Whether Bridge is the one in the box. */
  sandbox: { port: number } | undefined
  bridgeBaseUrl: string
  /** Whether sites may use http URLs. */
  allowHttp: boolean
  allowQueryCredentials: boolean
  trustedProxies: readonly string[]
  /** CIDRs that `site allow-target` may open to a site besides the public internet. */
  allowedTargets: readonly string[]
  defaultUserEmail: string | undefined
  /** How many transactions one answer may hold. */
  maxTransactions: number
  /** How many one read can ever have of Bridge, whether or not the answer holds them. */
  readableTransactions: number
  limits: {
    /** Calls a minute of one key; 0: no limit. */
    perKey: number
    /** What one address may do a minute without a good key; 0: no limit. */
    perAddress: number
  }
  retention: {
    /** Days that event bodies, endpoints' answers, calls and requests that connected nothing are kept. */
    eventsDays: number
    /** Days that what else has an age is kept: events without bodies, ended requests, what is gone or deleted, the audit. */
    auditDays: number
  }
  /** Whether a Bridge user is deleted with its last item. */
  deleteBridgeUsers: boolean
  /** What we may spend of Bridge's quota: calls at once, by second, and for one user by minute. */
  quota: { burst: number; perSecond: number; userPerMinute: number }
  logLevel: string
  /** Where copies of a file go, how often the server makes one (0: never), and how many it keeps. */
  backup: { dir: string; everyMs: number; keep: number }
  /** How long to serve after saying "not ready", and when to give up on what is still running. */
  stop: { delayMs: number; timeoutMs: number }
  /** Whether the operator's pages are served. */
  console: boolean
  /** Who our mails are from, where there is a mail server. */
  mailFrom: string | undefined
  /** How an alert is written. */
  alertFormat: 'json' | 'text'
  /** What is odd in the environment though nothing stands in the way, one line each. */
  warnings: readonly string[]
  secrets: {
    database: DatabaseLocation
    bridge: { clientId: string; clientSecret: string } | undefined
    webhookSecrets: readonly string[]
    /** Empty in a sandbox that was given none: then it makes its own in `dataDir`. */
    masterKeys: readonly MasterKey[]
    /** Opens /metrics; without it there is none. */
    metricsToken: string | undefined
    /** Where the operator is told of trouble, and what is shown signs of life; either may hold a password. */
    alertUrl: string | undefined
    healthcheckUrl: string | undefined
    /** The mail server that takes reminders, perhaps with its password. */
    smtpUrl: string | undefined
    /** By which proxy to reach http and https addresses, and which of them without; a proxy's address may hold a password. */
    proxy: { http: string | undefined; https: string | undefined; none: string }
  }
}

/** The file that holds everything, where no server does. */
export const databasePath = ({ dataDir }: Pick<Config, 'dataDir'>): string =>
  join(dataDir, 'bank-api.sqlite')

/** What we show the Bridge in the box. */
export const sandboxCredentials = { clientId: 'sandbox_id', clientSecret: 'sandbox_secret' }

/** The environment is not usable: every problem at once, one line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((line) => `  - ${line}`).join('\n')}`)
    this.problems = problems
  }
}

/** Reads the environment into a frozen Config. Throws one `ConfigError` that lists every problem. */
export function loadConfig(
  env: Readonly<Given>,
  readFile = (path: string) => decodeText(readFileSync(path)),
): Config {
  const problems: string[] = []
  const { given, unread } = withSecretFiles(env, readFile, problems)
  for (const name of unusedIn(given)) delete given[name]
  const { vars, unreadable } = readVariables(given, problems, unread)
  const isSandbox = meansSandbox(given, vars)
  problems.push(
    ...problemsOfBridge(given, vars),
    ...problemsOfProduction(vars, { unreadable, isSandbox }),
    ...problemsOfQuota(vars),
    ...problemsOfRetention(vars),
    ...problemsOfDatabase(given, { isSandbox }),
    ...problemsOfMail(given),
  )
  if (problems.length > 0) throw new ConfigError([...new Set(problems)])
  return toConfig(vars, { isSandbox, warnings: misspelt(Object.keys(env), variableNames) })
}

/** Parses what was given. What cannot be read is a problem and left out, so that later checks still see the rest. */
function readVariables(
  given: Given,
  problems: string[],
  unread: Iterable<string>,
): { vars: Variables; unreadable: ReadonlySet<string> } {
  const unreadable = new Set(unread)
  const refuse = (name: string, why: string): void => {
    unreadable.add(name)
    problems.push(`${name}: ${why}`)
  }
  const readable = () =>
    Object.fromEntries(Object.entries(given).filter(([name]) => !unreadable.has(name)))
  for (const [name, why] of leftovers(readable())) refuse(name, why)
  for (const { path, message } of environment.safeParse(readable()).error?.issues ?? []) {
    refuse(path.join('.'), message)
  }
  return { vars: environment.parse(readable()), unreadable }
}

// An unreadable NODE_ENV is a problem already, and no reason to ask for a production's variables.
const isProduction = ({ NODE_ENV: mode }: Variables): boolean => mode === 'production'

/** Which of Bridge's credentials were given, readable or not. */
const credentialsIn = (given: Given) => ({
  hasId: given['BRIDGE_CLIENT_ID'] !== undefined,
  hasSecret: given['BRIDGE_CLIENT_SECRET'] !== undefined,
})

function meansSandbox(given: Given, vars: Variables): boolean {
  const { hasId, hasSecret } = credentialsIn(given)
  return !hasId && !hasSecret && (vars.SANDBOX ?? !isProduction(vars))
}

function problemsOfBridge(given: Given, vars: Variables): string[] {
  const { hasId, hasSecret } = credentialsIn(given)
  const problems = []
  if (hasId && !hasSecret) problems.push('BRIDGE_CLIENT_SECRET: is missing beside BRIDGE_CLIENT_ID')
  if (hasSecret && !hasId) problems.push('BRIDGE_CLIENT_ID: is missing beside BRIDGE_CLIENT_SECRET')
  if (bridgeOf(vars) && vars.SANDBOX) {
    problems.push('SANDBOX: true makes no sense with Bridge credentials')
  }
  if (!hasId && !hasSecret && !meansSandbox(given, vars)) {
    problems.push(
      'BRIDGE_CLIENT_ID, BRIDGE_CLIENT_SECRET: are missing; SANDBOX=true runs without Bridge',
    )
  }
  return problems
}

/** What production asks for besides, and whoever calls the real Bridge. */
function problemsOfProduction(
  vars: Variables,
  { unreadable, isSandbox }: { unreadable: ReadonlySet<string>; isSandbox: boolean },
): string[] {
  const problems = []
  const production = isProduction(vars)
  if (production && vars.PUBLIC_URL === undefined && !unreadable.has('PUBLIC_URL')) {
    problems.push('PUBLIC_URL: is missing')
  }
  if (production && vars.PUBLIC_URL?.startsWith('http:')) {
    problems.push('PUBLIC_URL: must be https in production')
  }
  const noKey = vars.MASTER_KEY.length === 0 && !unreadable.has('MASTER_KEY')
  if (noKey && (production || !isSandbox)) {
    problems.push(
      'MASTER_KEY: is missing; make one with `openssl rand -base64 32` and keep it safe',
    )
  }
  if (new Set(vars.MASTER_KEY.map(({ id }) => id)).size < vars.MASTER_KEY.length) {
    problems.push('MASTER_KEY: two keys have the same id')
  }
  return problems
}

function problemsOfQuota(vars: Variables): string[] {
  const servable = servableTransactions(quotaOf(vars))
  if ((vars.MAX_TRANSACTIONS ?? 0) <= servable) return []
  return [
    `MAX_TRANSACTIONS: is more than one read can have of Bridge's quota: ${servable} at most, by QUOTA_USER_PER_MINUTE, QUOTA_BURST and QUOTA_PER_SECOND`,
  ]
}

/** An event goes with its body: what is to keep one for longer would be taken and not be true. */
function problemsOfRetention(vars: Variables): string[] {
  const { RETENTION_EVENTS_DAYS: events, RETENTION_AUDIT_DAYS: audit } = vars
  if (events <= audit) return []
  return [`RETENTION_EVENTS_DAYS: is ${events}, more than RETENTION_AUDIT_DAYS, which is ${audit}`]
}

/** What was set for the engine that is not used: whoever set it expects something that will not happen. */
function problemsOfDatabase(given: Given, { isSandbox }: { isSandbox: boolean }): string[] {
  const isServer = given['DATABASE_URL'] !== undefined
  const why = isServer
    ? 'means nothing with DATABASE_URL, where the server keeps everything'
    : 'means nothing without DATABASE_URL'
  const foreign = isServer
    ? [...(isSandbox ? [] : ['DATA_DIR']), 'BACKUP_DIR', 'BACKUP_HOURS', 'BACKUP_KEEP']
    : ['DATABASE_POOL']
  return foreign.filter((name) => given[name] !== undefined).map((name) => `${name}: ${why}`)
}

function problemsOfMail(given: Given): string[] {
  const hasServer = given['SMTP_URL'] !== undefined
  const hasSender = given['MAIL_FROM'] !== undefined
  if (hasServer && !hasSender) return ['MAIL_FROM: is missing beside SMTP_URL']
  return hasSender && !hasServer ? ['SMTP_URL: is missing beside MAIL_FROM'] : []
}

function bridgeOf({ BRIDGE_CLIENT_ID: clientId, BRIDGE_CLIENT_SECRET: clientSecret }: Variables) {
  return clientId && clientSecret ? { clientId, clientSecret } : undefined
}

const quotaOf = (vars: Variables): Config['quota'] => ({
  burst: vars.QUOTA_BURST,
  perSecond: vars.QUOTA_PER_SECOND,
  userPerMinute: vars.QUOTA_USER_PER_MINUTE,
})

/** The variables in our words, with the defaults that hang on others. */
function toConfig(
  vars: Variables,
  { isSandbox, warnings }: { isSandbox: boolean; warnings: readonly string[] },
): Config {
  const beside = vars.PORT < 65_535 ? vars.PORT + 1 : vars.PORT - 1
  const sandboxPort = vars.SANDBOX_PORT ?? (vars.PORT === 0 ? 0 : beside)
  const quota = quotaOf(vars)
  const servable = servableTransactions(quota)
  return Object.freeze({
    production: isProduction(vars),
    host: vars.HOST,
    port: vars.PORT,
    publicUrl: vars.PUBLIC_URL ?? `http://${inUrl(vars.HOST)}:${vars.PORT}`,
    dataDir: vars.DATA_DIR,
    sandbox: isSandbox ? { port: sandboxPort } : undefined,
    bridgeBaseUrl: vars.BRIDGE_BASE_URL,
    allowHttp: vars.ALLOW_HTTP ?? isSandbox,
    allowQueryCredentials: vars.ALLOW_QUERY_CREDENTIALS,
    trustedProxies: vars.TRUSTED_PROXIES,
    allowedTargets: vars.ALLOWED_TARGETS,
    defaultUserEmail: vars.DEFAULT_USER_EMAIL,
    maxTransactions: vars.MAX_TRANSACTIONS ?? Math.min(20_000, servable),
    readableTransactions: servable,
    limits: { perKey: vars.LIMIT_PER_KEY, perAddress: vars.LIMIT_PER_ADDRESS },
    retention: {
      eventsDays: vars.RETENTION_EVENTS_DAYS,
      auditDays: vars.RETENTION_AUDIT_DAYS,
    },
    deleteBridgeUsers: vars.DELETE_BRIDGE_USERS,
    quota,
    logLevel: vars.LOG_LEVEL,
    backup: {
      dir: vars.BACKUP_DIR ?? join(vars.DATA_DIR, 'backups'),
      everyMs: (vars.BACKUP_HOURS ?? (isSandbox ? 0 : 24)) * hourMs,
      keep: vars.BACKUP_KEEP,
    },
    stop: { delayMs: vars.STOP_DELAY * 1_000, timeoutMs: vars.STOP_TIMEOUT * 1_000 },
    console: vars.CONSOLE ?? isSandbox,
    mailFrom: vars.MAIL_FROM,
    alertFormat: vars.ALERT_FORMAT,
    warnings,
    secrets: Object.freeze({
      database: vars.DATABASE_URL
        ? Object.freeze({ url: vars.DATABASE_URL, poolSize: vars.DATABASE_POOL })
        : databasePath({ dataDir: vars.DATA_DIR }),
      bridge: bridgeOf(vars),
      webhookSecrets: vars.BRIDGE_WEBHOOK_SECRETS,
      masterKeys: vars.MASTER_KEY,
      metricsToken: vars.METRICS_TOKEN,
      alertUrl: vars.ALERT_URL,
      healthcheckUrl: vars.HEALTHCHECK_URL,
      smtpUrl: vars.SMTP_URL,
      proxy: Object.freeze({
        http: vars.HTTP_PROXY,
        https: vars.HTTPS_PROXY,
        none: vars.NO_PROXY,
      }),
    }),
  })
}

/** The most calls for a user that a read makes besides its pages: it may have to look for the item first, in his items and all his accounts. */
const mostCallsBesides = 4

/** How many transactions one read can ever have: it ends within a minute, and a tenant has half of the burst. */
function servableTransactions({ burst, perSecond, userPerMinute }: Config['quota']): number {
  const calls = shareOf(burst) + Math.floor((longestReadWaitMs / 1000) * perSecond)
  return Math.max(1, Math.min(calls, userPerMinute) - mostCallsBesides) * pageSize
}

const inUrl = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return isIP(host) === 6 ? `[${host}]` : host
}
