import { monotonicClock, type Clock, type FollowingClock } from '../clock.ts'
import type { Member, MemberStore } from '../db/ports/members.ts'
import { minuteMs } from '../durations.ts'
import { isTransient } from '../errors.ts'
import type { Log } from '../logger.ts'
import { startLoop, type Loop } from '../loop.ts'
import { codeOf } from '../terminal/system-errors.ts'
import { renewMs, silentMs } from './liveness.ts'

/**
 * How long the last sign of life lets a server count on its place, and on its lead: for less than the others wait before
 * they strike it off, and before one of them leads.
 */
const leaseMs = silentMs - 2_000

/** A server's place among those that serve the database: gives signs of life until it stops. */
export interface Membership extends Loop {
  /** How many live, this one included, as the last sign of life told. */
  living(): number
  /** Whether the others still count on this one. Who was frozen, or cut off from the database, may have lost its claims. */
  holdsLease(): boolean
  /** Whether this one does what is done once for the installation. */
  leads(): boolean
}

/** Where there are no others. */
export const onlyMember: Pick<Membership, 'living' | 'holdsLease'> = {
  living: () => 1,
  holdsLease: () => true,
}

/** Sets a clock by the database's, where all who use that go by it. */
export async function setByDatabase(
  clock: FollowingClock,
  store: Pick<MemberStore, 'isShared' | 'readTime'>,
): Promise<void> {
  if (!store.isShared) return
  const hear = clock.listen()
  hear(await store.readTime())
}

interface Options {
  member: Member
  /** Follows the database's. */
  clock: FollowingClock
  monotonic?: Clock
  /** Called each time this server begins to lead. */
  onLead: () => void
  log: Log
}

/** How often it is said that the database is still away. */
const repeatMs = minuteMs

/**
 * Makes this process one of many members until it is stopped, by the database's clock alone. One that was struck off, for it
 * was frozen or cut off, joins again under its id, without what it had in hand.
 */
export async function joinOthers(
  store: Pick<MemberStore, 'joinMembers' | 'renewMember' | 'removeMember'>,
  { member, clock, monotonic = monotonicClock, onLead, log }: Options,
): Promise<Membership> {
  let last = { askedAt: Number.NEGATIVE_INFINITY, living: 1, leads: false }
  let silence: { toldAt: number } | undefined
  let hasLead = false
  const holdsLease = () => monotonic.now() - last.askedAt < leaseMs
  const leads = () => last.leads && holdsLease()

  /** Says what changed since it was said last. */
  function tellLead(): void {
    if (leads() === hasLead) return
    hasLead = !hasLead
    log.info({ member: member.id }, hasLead ? 'this server leads' : 'this server leads no more')
    if (hasLead) onLead()
  }

  function tellSilence(err: unknown): boolean {
    tellLead()
    const now = monotonic.now()
    if (silence && now - silence.toldAt < repeatMs) return false
    silence = { toldAt: now }
    const away = isTransient(err) && `the database is away: ${reasonOf(err)}`
    log.error({ err, member: member.id }, away || 'no sign of life')
    return false
  }

  async function renew(): Promise<boolean> {
    tellLead() // lost by a silence, and perhaps ours again at once
    const askedAt = monotonic.now()
    const hear = clock.listen()
    const at = clock.now()
    // When the database was away for all, the first to be back would take the others for dead: who was silent judges nobody.
    const silentSince = holdsLease() ? at - silentMs : 0
    const standing = await store.renewMember(member.id, {
      at,
      silentSince,
      leadUntil: at + silentMs,
    })
    if (silence) log.info({ member: member.id }, 'the database is back')
    silence = undefined
    if (!standing) {
      await store.joinMembers(member, { at, silentSince: 0 })
      log.warn({ member: member.id }, 'struck off for its silence: this server joined again')
      return true
    }
    hear(standing.time)
    last = { askedAt, living: standing.living, leads: standing.leads }
    for (const { id, host, pid } of standing.removed) {
      log.warn({ member: id, host, pid }, 'a silent server was struck off: its work goes on here')
    }
    tellLead()
    return false
  }

  const at = clock.now()
  await store.joinMembers(member, { at, silentSince: at - silentMs })
  await renew()
  const loop = startLoop({
    tick: () => renew().catch(tellSilence),
    idleMs: renewMs,
    onError: tellSilence,
  })
  return {
    ...loop,
    living: () => last.living,
    holdsLease,
    leads,
    async stop() {
      await loop.stop()
      // Then others have its lead and its work at once. Without a database they learn it by the silence.
      await store.removeMember(member.id).catch((err: unknown) => {
        log.warn({ err, member: member.id }, 'left without a word')
      })
    },
  }
}

/** What it comes from at last: the server's own words, or the machine's. */
function reasonOf(error: Error): string {
  let last = error
  while (last.cause instanceof Error) last = last.cause
  return last.message || codeOf(last)
}
