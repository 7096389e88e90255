import type { ApiKey, KeyChange } from '../ports/keys.ts'

/**
 * What a change makes of a key, and what the audit says of it; null when it is so already, undefined when it cannot be. A new
 * secret is good at once, the one before it for a while; a key that was revoked gets none, and stays revoked since then.
 */
export function keyAfter(
  key: ApiKey,
  change: KeyChange,
  at: number,
): { fields: Partial<ApiKey>; detail?: object } | null | undefined {
  const isRevoked = key.revokedAt !== null
  if (change.kind === 'updated') return { fields: change.presentation, detail: change.presentation }
  if (change.kind === 'revoked') {
    if (isRevoked) return null
    return { fields: { revokedAt: at, previousSecretHash: null, previousSecretUntil: null } }
  }
  if (isRevoked) return undefined
  const { secretHash, previousUntil } = change
  const previous = { previousSecretHash: key.secretHash, previousSecretUntil: previousUntil }
  const detail = { previous_until: previousUntil }
  return { fields: { secretHash, ...previous, rotatedAt: at }, detail }
}
