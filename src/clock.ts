import { randomFillSync } from 'node:crypto'

/** The only source of "now", in epoch milliseconds. */
export interface Clock {
  now(): number
}

/** The only source of new ids and of chance. */
export interface Ids {
  /** `prefix_` and 24 random lower-case letters and digits. */
  next(prefix: string): string
  /** 26 random lower-case letters and digits: fits Bridge's `context`, which allows no underscore. */
  request(): string
  /** A number in [0, 1), for jitter only. */
  random(): number
}

export const systemClock: Clock = { now: () => Date.now() }

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567' // 32 letters: five bits each, no bias

/** Random bytes in advance: asking for a few at a time costs more than all the rest of an id. */
const pool = Buffer.alloc(4_096)
let used = pool.length

function letters(count: number): string {
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  let text = ''
  for (const byte of pool.subarray(used, (used += count))) text += alphabet[byte & 31]
  return text
}

export const systemIds: Ids = {
  next: (prefix) => `${prefix}_${letters(24)}`,
  request: () => letters(26),
  random: () => Math.random(),
}

/** A clock that can be pushed forward, for the sandbox's lever and for tests. */
export interface MovableClock extends Clock {
  advance(ms: number): void
}

export function createMovableClock(base: Clock = systemClock): MovableClock {
  let offset = 0
  return {
    now: () => base.now() + offset,
    advance(ms) {
      offset += ms
    },
  }
}
