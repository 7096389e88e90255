import type { Clock } from '../clock.ts'

/** Signs of life of the background work. */
export interface Heartbeats {
  /** The same tick, noticed each time it ends without an error. Call it once per loop, before the loop starts. */
  watch<Given extends unknown[]>(
    name: string,
    tick: (...given: Given) => Promise<boolean>,
  ): (...given: Given) => Promise<boolean>
  /** How long ago each loop's last good tick ended, in milliseconds; for one that has yet to end one, since it was watched. */
  ages(): Record<string, number>
}

/** `clock` is one that nobody sets: neither a sandbox's leap in time nor the machine's is a silence, or hides one. */
export function createHeartbeats(clock: Clock): Heartbeats {
  const seen = new Map<string, number>()
  return {
    watch(name, tick) {
      seen.set(name, clock.now())
      return async (...given) => {
        const more = await tick(...given)
        seen.set(name, clock.now())
        return more
      }
    },
    ages: () => Object.fromEntries([...seen].map(([name, at]) => [name, clock.now() - at])),
  }
}
