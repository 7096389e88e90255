import { timingSafeEqual } from 'node:crypto'
import type { Keyring } from './keyring.ts'

const tagBytes = 18

/** A text as part of an address: readable, and not to be made without the pepper. `purpose` keeps one use apart from another. */
export const signToken = (keyring: Keyring, purpose: string, text: string): string =>
  `${text}-${tagOf(keyring, purpose, text).toString('base64url')}`

/** The text of a token; undefined for what we did not make. */
export function verifyToken(keyring: Keyring, purpose: string, token: string): string | undefined {
  const [, text = '', given = ''] = /^(\w[\w-]*)-([\w-]{24})$/.exec(token) ?? []
  const tag = Buffer.from(given, 'base64url')
  if (tag.length !== tagBytes) return undefined
  return timingSafeEqual(tag, tagOf(keyring, purpose, text)) ? text : undefined
}

const tagOf = (keyring: Keyring, purpose: string, text: string): Buffer =>
  keyring.hash(purpose, text).subarray(0, tagBytes)
