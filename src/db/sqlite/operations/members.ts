import {
  and,
  eq,
  isNotNull,
  isNull,
  ne,
  notExists,
  notInArray,
  notLike,
  or,
  sql,
  type Placeholder,
  type SQL,
} from 'drizzle-orm'
import { leastJumpMs, systemClock } from '../../../clock.ts'
import type { Member, MemberStore, SeenMember } from '../../ports/members.ts'
import { commandPrefix } from '../../rules/delivery-claims.ts'
import { deliveries, instance } from '../schema/index.ts'
import { ClaimLostError } from '../../store-errors.ts'
import type { Tools } from '../tools.ts'
import { moveTimes } from './clock.ts'

/** One file has one server: the row of the installation names it. */
export function memberOperations({ db, read, write }: Tools): MemberStore {
  return {
    isShared: false,

    joinMembers: (member, { at, silentSince }) =>
      write(() => {
        const row = db.select().from(instance).get()
        const there = row && toMember(row)
        if (there && there.seenAt > silentSince && there.id !== member.id) return there
        if (row && row.serverId !== member.id) {
          releaseOrphanedClaims(db, { living: [member.id], seenAt: row.serverSeenAt, at })
        }
        db.update(instance)
          .set({ ...toRow(member), serverSeenAt: at })
          .run()
        return undefined
      }),

    renewMember: (id, { at }) =>
      write(() => {
        const isIt = eq(instance.serverId, id)
        const renewed = db.update(instance).set({ serverSeenAt: at }).where(isIt).run()
        if (renewed.changes === 0) return undefined
        return { living: 1, leads: true, removed: [], time: at }
      }),

    removeMember: (id) =>
      write(() => {
        // When it was seen stays: the next one tells by it whether the clock was put back.
        db.update(instance)
          .set({ serverId: null, serverHost: null, serverPid: null })
          .where(eq(instance.serverId, id))
          .run()
      }),

    // Its place is the claim.
    releaseWork: () => Promise.resolve(),

    listMembers: () =>
      read(() => {
        const row = db.select().from(instance).get()
        const member = row && toMember(row)
        return member ? [{ ...member, leads: true }] : []
      }),

    readTime: () => Promise.resolve(systemClock.now()),

    probeWrite: (_id, at) =>
      write(() => {
        db.update(instance).set({ probedAt: at }).run()
      }),
  }
}

/**
 * What servers left that are none of the `living` ones: deliveries they had in hand, which are due again as if never
 * claimed, and times of a clock that was put back since the last of them was `seenAt`.
 */
function releaseOrphanedClaims(
  db: Tools['db'],
  { living, seenAt, at }: { living: readonly string[]; seenAt: number | null; at: number },
): void {
  if (seenAt !== null && seenAt - at > leastJumpMs) moveTimes(db, at - seenAt, at)
  const { claimedBy } = deliveries
  const isOrphaned = or(
    isNull(claimedBy),
    and(notInArray(claimedBy, [...living]), notLike(claimedBy, `${commandPrefix}_%`)),
  )
  db.update(deliveries)
    .set({
      claimedUntil: null,
      claimedBy: null,
      dueAt: at,
      scheduleFrom: sql`${deliveries.scheduleFrom} + 1`,
    })
    .where(and(isNotNull(deliveries.claimedUntil), isOrphaned))
    .run()
}

const toRow = ({ id, host, pid }: Member) => ({ serverId: id, serverHost: host, serverPid: pid })

/** The member that the row names; undefined when it names none. */
function toMember(row: typeof instance.$inferSelect): SeenMember | undefined {
  const { serverId: id, serverHost: host, serverPid: pid, serverSeenAt } = row
  if (!id || host === null || pid === null) return undefined
  return { id, host, pid, seenAt: serverSeenAt ?? 0 }
}

/** Throws a ClaimLostError when a server has the database that is not this one. */
export function requirePlace(db: Tools['db'], id: string): void {
  const row = db.select({ serverId: instance.serverId }).from(instance).get()
  if (row?.serverId && row.serverId !== id) {
    throw new ClaimLostError('Another server has this database by now')
  }
}

/**
 * Whether no server but this one has the database: then what waits to be done is its alone, and the claim of it costs no
 * commit. While no server runs, it is anybody's.
 */
export const isFreeFor = (db: Tools['db'], id: SQL | Placeholder): SQL =>
  notExists(
    db
      .select({ other: sql`1` })
      .from(instance)
      .where(and(isNotNull(instance.serverId), ne(instance.serverId, id))),
  )
