import type { ApiKey, KeyChange } from '../ports/keys.ts'

/**
 * What a change makes of a key, and what the audit says of it; null when it stays as it is, undefined when it cannot be. A new
 * secret is good at once, the one before it for a while, in which another one is not given but by force: the site may still
 * have that one. A key that was revoked gets none, and stays revoked since then.
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
  const { secretHash, previousUntil, force = false } = change
  if ((key.previousSecretUntil ?? 0) > at && !force) return null
  const previous = { previousSecretHash: key.secretHash, previousSecretUntil: previousUntil }
  const detail = { previous_until: previousUntil }
  return { fields: { secretHash, ...previous, rotatedAt: at }, detail }
}
