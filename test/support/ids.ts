import type { Ids } from '../../src/clock.ts'

/** Ids that count up from 1, in the shape of the real ones, so that a failing test fails alike every time. */
export function testIds(): Ids {
  let made = 0
  const counted = (width: number): string => {
    made += 1
    return String(made).padStart(width, '0')
  }
  return {
    next: (prefix) => `${prefix}_${counted(24)}`,
    request: () => counted(26),
    random: () => 0.5,
  }
}
