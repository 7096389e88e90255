import { createHmac } from 'node:crypto'

const prefix = 'whsec_'

/** One try's facts to sign. `secrets` are `whsec_…`, the newest first; `at` is in epoch milliseconds. */
export interface ToSign {
  id: string
  at: number
  body: Buffer
  secrets: readonly string[]
}

/**
 * The headers that prove a webhook is ours. Standard Webhooks: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, keyed
 * with the bytes behind `whsec_`, one for each active secret. Frappe's way: base64 HMAC-SHA256 of the body, keyed with
 * the newest secret as text.
 */
export function signatureHeaders({ id, at, body, secrets }: ToSign): Record<string, string> {
  const [newest] = secrets
  if (newest === undefined) throw new Error('A webhook needs a secret to be signed with')
  const timestamp = String(Math.floor(at / 1_000))
  const sign = (secret: string): string => {
    if (!secret.startsWith(prefix)) throw new Error('A webhook secret must start with whsec_')
    const key = Buffer.from(secret.slice(prefix.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
  }
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map(sign).join(' '),
    'x-frappe-webhook-signature': createHmac('sha256', newest).update(body).digest('base64'),
  }
}
