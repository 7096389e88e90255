import { createFairSemaphore } from '../fair-semaphore.ts'

/** How many are worked on at once, and how many of one tenant's, who decide how long their answers take. */
const together = { inAll: 64, ofEach: 16 }

/** Tells one from the others, and whose it is. */
interface Named {
  id: string
  tenantId: string
}

/**
 * Works on each, tenants in turn. With `forMs` no further one is begun once that is over; those whose turn in `turns` was the
 * longest ago come first, so that all have theirs in the end. Resolves with those that were left out.
 */
export async function inTurn<T extends Named>(
  all: readonly T[],
  work: (one: T) => Promise<void>,
  { turns, forMs }: { turns: Set<string>; forMs?: number | undefined },
): Promise<Set<T>> {
  const left = new Set(longestAgo(all, turns))
  const semaphore = createFairSemaphore(together)

  async function workOn(one: T): Promise<void> {
    const { id, tenantId } = one
    const release = await semaphore.acquire(tenantId, forMs)
    if (!release) return
    left.delete(one)
    turns.delete(id)
    turns.add(id)
    try {
      await work(one)
    } finally {
      release()
    }
  }

  await Promise.all([...left].map(workOn))
  return left
}

/** Those that never had a turn first. Forgets the turns of what is gone. */
function longestAgo<T extends Named>(all: readonly T[], turns: Set<string>): T[] {
  const ids = new Set(all.map(({ id }) => id))
  for (const id of turns) if (!ids.has(id)) turns.delete(id)
  const ranks = new Map([...turns].map((id, rank) => [id, rank]))
  const rankOf = ({ id }: T): number => ranks.get(id) ?? -1
  return all.toSorted((a, b) => rankOf(a) - rankOf(b))
}
