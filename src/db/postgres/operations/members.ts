import { and, asc, eq, inArray, isNotNull, lte, ne, notInArray, notLike, sql } from 'drizzle-orm'
import type { MemberStore, SignOfLife } from '../../ports/members.ts'
import { commandPrefix, settlingMs } from '../../rules/delivery-claims.ts'
import { deliveries, instance, leader, members, workClaims } from '../schema/index.ts'
import { changed, done, type Db, type Tools } from '../tools.ts'
import { orderOfDeliveries } from './locks.ts'
import { endClaims } from './work-claims.ts'

export const databaseTime = sql`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`

/** There is place for any number of members, so nobody is refused. `life` is for who says that it lives. */
export function memberOperations({ run, transaction }: Tools, life: Tools): MemberStore {
  return {
    isShared: true,

    joinMembers: (member, { at, silentSince }) =>
      life.transaction(async (db) => {
        // A member first: what it has in hand already is its own.
        const seen = { ...member, seenAt: at }
        await db.insert(members).values(seen).onConflictDoUpdate({ target: members.id, set: seen })
        await removeSilent(db, member.id, { at, silentSince })
        return undefined
      }),

    async renewMember(id, sign) {
      const { standing, isAnySilent } = await life.run((db) => renew(db, id, sign))
      if (!standing || !isAnySilent) return standing
      return { ...standing, removed: await life.transaction((db) => removeSilent(db, id, sign)) }
    },

    removeMember: (id) =>
      transaction(async (db) => {
        await db.delete(members).where(eq(members.id, id))
        await db.delete(leader).where(eq(leader.memberId, id))
        await endClaims(db, eq(workClaims.claimedBy, id))
      }),

    releaseWork: (work, by) =>
      run((db) =>
        done(endClaims(db, and(eq(workClaims.kind, work), eq(workClaims.claimedBy, by)))),
      ),

    listMembers: () =>
      run((db) => {
        const { id, host, pid, seenAt } = members
        const leads = isNotNull(leader.memberId).mapWith(Boolean)
        return db
          .select({ id, host, pid, seenAt, leads })
          .from(members)
          .leftJoin(leader, eq(leader.memberId, id))
          .orderBy(asc(id))
      }),

    readTime: () =>
      run(async (db) => {
        const { rows } = await db.execute<{ time: string }>(sql`SELECT ${databaseTime} AS time`)
        return Number(rows[0]?.time)
      }),

    probeWrite: (id, at) =>
      run(async (db) => {
        // Its own row, so that no member waits for another: written as it is, for only a renewal says that one lives.
        const isIt = eq(members.id, id)
        const asItIs = { pid: sql`${members.pid}` }
        const isThere = (await changed(db.update(members).set(asItIs).where(isIt))) === 1
        if (!isThere) await db.update(instance).set({ probedAt: at })
      }),
  }
}

/** One statement, for every member says this every few seconds: what is to be done about the silent ones is another. */
async function renew(db: Db, id: string, { at, silentSince, leadUntil }: SignOfLife) {
  const { rows } = await db.execute<{
    said: { isRenewed: boolean; leads: boolean; silent: number; all: number; time: number }
  }>(sql`
    WITH renewed AS (
      UPDATE members SET seen_at = ${at} WHERE id = ${id} RETURNING id
    ), led AS (
      INSERT INTO leader (id, member_id, lead_until) SELECT 1, id, ${leadUntil}::bigint FROM renewed
      ON CONFLICT (id) DO UPDATE SET member_id = excluded.member_id, lead_until = excluded.lead_until
      WHERE leader.member_id = excluded.member_id OR leader.lead_until <= ${at}
      RETURNING id
    )
    SELECT json_build_object(
      'isRenewed', EXISTS (SELECT FROM renewed), 'leads', EXISTS (SELECT FROM led),
      'silent', count(*) FILTER (WHERE id <> ${id} AND seen_at <= ${silentSince}),
      'all', count(*), 'time', ${databaseTime}) AS said
    FROM members`)
  const { isRenewed, leads, silent, all, time } = rows[0]!.said
  if (!isRenewed) return { isAnySilent: false }
  const standing = { living: all - silent, leads, time, removed: [] }
  return { standing, isAnySilent: silent > 0 }
}

/**
 * Removes silent members but for this one, and frees what members had in hand that are none any more. Returns those. All that
 * goes is locked in the order in which others lock it.
 */
async function removeSilent(
  db: Db,
  id: string,
  { at, silentSince }: Pick<SignOfLife, 'at' | 'silentSince'>,
) {
  const { id: name, host, pid } = members
  const silent = db
    .select({ id: name })
    .from(members)
    .where(and(lte(members.seenAt, silentSince), ne(name, id)))
    .orderBy(name)
    .for('update')
  const removed = await db
    .delete(members)
    .where(inArray(name, silent))
    .returning({ id: name, host, pid })
  const living = db.select({ id: name }).from(members)
  await endClaims(db, notInArray(workClaims.claimedBy, living))
  const { claimedBy } = deliveries
  const isOrphaned = and(notInArray(claimedBy, living), notLike(claimedBy, `${commandPrefix}_%`))
  const orphans = db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(isNotNull(deliveries.claimedUntil), isOrphaned))
    .orderBy(...orderOfDeliveries)
    .for('no key update')
  // Who is silent may be frozen, or cut off, and its tries go on: they have their endpoint's slots until they must be over.
  const overAt = sql`greatest(${deliveries.claimedUntil} - ${settlingMs}, ${at})`
  await db
    .update(deliveries)
    .set({
      claimedUntil: sql`nullif(${overAt}, ${at})`,
      claimedBy: null,
      dueAt: overAt,
      scheduleFrom: sql`${deliveries.scheduleFrom} + 1`,
    })
    .where(inArray(deliveries.id, orphans))
  return removed
}
