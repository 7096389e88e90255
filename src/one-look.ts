import type { Clock } from './clock.ts'

/** One look for all who ask within so long. What failed is looked at again by whoever asks next. */
export function oneLook<T>(
  clock: Clock,
  withinMs: number,
  look: (now: number) => Promise<T>,
): () => Promise<T> {
  let last: { at: number; found: Promise<T> } | undefined
  return () => {
    const now = clock.now()
    // Either way, for a clock may be put back: then what was found is no younger for it.
    if (last && Math.abs(now - last.at) < withinMs) return last.found
    const one = { at: now, found: look(now) }
    last = one
    one.found.catch(() => {
      if (last === one) last = undefined
    })
    return one.found
  }
}
