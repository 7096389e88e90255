import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { copyName, newestCopy, pruneCopies } from './folder.ts'

export interface ScheduledCopies {
  clock: Clock
  dir: string
  everyMs: number
  keep: number
  /** Makes one copy; resolves with its size. */
  copy(to: string): Promise<number>
  log: { info(event: object, text: string): void }
}

/** Makes a copy when the newest is old enough, and deletes those beyond `keep`. The folder itself is the memory. Never more to do at once. */
export async function tickCopies(copies: ScheduledCopies): Promise<boolean> {
  const { clock, dir, everyMs, keep, log } = copies
  if (everyMs === 0) return false
  const now = clock.now()
  const newest = await newestCopy(dir, now)
  if (newest && now < newest.at + everyMs) return false
  const name = copyName(now)
  const bytes = await copies.copy(join(dir, name))
  const gone = await pruneCopies(dir, keep, now)
  log.info({ copy: name, bytes, deleted: gone.length }, 'database copied')
  return false
}
