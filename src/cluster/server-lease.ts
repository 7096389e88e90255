import { setTimeout as realWait } from 'node:timers/promises'
import type { Clock, Ids } from '../clock.ts'
import { startLoop, type Loop } from '../loop.ts'
import { DatabaseInUseError } from '../db/store-errors.ts'
import type { ServerLife } from '../db/ports/members.ts'
import type { Store } from '../db/store.ts'

/** Where a server runs, and how it learns that another one on its host is dead. */
export interface ProcessIdentity {
  host: string
  pid: number
  isAlive(pid: number): boolean
}

const renewMs = 3_000
const leaseMs = 10_000
const lookMs = 500

/**
 * Keeps a second server, and a restore, off this database for as long as the returned loop runs. A predecessor that died
 * on this host is replaced at once; one elsewhere, or one we cannot see, after its lease ran out. `clock` is the real one.
 */
export async function holdDatabase(
  store: Store,
  {
    place,
    clock,
    ids,
    onLost,
    wait = realWait,
  }: {
    place: ProcessIdentity
    clock: Clock
    ids: Ids
    /** Called once, when another server took the database. */
    onLost: () => void
    wait?: (ms: number) => Promise<unknown>
  },
): Promise<Loop> {
  const life: ServerLife = { serverId: ids.next('srv'), host: place.host, pid: place.pid }
  let waitedMs = 0 // by no clock: it may be set meanwhile
  let seenFirst: number | undefined
  for (;;) {
    const at = clock.now()
    const holder = await store.claimServer(life, { at, staleBefore: at - leaseMs })
    if (!holder) break
    seenFirst ??= holder.seenAt
    // Without a renewal in all that time it is dead, though the clock it was seen by may have been put back since.
    const isOver = waitedMs >= leaseMs + renewMs
    const isSilent = isOver && holder.seenAt === seenFirst
    if (isSilent || isDead(holder, place)) {
      await store.releaseServer(holder.serverId)
    } else if (isOver) {
      throw new DatabaseInUseError(
        `Another bank-api serves this database: process ${holder.pid} on ${holder.host}.`,
      )
    } else {
      await wait(lookMs)
      waitedMs += lookMs
    }
  }

  let lost = false
  const loop = startLoop({
    tick: async () => {
      if (lost || (await store.renewServer(life.serverId, clock.now()))) return false
      lost = true
      onLost()
      return false
    },
    idleMs: renewMs,
    onError: () => {}, // a locked database: the next renewal is three seconds away
  })
  return {
    ...loop,
    async stop() {
      await loop.stop()
      await store.releaseServer(life.serverId)
    },
  }
}

// A container's only process has the same number in every life: our own number means a former life of ours.
const isDead = (holder: ServerLife, { host, pid, isAlive }: ProcessIdentity): boolean =>
  holder.host === host && (holder.pid === pid || !isAlive(holder.pid))
