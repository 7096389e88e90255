import type { environment } from '../../../src/environment.ts'

interface Variable {
  is: string
  /** Where it hangs on something else; otherwise it is read off the schema. */
  default?: string
  unit?: string
  example?: string
}

/** What the guide says of each variable, in its order. */
export const variables: Readonly<
  Record<Exclude<keyof typeof environment.shape, 'NODE_ENV'>, Variable>
> = {
  HOST: {
    is: 'where the server listens; in the image on all addresses',
    example: '0.0.0.0',
  },
  PORT: { is: 'the port it listens on', example: '80' },
  PUBLIC_URL: {
    is: 'how browsers and Bridge reach it; an origin',
    default: '`http://HOST:PORT`; required in production',
    example: 'https://bank-api.example',
  },
  DATA_DIR: { is: 'the folder of the database', example: '/data' },
  DATABASE_URL: {
    is: 'PostgreSQL for the database: [postgresql.md](postgresql.md)',
    default: 'none: a file in `DATA_DIR`',
    example: 'postgres://bank_api:…@db:5432/bank_api?sslmode=verify-full',
  },
  DATABASE_POOL: {
    is: 'the most connections that a process makes to PostgreSQL, 2 to 500',
    unit: 'connections',
    example: '20',
  },
  BRIDGE_CLIENT_ID: {
    is: 'your Bridge application: [connect-bridge.md](connect-bridge.md)',
    default: 'none: sandbox',
    example: 'as the dashboard shows it',
  },
  BRIDGE_CLIENT_SECRET: {
    is: 'the secret of your Bridge application',
    default: 'none: sandbox',
    example: 'as the dashboard shows it',
  },
  BRIDGE_BASE_URL: {
    is: 'Bridge, or a sandbox elsewhere; an origin',
    example: 'http://sandbox:8081',
  },
  BRIDGE_WEBHOOK_SECRETS: {
    is: 'one or two secrets of Bridge’s webhook, comma-separated',
    example: 'new,old',
  },
  MASTER_KEY: {
    is: '32 bytes in base64; wraps the keys in the database. Two while it is changed: [keys.md](keys.md)',
    default: 'made in `DATA_DIR` for a sandbox outside production; else required',
    example: '2027:…,2026:…',
  },
  SANDBOX: {
    is: 'run the built-in sandbox',
    default: 'outside production, when no credentials are set',
    example: 'true',
  },
  SANDBOX_PORT: {
    is: 'where the built-in sandbox listens, on loopback; `npm run sandbox`: on `HOST`',
    default: '`PORT` + 1; `npm run sandbox`: `8081`',
    example: '8081',
  },
  SANDBOX_WEBHOOK_URL: {
    is: 'for `npm run sandbox`: where its webhooks go',
    example: 'http://127.0.0.1:8080/webhooks/bridge',
  },
  SANDBOX_WEBHOOK_SECRET: {
    is: 'for `npm run sandbox`: what its webhooks are signed with',
    default: '`sandbox-webhook-secret`',
    example: 'a long random word',
  },
  ALLOW_HTTP: {
    is: 'let sites use http addresses',
    default: '`false`; a sandbox: `true`',
    example: 'true',
  },
  ALLOWED_TARGETS: {
    is: 'CIDRs that `site allow-target` may open to a site besides the public internet',
    example: '10.1.0.0/16',
  },
  ALLOW_QUERY_CREDENTIALS: {
    is: 'accept `api_key` and `api_secret` in the query, which logs keep',
    example: 'true',
  },
  DEFAULT_USER_EMAIL: {
    is: 'for users whose address no call names',
    example: 'bank@host.example',
  },
  MAX_TRANSACTIONS: {
    is: 'how many one answer may hold: 500 at least; with the usual burst at most 500 × (`QUOTA_USER_PER_MINUTE` − 4)',
    default: '`20000`, or less where the quota allows less',
    unit: 'transactions',
    example: '28000',
  },
  QUOTA_BURST: {
    is: 'the most calls to Bridge at once; 2 at least',
    unit: 'calls',
    example: '800',
  },
  QUOTA_PER_SECOND: {
    is: 'calls to Bridge a second once the burst is spent',
    unit: 'calls a second',
    example: '10',
  },
  QUOTA_USER_PER_MINUTE: {
    is: 'calls to Bridge for one of its users',
    unit: 'calls a minute',
    example: '120',
  },
  DELETE_BRIDGE_USERS: {
    is: 'delete a user at Bridge with its last bank connection',
    example: 'true',
  },
  LIMIT_PER_KEY: {
    is: 'what one key may ask; 0: no limit',
    unit: 'calls a minute',
    example: '1200',
  },
  LIMIT_PER_ADDRESS: {
    is: 'what one address may ask without a good key; 0: no limit',
    unit: 'calls a minute',
    example: '0',
  },
  RETENTION_EVENTS_DAYS: {
    is: 'how long event bodies, calls and requests in vain are kept; 15 to `RETENTION_AUDIT_DAYS`',
    unit: 'days',
    example: '60',
  },
  RETENTION_AUDIT_DAYS: {
    is: 'how long events, audit, gone items and their requests are kept; 15 at least',
    unit: 'days',
    example: '1095',
  },
  LOG_LEVEL: { is: '`trace` to `fatal`, or `silent`', example: 'warn' },
  HTTPS_PROXY: {
    is: 'by which proxy an https Bridge is reached, and alerts',
    example: 'http://proxy.internal:3128',
  },
  HTTP_PROXY: {
    is: 'the same for http addresses; read only while `BRIDGE_BASE_URL` or `PUBLIC_URL` is one',
    example: 'http://proxy.internal:3128',
  },
  NO_PROXY: { is: 'whom to reach without a proxy, comma-separated', example: '.internal' },
  TRUSTED_PROXIES: {
    is: 'addresses and CIDRs whose `X-Forwarded-For` is believed',
    example: '172.30.91.0/24',
  },
  CONSOLE: {
    is: 'serve the operator’s pages: [console.md](console.md)',
    default: '`false`; a sandbox: `true`',
    example: 'true',
  },
  METRICS_TOKEN: {
    is: 'what Prometheus sends as `Authorization: Bearer`: [watching.md](watching.md)',
    default: 'none: no `/metrics`',
    example: '8 characters at least',
  },
  ALERT_URL: {
    is: 'where trouble is told, each once: [watching.md](watching.md#alerts-without-prometheus)',
    example: 'https://ntfy.example/topic',
  },
  ALERT_FORMAT: {
    is: 'how it is told: `json` for chats and Gotify, `text` for ntfy',
    example: 'text',
  },
  HEALTHCHECK_URL: {
    is: 'address that is told after each self-check whether all is well',
    example: 'https://hc-ping.example/uuid',
  },
  SMTP_URL: {
    is: 'mail server of reminders to users: [reminders.md](reminders.md)',
    example: 'smtp://user:…@mail.example:587',
  },
  MAIL_FROM: { is: 'sender of reminders', example: 'Reminders <bank@host.example>' },
  BACKUP_DIR: {
    is: 'the folder of copies: [backups.md](backups.md)',
    default: '`DATA_DIR/backups`',
    example: '/backups',
  },
  BACKUP_HOURS: {
    is: 'time between two copies, 744 at most; 0: the server makes none',
    default: '`24`; a sandbox: `0`',
    unit: 'hours',
    example: '6',
  },
  BACKUP_KEEP: {
    is: 'how many copies are kept in `BACKUP_DIR`, those of `bank-api backup` among them, 1 to 1000',
    unit: 'copies',
    example: '30',
  },
  STOP_DELAY: {
    is: 'how long to serve on after `/ready` says no; 600 at most',
    unit: 'seconds',
    example: '6',
  },
  STOP_TIMEOUT: {
    is: 'how long after that a stop waits for what still runs; 600 at most',
    unit: 'seconds',
    example: '60',
  },
}
