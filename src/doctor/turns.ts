import { createFairQueue } from '../bridge/admission/fair-queue.ts'

/** How many are worked on at once, and how many of one tenant's, who decide how long their answers take. */
const together = { inAll: 64, ofTenant: 16 }

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
  const queue = createFairQueue<T>()
  for (const one of left) queue.add([one.tenantId], one)
  const running = new Map<string, number>()
  const isFree = ([tenant = '']: readonly string[]): boolean =>
    (running.get(tenant) ?? 0) < together.ofTenant
  let isOver = false
  const timer = forMs === undefined ? undefined : setTimeout(() => (isOver = true), forMs)

  const next = (): T | undefined => (isOver ? undefined : queue.take(isFree))

  /** Ends as well when all that waits is of tenants whose share is taken: those who work on it go on with the rest. */
  async function lane(): Promise<void> {
    for (let one = next(); one; one = next()) {
      const { id, tenantId } = one
      left.delete(one)
      turns.delete(id)
      turns.add(id)
      running.set(tenantId, (running.get(tenantId) ?? 0) + 1)
      try {
        await work(one)
      } finally {
        running.set(tenantId, (running.get(tenantId) ?? 1) - 1)
      }
    }
  }

  try {
    await Promise.all(Array.from({ length: together.inAll }, lane))
  } finally {
    clearTimeout(timer)
  }
  return left
}

/** Those that never had a turn first. Forgets the turns of what is gone. */
function longestAgo<T extends Named>(all: readonly T[], turns: Set<string>): T[] {
  const ids = new Set(all.map(({ id }) => id))
  for (const id of turns) if (!ids.has(id)) turns.delete(id)
  const places = new Map([...turns].map((id, place) => [id, place]))
  const placeOf = ({ id }: T): number => places.get(id) ?? -1
  return all.toSorted((a, b) => placeOf(a) - placeOf(b))
}
