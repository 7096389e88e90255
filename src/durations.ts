/** What is counted in milliseconds, in the units people think in. */
export const secondMs = 1_000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs
export const weekMs = 7 * dayMs

/** The start of the minute, or the hour, that a time lies in. */
export const minuteOf = (at: number): number => at - (at % minuteMs)
export const hourOf = (at: number): number => at - (at % hourMs)
