import { createHmac, timingSafeEqual } from 'node:crypto'

const mostSignatures = 10 // Bridge sends one per active secret, and has at most two

/**
 * Whether Bridge signed these bytes: any `v1` of the `BridgeApi-Signature` header matches any of the
 * secrets. Bridge ("secure your webhooks"): `v1=` and the hexadecimal HMAC-SHA256 of the raw body,
 * comma-separated while a secret rotates. Compares in constant time; garbage is false.
 */
export function verifyBridgeSignature(
  header: string | undefined,
  rawBody: Uint8Array,
  secrets: readonly string[],
): boolean {
  const given = readSignatures(header ?? '')
  if (given.length === 0) return false
  let matched = false
  for (const secret of secrets) {
    if (secret === '') continue // anyone can sign with it
    const expected = createHmac('sha256', secret).update(rawBody).digest()
    for (const signature of given) matched = timingSafeEqual(signature, expected) || matched
  }
  return matched
}

function readSignatures(header: string): Buffer[] {
  return header
    .split(',', mostSignatures)
    .map((part) => /^v1=([0-9A-Fa-f]{64})$/.exec(part.trim())?.[1])
    .filter((hex) => hex !== undefined)
    .map((hex) => Buffer.from(hex, 'hex'))
}
