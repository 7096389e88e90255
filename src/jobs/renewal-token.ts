import { timingSafeEqual } from 'node:crypto'
import type { Keyring } from '../vault/keyring.ts'
import { dayMs } from '../durations.ts'

/** What a renewal link stands for: one consent of one item. Times are epoch milliseconds. */
interface Renewable {
  itemId: number
  consentEnd: number
}

const purpose = 'renewal'
const tagBytes = 18

/** How long after its end a consent can still be renewed by its link. */
export const graceMs = 14 * dayMs

/** The path of a renewal link. It says nothing by itself and cannot be made without the pepper. */
export function renewalToken(keyring: Keyring, { itemId, consentEnd }: Renewable): string {
  const text = `${itemId.toString(36)}-${consentEnd.toString(36)}`
  return `${text}-${tagOf(keyring, text).toString('base64url')}`
}

/** The inverse; undefined for what we did not make. */
export function readRenewalToken(keyring: Keyring, token: string): Renewable | undefined {
  const [, text = '', item = '', end = '', given = ''] =
    /^(([0-9a-z]{1,11})-([0-9a-z]{1,9}))-([\w-]{24})$/.exec(token) ?? []
  const tag = Buffer.from(given, 'base64url')
  if (tag.length !== tagBytes || !timingSafeEqual(tag, tagOf(keyring, text))) return undefined
  return { itemId: Number.parseInt(item, 36), consentEnd: Number.parseInt(end, 36) }
}

const tagOf = (keyring: Keyring, text: string): Buffer =>
  keyring.hash(purpose, text).subarray(0, tagBytes)
