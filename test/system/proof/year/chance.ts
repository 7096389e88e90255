/** Chance that is the same at every run: mulberry32. */
export function createChance(seed: number) {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let hash = Math.imul(state ^ (state >>> 15), 1 | state)
    hash = (hash + Math.imul(hash ^ (hash >>> 7), 61 | hash)) ^ hash
    return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    /** True once in so many times. */
    onceIn: (times: number): boolean => next() < 1 / times,
    /** A whole number of `from` to `to`, both counted. */
    between: (from: number, to: number): number => from + Math.floor(next() * (to - from + 1)),
  }
}

export type Chance = ReturnType<typeof createChance>
