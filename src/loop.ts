import { setImmediate as turn } from 'node:timers/promises'
import { isTransient } from './errors.ts'

/** Work that repeats in the background until stopped. */
export interface Loop {
  /** Wakes the loop at once. */
  nudge(): void
  /**
   * Aborts the signal that the tick in flight was given, waits until that tick has ended, and starts no other. With `atLast`
   * it then ticks once more, and on while there is more to do; an error goes to `onError` and ends that.
   */
  stop(how?: { atLast: boolean }): Promise<void>
}

/**
 * Repeats `tick` while it says there is more, else sleeps `idleMs` (real time) or until nudged. An error goes to `onError` and
 * the loop goes on; a transient one is told when it begins, not at each tick until it is over. A tick that does many
 * things should end between two of them once `stopping` is aborted.
 */
export function startLoop({
  tick,
  idleMs,
  onError,
  after,
}: {
  tick: (stopping: AbortSignal) => Promise<boolean>
  idleMs: number
  onError: (error: unknown) => void
  /** The first tick waits for it. */
  after?: Promise<void> | undefined
}): Loop {
  const stopping = new AbortController()
  let nudged = false
  let wasTransient = false
  let wake = () => {}
  const stopped = new Promise((resolve) => stopping.signal.addEventListener('abort', resolve))

  const sleep = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, idleMs).unref()
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  async function tickOnce(): Promise<boolean> {
    try {
      const more = await tick(stopping.signal)
      wasTransient = false
      return more
    } catch (error) {
      if (!wasTransient || !isTransient(error)) onError(error)
      wasTransient = isTransient(error)
      return false
    }
  }

  async function run(): Promise<void> {
    if (after) await Promise.race([after, stopped])
    while (!stopping.signal.aborted) {
      nudged = false
      const more = await tickOnce()
      // A tick may be synchronous underneath: without a turn, a busy loop would starve the sockets.
      if (more || nudged) await turn()
      else if (!stopping.signal.aborted) await sleep()
    }
  }
  const nudge = (): void => {
    nudged = true
    wake()
  }
  const running = run()
  return {
    nudge,
    async stop({ atLast } = { atLast: false }) {
      stopping.abort()
      nudge()
      await running
      if (!atLast) return
      while (await tickOnce());
    },
  }
}
