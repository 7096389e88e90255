/** The time a piece of work may take. Whoever sets one lets go of it when the work is over. */
export interface TimeLimit {
  /** Ends when the time is over, or with the outer signal. */
  readonly signal: AbortSignal
  /** Whether it was the time that ended it. */
  readonly isOver: boolean
  /** Lets go of the clock and the outer signal. */
  release(): void
}

/**
 * So many milliseconds from now, or less when `outer` ends before. Not by `AbortSignal.timeout` and `.any`: those are held by
 * weak references, which V8 clears in full collections alone, and until then they keep the whole request they belong to.
 */
export function timeLimit(ms: number, outer?: AbortSignal): TimeLimit {
  const controller = new AbortController()
  let isOver = false
  const timer = setTimeout(() => {
    isOver = true
    controller.abort(new DOMException(`Not done in ${ms} ms`, 'TimeoutError'))
  }, ms)
  timer.unref()
  const follow = (): void => {
    clearTimeout(timer)
    controller.abort(outer?.reason)
  }
  if (outer?.aborted) follow()
  else outer?.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    get isOver() {
      return isOver
    },
    release() {
      clearTimeout(timer)
      outer?.removeEventListener('abort', follow)
    },
  }
}
