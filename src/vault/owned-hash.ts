import type { Scope } from '../db/scope.ts'
import type { Keyring } from './keyring.ts'

/** Makes the hash of a key and secret one that is good for this owner alone. It takes the
 * hash, not the secret, so that hashes stored before they had an owner can be bound too. */
export const bindHash = (
  keyring: Pick<Keyring, 'hash'>,
  { tenantId, siteId }: Scope,
  hash: Buffer,
): Buffer =>
  keyring.hash('api-secret-owner', JSON.stringify([tenantId, siteId, hash.toString('base64')]))
