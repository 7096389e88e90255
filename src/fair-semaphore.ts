import { createFairQueue } from './fair-queue.ts'

/** So many holders at once in all, and so many of each group: whoever holds its own for long keeps no other group waiting. */
export interface FairSemaphore {
  /** Waits for its turn, groups in turn. Resolves with what releases it again; with nothing when its turn did not come in time. */
  acquire(group: string, limitMs?: number): Promise<(() => void) | undefined>
}

/** A semaphore that nobody holds yet. */
export function createFairSemaphore({
  inAll,
  ofEach,
}: {
  inAll: number
  ofEach: number
}): FairSemaphore {
  const queue = createFairQueue<{ group: string; begin(): void }>()
  const held = new Map<string, number>()
  let free = inAll

  const isOpen = ([group = '']: readonly string[]): boolean => (held.get(group) ?? 0) < ofEach

  function serve(): void {
    while (free > 0) {
      const next = queue.take(isOpen)
      if (!next) return
      free -= 1
      held.set(next.group, (held.get(next.group) ?? 0) + 1)
      next.begin()
    }
  }

  function release(group: string): void {
    free += 1
    const left = (held.get(group) ?? 1) - 1
    if (left > 0) held.set(group, left)
    else held.delete(group)
    serve()
  }

  return {
    acquire(group, limitMs) {
      const turn = Promise.withResolvers<(() => void) | undefined>()
      const waiting = { group, begin: () => turn.resolve(() => release(group)) }
      const giveUp = () => {
        queue.remove([group], waiting)
        turn.resolve(undefined)
      }
      const late = limitMs === undefined ? undefined : setTimeout(giveUp, limitMs)
      queue.add([group], waiting)
      queueMicrotask(serve) // once all who come at this moment wait: else the first group takes what it can
      return turn.promise.finally(() => clearTimeout(late))
    },
  }
}
