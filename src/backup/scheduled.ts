import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { hourMs } from '../durations.ts'
import type { Log } from '../logger.ts'
import { copyName, newestCopy, pruneCopies } from './folder.ts'

interface ScheduledCopies {
  clock: Clock
  dir: string
  everyMs: number
  keep: number
  /** Makes one copy; resolves with its size. */
  copy(to: string): Promise<number>
  log: Pick<Log, 'info'>
}

/** After a copy that failed: each try may read the whole database, and write as much. */
const restMs = hourMs

/**
 * Each `tick` makes a copy when the newest is old enough, and deletes those beyond `keep`; it throws when that fails, and then
 * rests. The folder itself is the memory. Never more to do at once. `failure` is what the last copy failed with.
 */
export function scheduleCopies(copies: ScheduledCopies): {
  tick(): Promise<boolean>
  failure(): unknown
} {
  const { clock, dir, everyMs, keep, log } = copies
  let failed: { error: unknown; at: number } | undefined

  async function copyWhenDue(): Promise<void> {
    const now = clock.now()
    const newest = await newestCopy(dir, now)
    if (!newest || now >= newest.at + everyMs) {
      // Either way, for a clock may be put back.
      if (failed && Math.abs(now - failed.at) < restMs) return
      const name = copyName(now)
      const bytes = await copies.copy(join(dir, name))
      const gone = await pruneCopies(dir, keep, now)
      log.info({ copy: name, bytes, deleted: gone.length }, 'database copied')
    }
    failed = undefined
  }

  return {
    async tick() {
      if (everyMs === 0) return false
      try {
        await copyWhenDue()
      } catch (error) {
        failed = { error, at: clock.now() }
        throw error
      }
      return false
    },
    failure: () => failed?.error,
  }
}
