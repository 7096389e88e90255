import { createHmac, timingSafeEqual } from 'node:crypto'
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { CopySigner } from '../../signer.ts'

// A copy is signed in a line behind its last page, which SQLite neither reads nor minds: one file is what operators move,
// and what a later tool leaves out of it is missed at once.

/** A copy's last line. Believe none of it before `isSignedWith` says so. */
export interface Signature {
  installation: string
  madeAt: number
  wrappedPepper: Buffer
  mac: Buffer
  /** How many bytes are signed: all but the MAC itself. */
  signedBytes: number
}

const pattern = /\nbank-api-copy v1 ([0-9a-f]+) (\d+) ([\w-]+) ([0-9a-f]{64})\n$/
const longestLine = 1_024
const macTail = 64 + 1
const chunkBytes = 1024 * 1024

/** Signs a finished file: an HMAC-SHA256 over all its bytes and the line itself. Reads the whole file, and blocks. */
export function signFile(path: string, signer: CopySigner, wrappedPepper: Buffer): void {
  const { installation, key, at } = signer
  const line = `\nbank-api-copy v1 ${installation} ${at} ${wrappedPepper.toString('base64url')} `
  appendFileSync(path, line)
  const file = openSync(path, 'r')
  const mac = macOf(file, fstatSync(file).size, key)
  closeSync(file)
  appendFileSync(path, `${mac.toString('hex')}\n`)
}

/** The signature a file ends with; undefined when there is none. */
export function readSignature(path: string): Signature | undefined {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const end = Buffer.alloc(Math.min(size, longestLine))
    readSync(file, end, 0, end.length, size - end.length)
    const match = pattern.exec(end.toString('latin1'))
    if (!match) return undefined
    const [, installation, madeAt, pepper, mac] = match as unknown as string[]
    return {
      installation: installation!,
      madeAt: Number(madeAt),
      wrappedPepper: Buffer.from(pepper!, 'base64url'),
      mac: Buffer.from(mac!, 'hex'),
      signedBytes: size - macTail,
    }
  } finally {
    closeSync(file)
  }
}

/** Whether these bytes are the ones that were signed. Reads the whole file, and blocks. */
export function isSignedWith(key: Buffer, path: string, { mac, signedBytes }: Signature): boolean {
  const file = openSync(path, 'r')
  try {
    return timingSafeEqual(macOf(file, signedBytes, key), mac)
  } finally {
    closeSync(file)
  }
}

/** What a file without a signature is, by its own header: a database that ends with a page of its own or a later one, one that does not, or none. */
export function readShape(path: string): 'whole' | 'cut' | 'none' {
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(100)
    readSync(file, header, 0, header.length, 0)
    if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') return 'none'
    const size = header.readUInt16BE(16)
    const pageBytes = size === 1 ? 65_536 : size
    const pages = fstatSync(file).size / pageBytes
    // SQLite leaves pages behind the last one it counts, and never reads them.
    return Number.isInteger(pages) && pages >= header.readUInt32BE(28) ? 'whole' : 'cut'
  } finally {
    closeSync(file)
  }
}

/** The HMAC of a file's first bytes, a piece at a time: it may be larger than the memory. */
function macOf(file: number, bytes: number, key: Buffer): Buffer {
  const hmac = createHmac('sha256', key)
  const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(bytes, 1)))
  for (let at = 0; at < bytes;) {
    const read = readSync(file, chunk, 0, Math.min(chunk.length, bytes - at), at)
    if (read === 0) throw new Error('The file became shorter while it was read')
    hmac.update(chunk.subarray(0, read))
    at += read
  }
  return hmac.digest()
}
