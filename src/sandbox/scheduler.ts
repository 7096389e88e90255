import { setImmediate as turn } from 'node:timers/promises'
import { finishHistory, refreshItem } from './items.ts'
import type { Box } from './box.ts'

export interface Scheduler {
  /**
   * Does what is due: full refreshes, scheduled refreshes (one an item), webhooks. `moved` means a
   * lever moved the clock: what follows a connection then comes at once. Answers the items refreshed.
   */
  tick(moved?: boolean): Promise<number[]>
}

/** Passes never overlap: each waits for the one before. */
export function createScheduler(box: Box): Scheduler {
  let last: Promise<unknown> = Promise.resolve()

  const once = async (moved: boolean): Promise<number[]> => {
    const refreshed: number[] = []
    const due = [...box.state.items.values()].filter((item) => {
      const full = item.fullDueAt !== undefined && (moved || item.fullDueAt <= box.clock.now())
      return full || item.nextRefreshAt <= box.clock.now()
    })
    for (const item of due) {
      if (!box.state.items.has(item.id)) continue
      finishHistory(box, item)
      if (item.nextRefreshAt <= box.clock.now()) {
        refreshItem(box, item, 'scheduler')
        refreshed.push(item.id)
      }
      // Making an item's rows takes some milliseconds; other requests go in between.
      await turn()
    }
    box.webhooks.tick()
    return refreshed
  }

  return {
    async tick(moved = false) {
      const mine = last.then(() => once(moved))
      last = mine.catch(() => {})
      return mine
    },
  }
}
