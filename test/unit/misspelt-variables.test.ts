import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { variableNames } from '../../src/environment.ts'
import { misspelt } from '../../src/misspelt-variables.ts'

test.each([
  ['BACKUP_HOUR', 'is BACKUP_HOURS meant'],
  ['BRIDGE_WEBHOOK_SECRET', 'is BRIDGE_WEBHOOK_SECRETS meant'],
  ['BRIDGE_WEBHOOK_SECRET_FILE', 'is BRIDGE_WEBHOOK_SECRETS_FILE meant'],
  ['LOGLEVEL', 'is LOG_LEVEL meant'],
  ['DATADIR', 'is DATA_DIR meant'],
  ['SANDOBX', 'is SANDBOX meant'],
  ['PUBLIC_URI', 'is PUBLIC_URL meant'],
  ['MASTERKEY', 'is MASTER_KEY meant'],
  ['data_dir', 'is DATA_DIR meant'],
  ['PUBLIC-URL', 'is PUBLIC_URL meant'],
  ['BRIDGE_CLIENT_ID_FILE', 'BRIDGE_CLIENT_ID cannot come from a file'],
])('%s is told', (name, says) => {
  expect(misspelt([name], variableNames)).toEqual([expect.stringContaining(says)])
})

/** What shells, containers and orchestrators put there by themselves. */
const ambient = `
  PATH HOME HOST HOSTNAME PORT USER LOGNAME SHELL TERM LANG LC_ALL TZ PWD OLDPWD SHLVL MAIL EDITOR _
  NODE_VERSION NODE_OPTIONS NODE_EXTRA_CA_CERTS YARN_VERSION npm_config_cache npm_lifecycle_event INIT_CWD
  HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY FTP_PROXY http_proxy https_proxy no_proxy ftp_proxy
  KUBERNETES_SERVICE_HOST KUBERNETES_PORT KUBERNETES_PORT_443_TCP KUBERNETES_PORT_443_TCP_ADDR
  BANK_API_SERVICE_HOST BANK_API_SERVICE_PORT BANK_API_SERVICE_PORT_HTTP BANK_API_PORT
  BANK_API_PORT_8080_TCP BANK_API_PORT_8080_TCP_PROTO BANK_API_PORT_8080_TCP_PORT
  SANDBOX_SERVICE_HOST SANDBOX_SERVICE_PORT SANDBOX_PORT_80_TCP SANDBOX_PORT_80_TCP_ADDR
  SANDBOXES_PORT BACKUP_PORT METRICS_PORT PORT_8080_TCP
  INVOCATION_ID JOURNAL_STREAM SYSTEMD_EXEC_PID NOTIFY_SOCKET CREDENTIALS_DIRECTORY
  CI GITHUB_TOKEN DATABASE_URL REDIS_URL SECRET_KEY LOG_FORMAT LOG_FILE BASE_URL DATA_PATH
  POSTGRES_DB PGDATA SMTP_HOST DOCKER_HOST container SSH_AUTH_SOCK XDG_RUNTIME_DIR
`
  .split(/\s+/)
  .filter((name) => name !== '')

test('what others put into an environment is none of our business', () => {
  expect(misspelt(ambient, variableNames)).toEqual([])
  expect(misspelt(Object.keys(process.env), variableNames)).toEqual([])
})

test('our own names, and the file twins of secrets, are no mistakes', () => {
  expect(misspelt(variableNames, variableNames)).toEqual([])
})

test('the configuration tells it, and never the value', () => {
  const { warnings } = loadConfig({ BACKUP_HOUR: 'hunter2' })

  expect(warnings).toEqual(['BACKUP_HOUR is not a variable of ours: is BACKUP_HOURS meant?'])
})
