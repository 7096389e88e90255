import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Keyring } from './keyring.ts'

/** How far a reader of a tenant's events came: the place of the last one, and until when it knows them. Epoch milliseconds. */
export interface FeedPosition {
  seq: number
  at: number
}

/**
 * A position as its tenant gets it: one block, enciphered with a key of that tenant's own. Places are counted over the whole
 * installation, so written plainly they would tell how much happens at others. What does not end in zeros is another
 * tenant's, or nobody's.
 */
export function feedCursor(keyring: Keyring, tenantId: string, { seq, at }: FeedPosition): string {
  const block = Buffer.alloc(16)
  block.writeUIntBE(seq, 0, 6)
  block.writeUIntBE(Math.floor(at / 1_000), 6, 5)
  const cipher = createCipheriv('aes-128-ecb', keyOf(keyring, tenantId), null).setAutoPadding(false)
  return cipher.update(block).toString('base64url')
}

/** The inverse; undefined for what this tenant was not given. */
export function readFeedCursor(
  keyring: Keyring,
  tenantId: string,
  cursor: string,
): FeedPosition | undefined {
  if (!/^[\w-]{22}$/.test(cursor)) return undefined
  const decipher = createDecipheriv('aes-128-ecb', keyOf(keyring, tenantId), null)
  const block = decipher.setAutoPadding(false).update(Buffer.from(cursor, 'base64url'))
  if (block.subarray(11).some((byte) => byte !== 0)) return undefined
  return { seq: block.readUIntBE(0, 6), at: block.readUIntBE(6, 5) * 1_000 }
}

const keyOf = (keyring: Keyring, tenantId: string): Buffer =>
  keyring.hash('feed-cursor', tenantId).subarray(0, 16)
