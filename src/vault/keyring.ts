import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomBytes,
} from 'node:crypto'

/** A key with the id that stands beside whatever it sealed. */
interface NamedKey {
  id: string
  key: Buffer
}

/** The installation's secrets at work: hashes keyed with the pepper, rows sealed with the data key. */
export interface Keyring {
  /** HMAC-SHA256 of `text`, keyed with the pepper; `purpose` keeps one use apart from another. */
  hash(purpose: string, text: string): Buffer
  /** AES-256-GCM with one of the data keys, at first the newest. `row` is bound to it: elsewhere it does not open. */
  seal(plain: string | Buffer, row: string): Buffer
  /** @throws when it was changed, moved to another row, or sealed with a key we do not have */
  open(sealed: Buffer, row: string): Buffer
  /** Takes a further data key in hand: it opens. One it has already changes nothing. */
  add(key: NamedKey): void
  /** From now on this data key in hand seals. */
  sealWith(id: string): void
  /** The ids of the data keys in hand. */
  ids(): string[]
}

const ivBytes = 12
const tagBytes = 16

export function createKeyring(keys: { pepper: Buffer; dataKeys: readonly NamedKey[] }): Keyring {
  const dataKeys = [...keys.dataKeys]
  let sealing = dataKeys.at(-1)
  if (!sealing) throw new Error('A keyring needs a data key')
  return {
    ...hashing(keys.pepper),
    seal: (plain, row) => seal(sealing!, plain, row),
    open: (sealed, row) => open(dataKeys, sealed, row),
    add(key) {
      if (!dataKeys.some(({ id }) => id === key.id)) dataKeys.push(key)
    },
    sealWith(id) {
      sealing = dataKeys.find((key) => key.id === id) ?? sealing
    },
    ids: () => dataKeys.map(({ id }) => id),
  }
}

/** The hashes of a pepper alone, for who needs no data key. */
export function hashing(pepper: Buffer): Pick<Keyring, 'hash'> {
  // Each call of ours costs two: a key in OpenSSL's form, and one piece of text, take a third off.
  const key = createSecretKey(pepper)
  return {
    hash: (purpose, text) => createHmac('sha256', key).update(`${purpose}\0${text}`).digest(),
  }
}

/** Layout: length of the key id, key id, iv, tag, ciphertext. The key id tells later which key opens it. */
export function seal({ id, key }: NamedKey, plain: string | Buffer, row: string): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(row))
  const text = Buffer.concat([cipher.update(plain), cipher.final()])
  const name = Buffer.from(id)
  return Buffer.concat([Buffer.from([name.length]), name, iv, cipher.getAuthTag(), text])
}

/** The inverse of `seal`. Throws when no given key opens it for this row. */
export function open(keys: readonly NamedKey[], sealed: Buffer, row: string): Buffer {
  const id = keyIdOf(sealed)
  const named = keys.find((candidate) => candidate.id === id)
  if (!named) throw new Error(`Sealed with key ${id}, which is not here`)
  const body = sealed.subarray(1 + Buffer.byteLength(id))
  const iv = body.subarray(0, ivBytes)
  // Without the length, older Node takes a tag cut to four bytes, which can be guessed.
  const decipher = createDecipheriv('aes-256-gcm', named.key, iv, { authTagLength: tagBytes })
    .setAAD(Buffer.from(row))
    .setAuthTag(body.subarray(ivBytes, ivBytes + tagBytes))
  return Buffer.concat([decipher.update(body.subarray(ivBytes + tagBytes)), decipher.final()])
}

/** Which key sealed it. */
export const keyIdOf = (sealed: Buffer): string =>
  sealed.subarray(1, 1 + (sealed[0] ?? 0)).toString('utf8')
