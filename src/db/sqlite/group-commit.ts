import type Sqlite from 'better-sqlite3'
import { StoreBusyError } from '../store.ts'
import { patiently, withoutValues, type NotPromise } from './tools.ts'

/** Runs a synchronous job in a commit shared with the jobs that came at the same moment; a job that throws fails alone. */
export type GroupCommit = <T>(job: () => NotPromise<T>) => Promise<T>

interface Job {
  run: () => unknown
  settle: PromiseWithResolvers<unknown>
}

type Result = { ok: true; value: unknown } | { ok: false; error: unknown }

/** The longest batch: a few milliseconds of the event loop. */
const most = 256

/** How many jobs may wait for the disk. Beyond it the next one is refused at once: whoever sent it sends it again. */
const mostWaiting = 2_000

/**
 * Queues jobs until the event loop has read what else came in, then commits them together: one fsync for all. Each runs
 * in a savepoint. No promise resolves before the commit is durable; when the commit fails, all of them reject. With too
 * many waiting, a further one is a StoreBusyError.
 */
export function createGroupCommit(
  client: Sqlite.Database,
  { waiting = mostWaiting }: { waiting?: number } = {},
): GroupCommit {
  const queue: Job[] = []
  let flushing = false
  const savepoint = client.transaction((job: Job) => job.run())

  const commit = client.transaction((batch: readonly Job[]): Result[] =>
    batch.map((job) => {
      try {
        return { ok: true, value: savepoint(job) }
      } catch (error) {
        // A full disk rolls back the whole transaction, not the savepoint alone: nothing of the batch is left.
        if (!client.inTransaction) throw error
        return { ok: false, error: withoutValues(error) }
      }
    }),
  )

  async function flush(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, most)
      try {
        const results = await patiently(client, () => commit.immediate(batch))
        for (const [index, result] of results.entries()) {
          const { resolve, reject } = batch[index]!.settle
          if (result.ok) resolve(result.value)
          else reject(result.error)
        }
      } catch (error) {
        for (const { settle } of batch) settle.reject(error)
      }
    }
    flushing = false
  }

  return <T>(run: () => NotPromise<T>) => {
    if (queue.length >= waiting) {
      return Promise.reject(new StoreBusyError('Too much waits to be stored'))
    }
    const settle = Promise.withResolvers<unknown>()
    queue.push({ run, settle })
    if (!flushing) {
      flushing = true
      setImmediate(() => void flush())
    }
    return settle.promise as Promise<T>
  }
}
