import { setImmediate as turn } from 'node:timers/promises'
import type Sqlite from 'better-sqlite3'
import { StoreBusyError } from '../store-errors.ts'
import { checkpointAfter, isBusy, patiently, withoutValues, type NotPromise } from './tools.ts'

/**
 * Runs a synchronous job in a commit shared with the jobs that came at the same moment; a job that throws fails alone, and the
 * others run once more. One that is `refusable` is a StoreBusyError when too many of them wait.
 */
export type GroupCommit = <T>(
  job: () => NotPromise<T>,
  options?: { refusable: boolean },
) => Promise<T>

interface Job {
  run: () => unknown
  refusable: boolean
  settle: PromiseWithResolvers<unknown>
}

type Result = { ok: true; value: unknown } | { ok: false; error: unknown }

/** The longest batch: a few milliseconds of the event loop. */
const atOnce = 256

/** How many refusable jobs may wait for the disk: whoever sent the next one sends it again. Our own work has no one else. */
const mostWaiting = 2_000

/**
 * Queues jobs until the event loop has read what else came in, then commits them together: one fsync for all. No promise
 * resolves before the commit is durable; when the commit fails, all of them reject, and when the database stayed locked,
 * what waits behind them too.
 */
export function createGroupCommit(
  client: Sqlite.Database,
  { waiting = mostWaiting }: { waiting?: number } = {},
): GroupCommit {
  const queue: Job[] = []
  let refusable = 0
  let flushing = false
  const savepoint = client.transaction((job: Job) => job.run())

  const together = client.transaction((batch: readonly Job[]): Result[] =>
    batch.map((job) => ({ ok: true, value: job.run() })),
  )

  const apart = client.transaction((batch: readonly Job[]): Result[] =>
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

  /** For a savepoint SQLite keeps each page as it was, so there is one for each job only where one of them threw. */
  function commit(batch: readonly Job[]): Result[] {
    try {
      return together.immediate(batch)
    } catch (error) {
      if (isBusy(error)) throw error
      checkpointAfter(error, client)
      return apart.immediate(batch)
    }
  }

  /** Takes so many out of the queue, in the order they came. */
  function take(count: number): Job[] {
    const jobs = queue.splice(0, count)
    refusable -= jobs.filter((job) => job.refusable).length
    return jobs
  }

  async function flush(): Promise<void> {
    while (queue.length > 0) {
      const batch = take(atOnce)
      try {
        const results = await patiently(client, () => commit(batch))
        for (const [index, result] of results.entries()) {
          const { resolve, reject } = batch[index]!.settle
          if (result.ok) resolve(result.value)
          else reject(result.error)
        }
      } catch (error) {
        // For the same lock the others would wait as long, one batch after the other.
        const rest = error instanceof StoreBusyError ? take(queue.length) : []
        for (const { settle } of [...batch, ...rest]) settle.reject(error)
      }
      await turn() // a commit is synchronous: without it, a long queue would starve the sockets
    }
    flushing = false
  }

  return <T>(run: () => NotPromise<T>, options = { refusable: false }) => {
    if (options.refusable && refusable >= waiting) {
      return Promise.reject(new StoreBusyError('Too much waits to be stored'))
    }
    const settle = Promise.withResolvers<unknown>()
    queue.push({ run, settle, ...options })
    if (options.refusable) refusable += 1
    if (!flushing) {
      flushing = true
      setImmediate(() => void flush())
    }
    return settle.promise as Promise<T>
  }
}
