import { createFairQueue } from './fair-queue.ts'

/** So many places in all, and so many of each group: whoever holds its own for long keeps no other group waiting. */
export interface Places {
  /** Waits for a place, groups in turn. Resolves with what leaves it again; with nothing when none was free in time. */
  enter(group: string, limitMs?: number): Promise<(() => void) | undefined>
}

/** Places that are all free. */
export function createPlaces({ inAll, ofEach }: { inAll: number; ofEach: number }): Places {
  const queue = createFairQueue<{ group: string; enter(): void }>()
  const taken = new Map<string, number>()
  let free = inAll

  const isOpen = ([group = '']: readonly string[]): boolean => (taken.get(group) ?? 0) < ofEach

  function serve(): void {
    while (free > 0) {
      const next = queue.take(isOpen)
      if (!next) return
      free -= 1
      taken.set(next.group, (taken.get(next.group) ?? 0) + 1)
      next.enter()
    }
  }

  function leave(group: string): void {
    free += 1
    const left = (taken.get(group) ?? 1) - 1
    if (left > 0) taken.set(group, left)
    else taken.delete(group)
    serve()
  }

  return {
    enter(group, limitMs) {
      const turn = Promise.withResolvers<(() => void) | undefined>()
      const waiting = { group, enter: () => turn.resolve(() => leave(group)) }
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
