import { createMovableClock } from '../clock.ts'
import { buildSandbox } from './sandbox.ts'

/** Only for a sandbox on its own; it protects nothing. */
const defaultSecret = 'sandbox-webhook-secret'

const { env, stdout } = process
const host = env['HOST'] ?? '127.0.0.1'
const port = Number(env['SANDBOX_PORT'] ?? 8081)
const target = env['SANDBOX_WEBHOOK_URL']
const secret = env['SANDBOX_WEBHOOK_SECRET'] ?? defaultSecret
const shown = host.includes(':') ? `[${host}]` : host
let origin = `http://${shown}:${port}`

const sandbox = buildSandbox({
  clock: createMovableClock(),
  origin: () => origin,
  webhook: target === undefined ? undefined : { url: () => target, secrets: () => [secret] },
  log: (event, text) => stdout.write(`${JSON.stringify({ ...event, msg: text })}\n`),
})

const address = await sandbox.listen({ host, port })
if (port === 0) origin = address
const webhooks =
  target === undefined
    ? 'none (SANDBOX_WEBHOOK_URL says where they go)'
    : `to ${target}, signed with SANDBOX_WEBHOOK_SECRET${secret === defaultSecret ? ` (default ${defaultSecret})` : ''}`
stdout.write(`Bridge in the box listens on ${address}

  Client-Id, Client-Secret   any, not empty
  Bridge-Version             2025-01-15
  webhooks                   ${webhooks}
  Demo Bank                  provider 574; login success, otp, 402, 1003, success.1010 ...; any password

  curl ${address}/v3/providers -H 'Client-Id: a' -H 'Client-Secret: b' -H 'Bridge-Version: 2025-01-15'
  curl ${address}/_sandbox/clock -H 'Content-Type: application/json' -d '{"advance": 86400000}'

Nothing guards it or its levers: keep it on an address only you reach.
`)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void sandbox.close())
}
