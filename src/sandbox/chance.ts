/** A 32-bit number that follows from two others and looks like chance: the sandbox's rows are made of it. */
export function scramble(a: number, b: number): number {
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x7f4a7c15, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The same as a number in [0, 1). */
export const fraction = (a: number, b: number): number => scramble(a, b) / 2 ** 32
