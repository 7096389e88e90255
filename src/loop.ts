import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'

/** Work that repeats in the background until stopped. */
export interface Loop {
  /** Wakes the loop at once. */
  nudge(): void
  /** Resolves when the tick in flight has ended; no further one starts. */
  stop(): Promise<void>
}

/** Repeats `tick` while it says there is more, else sleeps `idleMs` (real time) or until nudged. An error is told and survived. */
export function startLoop({
  tick,
  idleMs,
  onError,
}: {
  tick: () => Promise<boolean>
  idleMs: number
  onError: (error: unknown) => void
}): Loop {
  const stopping = new AbortController()
  let sleep = new AbortController()

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      sleep = new AbortController()
      let more = false
      try {
        more = await tick()
      } catch (error) {
        onError(error)
      }
      // A tick may be synchronous underneath: without a turn, a busy loop would starve the sockets.
      if (more) await turn()
      else if (!stopping.signal.aborted) {
        await wait(idleMs, undefined, { signal: sleep.signal, ref: false }).catch(() => {})
      }
    }
  }
  const running = run()
  return {
    nudge: () => sleep.abort(),
    async stop() {
      stopping.abort()
      sleep.abort()
      await running
    },
  }
}
