import { randomBytes } from 'node:crypto'
import type { By, Store } from '../db/store.ts'
import type { Keyring } from './keyring.ts'

interface Rooms {
  store: Store
  keyring: Keyring
}

const dayMs = 24 * 60 * 60_000

/** What a site's webhook secret is sealed for. */
export const secretPlace = (siteId: string): string => `sites/${siteId}/webhook_secret`

/** A fresh secret in the form of Standard Webhooks: `whsec_` and 32 random bytes in base64. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

/** The secret a site's webhooks are signed with, the newest one while two are good. */
export async function readWebhookSecret({ store, keyring }: Rooms, siteId: string) {
  const sealed = await store.readWebhookSecret(siteId)
  return keyring.open(sealed, secretPlace(siteId)).toString('utf8')
}

/** Gives the site a new secret, which signs at once; the one before signs beside it for 24 hours. */
export async function rotateWebhookSecret(
  { store, keyring }: Rooms,
  siteId: string,
  by: By,
): Promise<{ secret: string; previousUntil: number }> {
  const secret = newWebhookSecret()
  const previousUntil = by.at + dayMs
  const sealed = keyring.seal(secret, secretPlace(siteId))
  await store.rotateWebhookSecret(siteId, { secret: sealed, previousUntil }, by)
  return { secret, previousUntil }
}
