import { randomFillSync } from 'node:crypto'
import { hourMs } from './durations.ts'

/** The only source of "now", in epoch milliseconds. */
export interface Clock {
  now(): number
}

/** The only source of new ids and of chance. */
export interface Ids {
  /**
   * `prefix_` and 24 lower-case letters and digits: ten for the time, so that later ids sort behind earlier ones and land
   * together in an index, and fourteen random ones. No secret: whoever knows one can guess when it was made.
   */
  next(prefix: string): string
  /** 26 random lower-case letters and digits: fits Bridge's `context`, which allows no underscore. */
  request(): string
  /** A number in [0, 1), for jitter only. */
  random(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** A clock that nobody sets. Where it began says nothing. */
export const monotonicClock: Clock = { now: () => performance.now() }

/** A clock that goes by another one, which has to be asked. Until it was, it is the machine's. */
export interface FollowingClock extends Clock {
  /** Call it when you ask what the other clock shows, and what it returns with the answer. */
  listen(): (told: number) => void
}

/**
 * Between the answers it runs by itself, whoever sets the machine's. What an answer allows depends on how long it took: as
 * long as it allows what this clock shows, nothing changes, so one that was slow to come makes it no worse.
 */
export function createFollowingClock({
  machine = systemClock,
  monotonic = monotonicClock,
}: { machine?: Clock; monotonic?: Clock } = {}): FollowingClock {
  let ahead: number | undefined // of the monotonic one
  return {
    now: () => (ahead === undefined ? machine.now() : Math.floor(monotonic.now() + ahead)),
    listen() {
      const askedAt = monotonic.now()
      return (told) => {
        const [least, most] = [told - monotonic.now(), told - askedAt]
        ahead = ahead === undefined ? (least + most) / 2 : Math.min(Math.max(ahead, least), most)
      }
    },
  }
}

/** Notices when the clock is set, the machine's or the one it follows, which no one tells us. */
export interface ClockWatch {
  /** How far the clock was put forward since the last call, in milliseconds; below zero: back; 0: it just ran. */
  jumped(): number
  /** How far it was put forward in all since we watch, less how far it was put back. */
  jumpedInAll(): number
  /** How much time has passed since it was last put forward by an hour or more; undefined: it never was, since we watch. */
  sinceForward(): number | undefined
}

/** What is less may be a correction. */
export const leastJumpMs = 10_000

/** What is less changes nothing that is counted in days. */
const farMs = hourMs

/** Compares what the clock shows with how long it ran. A sandbox's lever moves neither. */
export function createClockWatch({
  wall = systemClock,
  monotonic = monotonicClock,
}: { wall?: Clock; monotonic?: Clock } = {}): ClockWatch {
  let last = { wall: wall.now(), ran: monotonic.now() }
  let untold = 0
  let inAll = 0
  let forwardAt: number | undefined

  function look(): void {
    const now = { wall: wall.now(), ran: monotonic.now() }
    const byMs = Math.round(now.wall - last.wall - (now.ran - last.ran))
    last = now
    if (Math.abs(byMs) <= leastJumpMs) return
    untold += byMs
    inAll += byMs
    if (byMs >= farMs) forwardAt = now.ran
  }

  return {
    jumped() {
      look()
      const byMs = untold
      untold = 0
      return byMs
    },
    jumpedInAll() {
      look()
      return inAll
    },
    sinceForward() {
      look()
      return forwardAt === undefined ? undefined : last.ran - forwardAt
    },
  }
}

/**
 * The time as it passes: it moves with a sandbox's lever, and not when the machine's clock is set. For what is counted from
 * now on and kept in memory alone; what is stored, or told to anybody, has the time of the clock itself.
 */
export const steadyClock = (clock: Clock, watch: Pick<ClockWatch, 'jumpedInAll'>): Clock => ({
  now: () => clock.now() - watch.jumpedInAll(),
})

const alphabet = '234567abcdefghijklmnopqrstuvwxyz' // 32 letters in their sorting order: five bits each, no bias

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

/** Fifty bits of time in ten letters. */
function timeInLetters(at: number): string {
  let text = ''
  for (let rest = at, place = 0; place < 10; place += 1, rest = Math.floor(rest / 32)) {
    text = alphabet[rest % 32]! + text
  }
  return text
}

/** Ids by the time of a clock. */
export const createIds = (clock: Clock): Ids => ({
  next: (prefix) => `${prefix}_${timeInLetters(clock.now())}${letters(14)}`,
  request: () => letters(26),
  random: () => Math.random(),
})

export const systemIds = createIds(systemClock)

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
