import type { Keyring } from '../vault/keyring.ts'
import { signToken, verifyToken } from '../vault/signed-token.ts'
import { dayMs } from '../durations.ts'

/** What a renewal link stands for: one consent of one item. Times are epoch milliseconds. */
interface Renewable {
  itemId: number
  consentEnd: number
}

const purpose = 'renewal'

/** How long after its end a consent can still be renewed by its link. */
export const graceMs = 14 * dayMs

/** The path of a renewal link. It says nothing by itself and cannot be made without the pepper. */
export const renewalToken = (keyring: Keyring, { itemId, consentEnd }: Renewable): string =>
  signToken(keyring, purpose, `${itemId.toString(36)}-${consentEnd.toString(36)}`)

/** The inverse; undefined for what we did not make. */
export function readRenewalToken(keyring: Keyring, token: string): Renewable | undefined {
  const [item, end] = verifyToken(keyring, purpose, token)?.split('-') ?? []
  if (item === undefined || end === undefined) return undefined
  return { itemId: Number.parseInt(item, 36), consentEnd: Number.parseInt(end, 36) }
}
