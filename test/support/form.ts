/**
 * `PROOF=long`, which `npm run proof` sets: as long as it takes to believe it, or as many runs of a property; otherwise as short
 * as still proves it.
 */
export const isLong = process.env['PROOF'] === 'long'

/** What a proof does in its short and its long form. */
export const inForm = <T>(short: T, long: T): T => (isLong ? long : short)

/** Milliseconds a proof may take. */
export const mostMs = inForm(60_000, 4 * 60 * 60_000)

/** Milliseconds that one with several servers may take: on a machine that does other things too. */
export const mostMsOfMany = inForm(600_000, mostMs)
