import type { Subject } from '../ports/history.ts'

/** What a word may name, by its shape. Whatever is no number may also be a name. */
export interface Meaning {
  /** Of an item or an account. */
  number?: number
  /** The kind whose ids begin so. */
  idOf?: Subject['kind'] | undefined
}

const kinds: Partial<Record<string, Subject['kind']>> = {
  req: 'call',
  evt: 'event',
  dlv: 'delivery',
  key: 'key',
  usr: 'user',
  sit: 'site',
}

/** Our ids begin with what they name, those of connect requests with nothing: Bridge's `context` allows no underscore. */
export function meaningOf(word: string): Meaning {
  if (/^[0-9]{1,16}$/.test(word)) return { number: Number(word) }
  const [, prefix] = /^([a-z]{3})_[a-z0-9]*$/.exec(word) ?? []
  if (prefix !== undefined) return { idOf: kinds[prefix] }
  return { idOf: /^[a-z0-9]{6,26}$/.test(word) ? 'request' : undefined }
}

/** Of all that a word found: what has it as its whole id, else what is called or begins so. */
export function subjectsMeant(found: readonly Subject[], word: string, limit: number): Subject[] {
  const exact = found.filter(({ id }) => id === word)
  return exact.length > 0 ? exact : found.slice(0, limit)
}
