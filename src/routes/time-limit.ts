/** The time a piece of work may take. Whoever sets one releases it when the work is over. */
export interface TimeLimit {
  /** Ends when the time is over. */
  readonly signal: AbortSignal
  release(): void
}

/**
 * So many milliseconds from now. For work that comes often: the signals of `AbortSignal.timeout` hang on weak references,
 * which V8 clears in full collections alone, and until then keep the whole request they belong to.
 */
export function timeLimit(ms: number): TimeLimit {
  const controller = new AbortController()
  const end = (): void => controller.abort(new DOMException(`Not done in ${ms} ms`, 'TimeoutError'))
  const timer = setTimeout(end, ms)
  timer.unref()
  return { signal: controller.signal, release: () => clearTimeout(timer) }
}
