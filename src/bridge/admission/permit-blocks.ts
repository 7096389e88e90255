import { permitLifeMs, type UnusedPermits } from '../../quota-lending.ts'
import type { Counted } from './permits.ts'

/** Permits at hand, in blocks as they were lent. */
interface PermitBlocks {
  readonly size: number
  /** How many calls may go out. */
  usable(call: Counted, now: number): number
  /** Whether any may, of those that fit. */
  anyUsable(now: number, fits?: (call: Counted) => boolean): boolean
  add(call: Counted, block: { at: number; lent: number }): void
  /**
   * Uses one, which is good until `until`. `isNearEnd`: more of its block were lent, and one alone is left of all, so it is
   * time to ask for more.
   */
  use(call: Counted, now: number): { until: number; isNearEnd: boolean }
  /** Drops what was used up or is over; returns what was not used. */
  drop(isOver: (call: Counted, at: number) => boolean): UnusedPermits[]
}

interface Block {
  at: number
  lent: number
  left: number
}

/** No permits, at first. */
export function createPermitBlocks(): PermitBlocks {
  const held = new Map<string, Counted & { blocks: Block[] }>()

  const lives = ({ at, left }: Block, now: number): boolean => left > 0 && at + permitLifeMs > now

  const usable = (call: Counted, now: number): number =>
    (held.get(nameOf(call))?.blocks ?? []).reduce(
      (sum, block) => sum + (lives(block, now) ? block.left : 0),
      0,
    )

  return {
    get size() {
      return held.size
    },
    usable,
    anyUsable: (now, fits = () => true) =>
      [...held.values()].some((entry) => fits(entry) && usable(entry, now) > 0),
    add({ tenant, key }, { at, lent }) {
      const name = nameOf({ tenant, key })
      const entry = held.get(name) ?? { tenant, key, blocks: [] }
      held.set(name, entry)
      entry.blocks.push({ at, lent, left: lent })
    },
    use(call, now) {
      const block = held.get(nameOf(call))?.blocks.find((one) => lives(one, now))
      if (!block) throw new Error('No permit was lent')
      block.left -= 1
      const isNearEnd = block.lent > 1 && usable(call, now) === 1
      return { until: block.at + permitLifeMs, isNearEnd }
    },
    drop(isOver) {
      const unused: UnusedPermits[] = []
      for (const [name, { tenant, key, blocks }] of held) {
        const stays = blocks.filter(({ at, left }) => left > 0 && !isOver({ tenant, key }, at))
        for (const block of blocks) {
          const { at, left: count } = block
          if (count > 0 && !stays.includes(block)) unused.push({ tenant, key, at, count })
        }
        if (stays.length === 0) held.delete(name)
        else held.set(name, { tenant, key, blocks: stays })
      }
      return unused
    },
  }
}

/** Permits of these are alike. */
export const nameOf = ({ tenant, key }: Counted): string => `${tenant} ${key}`
