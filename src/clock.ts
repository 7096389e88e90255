import { randomBytes } from 'node:crypto'

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

const letters = (count: number): string =>
  Array.from(randomBytes(count), (byte) => alphabet[byte & 31]).join('')

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
