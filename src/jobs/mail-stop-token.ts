import { timingSafeEqual } from 'node:crypto'
import type { Keyring } from '../vault/keyring.ts'

const purpose = 'mail-stop'
const tagBytes = 18

/** The path of a link by which a user gets no more reminders; it cannot be made without the pepper, and never ends. */
export const mailStopToken = (keyring: Keyring, userId: string): string =>
  `${userId}-${tagOf(keyring, userId).toString('base64url')}`

/** Whose link it is; undefined for what we did not make. */
export function readMailStopToken(keyring: Keyring, token: string): string | undefined {
  const [, userId = '', given = ''] = /^(usr_\w{1,40})-([\w-]{24})$/.exec(token) ?? []
  const tag = Buffer.from(given, 'base64url')
  if (tag.length !== tagBytes || !timingSafeEqual(tag, tagOf(keyring, userId))) return undefined
  return userId
}

const tagOf = (keyring: Keyring, userId: string): Buffer =>
  keyring.hash(purpose, userId).subarray(0, tagBytes)
