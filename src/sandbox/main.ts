import { createMovableClock } from '../clock.ts'
import { quoted } from '../terminal/shell.ts'
import { linesIn, processTerminal } from '../terminal/terminal.ts'
import { buildSandbox } from './sandbox.ts'

const { complain, say, sayJson } = processTerminal()

/** Only for a sandbox on its own; it protects nothing. */
const defaultSecret = 'sandbox-webhook-secret'

// As everywhere: blanks are no part of a value, and an empty one counts as unset.
const given = (name: string): string | undefined => process.env[name]?.trim() || undefined
const host = given('HOST') ?? '127.0.0.1'
const port = Number(given('SANDBOX_PORT') ?? 8081)
const target = given('SANDBOX_WEBHOOK_URL')
const secret = given('SANDBOX_WEBHOOK_SECRET') ?? defaultSecret
const problems = [
  ...(Number.isInteger(port) && port >= 0 && port < 65_536 ? [] : ['SANDBOX_PORT: must be a port']),
  ...(target === undefined || /^https?:$/.test(URL.parse(target)?.protocol ?? '')
    ? []
    : ['SANDBOX_WEBHOOK_URL: must be an http or https address']),
]
if (problems.length > 0) {
  complain(...problems)
  process.exit(1)
}
const shown = host.includes(':') ? `[${host}]` : host
let origin = `http://${shown}:${port}`

const sandbox = buildSandbox({
  clock: createMovableClock(),
  origin: () => origin,
  webhook: target === undefined ? undefined : { url: () => target, secrets: () => [secret] },
  log: (event, text) => sayJson({ ...event, msg: text }),
})

const address = await sandbox.listen({ host, port })
if (port === 0) origin = address
const webhooks =
  target === undefined
    ? 'none (SANDBOX_WEBHOOK_URL says where they go)'
    : `to ${target}, signed with SANDBOX_WEBHOOK_SECRET${secret === defaultSecret ? ` (default ${defaultSecret})` : ''}`
const greeting = `Bridge in the box listens on ${address}

  Client-Id, Client-Secret   any, not empty
  Bridge-Version             2025-01-15
  webhooks                   ${webhooks}
  Demo Bank                  provider 574; login success, otp, 402, 1003, success.1010 ...; any password

  curl ${quoted(`${address}/v3/providers`)} -H 'Client-Id: a' -H 'Client-Secret: b' -H 'Bridge-Version: 2025-01-15'
  curl ${quoted(`${address}/_sandbox/clock`)} -H 'Content-Type: application/json' -d '{"advance": 86400000}'

Nothing guards it or its levers: keep it on an address only you reach.`
say(...linesIn(greeting))

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void sandbox.close())
}
