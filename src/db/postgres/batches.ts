import { StoreAwayError, StoreBusyError } from '../store-errors.ts'
import type { Patience } from './tools.ts'

/** Does something for all of a batch in few round trips. What it says of each, in their order, may be an error of that one's. */
export type Work<In, Out> = (
  all: readonly In[],
  patience: Patience,
) => Promise<readonly (Out | Error)[]>

interface Waiting<In, Out> {
  one: In
  settle: PromiseWithResolvers<Out>
}

const largest = 100

/** Several at once, for one may wait for a row that somebody else has locked. */
const lanes = 3

/** How many may wait: whoever comes next is told to come again. */
const mostWaiting = 2_000

/**
 * Takes together what came at the same moment, and while earlier batches were under way. Each fails alone: when a batch does,
 * each of it is tried by itself, but for a database that is away. They are tried one after the other, and none waits long for
 * a lock that the batch waited for in vain: else those that need it would take all connections from everybody else.
 */
export function inBatches<In, Out>(work: Work<In, Out>): (one: In) => Promise<Out> {
  const waiting: Waiting<In, Out>[] = []
  let underWay = 0

  async function settle(
    batch: readonly Waiting<In, Out>[],
    patience: Patience = 'patient',
  ): Promise<void> {
    try {
      const ends = await work(
        batch.map(({ one }) => one),
        patience,
      )
      for (const [nth, end] of ends.entries()) {
        const { resolve, reject } = batch[nth]!.settle
        if (end instanceof Error) reject(end)
        else resolve(end)
      }
    } catch (error) {
      if (batch.length > 1 && !(error instanceof StoreAwayError)) {
        const alone = error instanceof StoreBusyError ? 'impatient' : 'patient'
        for (const one of batch) await settle([one], alone)
      } else {
        for (const { settle } of batch) settle.reject(error)
      }
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) await settle(waiting.splice(0, largest))
    underWay -= 1
  }

  return (one) => {
    if (waiting.length >= mostWaiting) {
      return Promise.reject(new StoreAwayError('Too many wait for the database'))
    }
    const settle = Promise.withResolvers<Out>()
    waiting.push({ one, settle })
    if (underWay < lanes) {
      underWay += 1
      setImmediate(() => void drain())
    }
    return settle.promise
  }
}
