import { and, asc, eq, isNotNull, isNull, lte, ne, notInArray, or, sql } from 'drizzle-orm'
import type { MemberStore } from '../../ports/members.ts'
import { deliveries, instance, members } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'

/** There is place for any number of members, so nobody is refused. */
export function memberOperations({ run, transaction }: Tools): MemberStore {
  return {
    joinMembers: (member, { at, silentSince }) =>
      transaction(async (db) => {
        const isSilent = and(lte(members.seenAt, silentSince), ne(members.id, member.id))
        await db.delete(members).where(isSilent)
        const seen = { ...member, seenAt: at }
        await db.insert(members).values(seen).onConflictDoUpdate({ target: members.id, set: seen })
        await freeOrphanedClaims(db, at)
        return undefined
      }),

    renewMember: (id, at) =>
      run(async (db) => {
        const renewed = await db.update(members).set({ seenAt: at }).where(eq(members.id, id))
        return renewed.rowCount === 1
      }),

    removeMember: (id) =>
      run(async (db) => {
        await db.delete(members).where(eq(members.id, id))
      }),

    listMembers: () => run((db) => db.select().from(members).orderBy(asc(members.id))),

    probeWrite: (at) =>
      run(async (db) => {
        await db.update(instance).set({ probedAt: at })
      }),
  }
}

/** Deliveries that nobody has in hand who is a member: they are due again as if never claimed. */
async function freeOrphanedClaims(db: Db, at: number): Promise<void> {
  const living = db.select({ id: members.id }).from(members)
  const isOrphaned = or(isNull(deliveries.claimedBy), notInArray(deliveries.claimedBy, living))
  await db
    .update(deliveries)
    .set({
      claimedUntil: null,
      claimedBy: null,
      dueAt: at,
      scheduleFrom: sql`${deliveries.scheduleFrom} + 1`,
    })
    .where(and(isNotNull(deliveries.claimedUntil), isOrphaned))
}
