import { dayMs, hourMs } from '../../durations.ts'

/** How long a consent lasts at most, by law. */
export const consentMs = 180 * dayMs

/** Bridge prints the same end to the second here and to the millisecond there; a renewal moves it by weeks. */
export const sameEndMs = 12 * hourMs

/** Whether two ends of a consent are one, printed twice. */
export const isSameEnd = (one: number, other: number): boolean => Math.abs(one - other) <= sameEndMs
