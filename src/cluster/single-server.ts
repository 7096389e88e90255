import { setTimeout as realWait } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { startLoop, type Loop } from '../loop.ts'
import { DatabaseInUseError } from '../db/store-errors.ts'
import type { Member, MemberStore } from '../db/ports/members.ts'
import { renewMs, silentMs } from './liveness.ts'

/** Where a server runs, and how it learns that another one on its host is dead. */
export interface ProcessIdentity {
  host: string
  pid: number
  isAlive(pid: number): boolean
}

const lookMs = 500

/**
 * Makes this process the one member that a database has place for, for as long as the returned loop runs. That keeps a
 * second server, and a restore, off the database: a predecessor that died on this host is replaced at once; one elsewhere,
 * or one we cannot see, after its silence. `clock` is the real one.
 */
export async function takeDatabase(
  store: MemberStore,
  {
    id,
    identity,
    clock,
    onLost,
    wait = realWait,
  }: {
    id: string
    identity: ProcessIdentity
    clock: Clock
    /** Called once, when we are a member no more: another server took the place. */
    onLost: () => void
    wait?: (ms: number) => Promise<unknown>
  },
): Promise<Loop> {
  const member: Member = { id, host: identity.host, pid: identity.pid }
  let waitedMs = 0 // by no clock: it may be set meanwhile
  let seenFirst: number | undefined
  for (;;) {
    const at = clock.now()
    const other = await store.joinMembers(member, { at, silentSince: at - silentMs })
    if (!other) break
    seenFirst ??= other.seenAt
    // Without a renewal in all that time it is dead, though the clock it was seen by may have been put back since.
    const isOver = waitedMs >= silentMs + renewMs
    const isSilent = isOver && other.seenAt === seenFirst
    if (isSilent || isDead(other, identity)) {
      await store.removeMember(other.id)
    } else if (isOver) {
      throw new DatabaseInUseError(
        `Another bank-api serves this database: process ${other.pid} on ${other.host}.`,
      )
    } else {
      await wait(lookMs)
      waitedMs += lookMs
    }
  }

  let lost = false
  const loop = startLoop({
    tick: async () => {
      if (lost) return false
      const at = clock.now()
      const sign = { at, silentSince: at - silentMs, leadUntil: at + silentMs }
      if (await store.renewMember(id, sign)) return false
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
      await store.removeMember(id)
    },
  }
}

// A container's only process has the same number in every life: our own number means a former life of ours.
const isDead = (other: Member, { host, pid, isAlive }: ProcessIdentity): boolean =>
  other.host === host && (other.pid === pid || !isAlive(other.pid))
