import { BridgeGivenUpError, type Where } from '../bridge-errors.ts'

/** Runs work once for all who ask for the same at the same time. Each may give up alone; when all have, so does the work. */
export type SingleFlight = <T>(
  key: string,
  asked: { where: Where; signal: AbortSignal | undefined },
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>

interface Running {
  result: Promise<unknown>
  waiting: number
  end: AbortController
}

/** Nothing is kept once the answer is there. What is shared must not be changed by those who get it. */
export function createSingleFlight(): SingleFlight {
  const running = new Map<string, Running>()

  function start<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Running {
    const end = new AbortController()
    const result = work(end.signal).finally(() => forget(key, started))
    const started: Running = { result, waiting: 0, end }
    running.set(key, started)
    return started
  }

  function forget(key: string, one: Running): void {
    if (running.get(key) === one) running.delete(key)
  }

  return async <T>(
    key: string,
    { where, signal }: { where: Where; signal: AbortSignal | undefined },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    if (signal?.aborted) throw gaveUp(where, signal)
    const one = running.get(key) ?? start(key, work)
    one.waiting += 1
    // The last to leave ends the work, whose own last word says best why there is no answer.
    const isLast = (): boolean => {
      one.waiting -= 1
      if (one.waiting > 0) return false
      forget(key, one) // whoever asks next starts anew
      one.end.abort(signal?.reason)
      return true
    }
    return orGiveUp(one.result as Promise<T>, { where, signal, isLast })
  }
}

/** The shared result, or a BridgeGivenUpError as soon as the signal ends this caller's wait for it. `isLast` tells to wait on. */
export async function orGiveUp<T>(
  shared: Promise<T>,
  {
    where,
    signal,
    isLast = () => false,
  }: { where: Where; signal: AbortSignal | undefined; isLast?: () => boolean },
): Promise<T> {
  if (!signal) return shared
  const gone = Promise.withResolvers<never>()
  const leave = (): void => {
    if (isLast()) return
    gone.reject(gaveUp(where, signal))
  }
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([shared, gone.promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

const gaveUp = (where: Where, { reason }: AbortSignal): BridgeGivenUpError =>
  new BridgeGivenUpError(where, { cause: reason })
