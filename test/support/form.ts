/**
 * `PROOF=long`, which `npm run proof` sets: as long as it takes to believe it, or as many runs of a property; otherwise as short
 * as still proves it.
 */
export const isLong = process.env['PROOF'] === 'long'

/** What a proof does in its short and its long form. */
export const inForm = <T>(short: T, long: T): T => (isLong ? long : short)

/** Milliseconds a test may take. Nobody fails for being slow: this is for what hangs. */
export const mostMs = inForm(600_000, 4 * 60 * 60_000)
