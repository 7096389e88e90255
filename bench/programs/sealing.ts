import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Any key does: what is measured is the sealing. */
export const key = Buffer.alloc(32, 1)

/** AES-256-GCM, as rows are sealed with; by Node alone. */
export function seal(plain: Buffer): Buffer {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** The inverse of `seal`. */
export function open(sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
}
