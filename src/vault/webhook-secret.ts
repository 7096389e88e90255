import { randomBytes } from 'node:crypto'
import type { By } from '../db/scope.ts'
import { ConflictError } from '../db/store-errors.ts'
import type { Store } from '../db/store.ts'
import type { Keyring } from './keyring.ts'
import { secretRow } from './sealed-rows.ts'
import { dayMs } from '../durations.ts'

interface Deps {
  store: Store
  keyring: Keyring
}

/** A fresh secret in the form of Standard Webhooks: `whsec_` and 32 random bytes in base64. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

/** The secret a site's webhooks are signed with, the newest one while two are good. */
export async function readWebhookSecret({ store, keyring }: Deps, siteId: string) {
  const sealed = await store.readWebhookSecret(siteId)
  return keyring.open(sealed, secretRow(siteId)).toString('utf8')
}

/** A secret from an earlier rotation is still good, and another rotation would end it before its time. */
export class EarlierSecretError extends ConflictError {
  override name = 'EarlierSecretError'

  readonly until: number

  constructor(until: number) {
    super('An earlier secret is still good')
    this.until = until
  }
}

/**
 * Gives the site a new secret, which signs at once; the one before signs beside it for 24 hours. One from before that is ended
 * only by force. Throws EarlierSecretError.
 */
export async function rotateWebhookSecret(
  { store, keyring }: Deps,
  siteId: string,
  by: By,
  { force = false } = {},
): Promise<{ secret: string; previousUntil: number; hasEndedEarlier: boolean }> {
  const secret = newWebhookSecret()
  const previousUntil = by.at + dayMs
  const sealed = keyring.seal(secret, secretRow(siteId))
  const rotation = { secret: sealed, previousUntil, force }
  const earlierUntil = await store.rotateWebhookSecret(siteId, rotation, by)
  if (earlierUntil !== null && !force) throw new EarlierSecretError(earlierUntil)
  return { secret, previousUntil, hasEndedEarlier: earlierUntil !== null }
}
