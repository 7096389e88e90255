import {
  and,
  eq,
  exists,
  gt,
  inArray,
  lte,
  ne,
  notExists,
  notInArray,
  or,
  sql,
  type SQL,
} from 'drizzle-orm'
import type { Claiming, Work } from '../../ports/members.ts'
import { ClaimLostError } from '../../store-errors.ts'
import { members, workClaims } from '../schema/index.ts'
import type { Db } from '../tools.ts'

/** Claims of members one after the other: until the transaction ends nobody else looks for work to claim. */
export async function lockWork(db: Db, at: number): Promise<void> {
  await db.execute(sql`SELECT pg_advisory_xact_lock(hashtext('work_claims'))`)
  const living = db.select({ id: members.id }).from(members)
  const isOver = or(lte(workClaims.claimedUntil, at), notInArray(workClaims.claimedBy, living))
  await db.delete(workClaims).where(isOver)
}

/** Whether no other living member has what the subject names. Asked under `lockWork`. */
export function isFreeFor(db: Db, kind: Work, subject: SQL, { by, at }: Claiming): SQL {
  const living = db.select({ id: members.id }).from(members)
  const others = and(
    eq(workClaims.kind, kind),
    eq(workClaims.subject, subject),
    ne(workClaims.claimedBy, by),
    gt(workClaims.claimedUntil, at),
    inArray(workClaims.claimedBy, living),
  )
  return notExists(
    db
      .select({ one: sql`1` })
      .from(workClaims)
      .where(others),
  )
}

/** Takes what the subjects name, under `lockWork`. */
export async function claimWork(
  db: Db,
  kind: Work,
  subjects: readonly string[],
  { by, until }: Claiming,
): Promise<void> {
  const claims = [...new Set(subjects)].map((subject) => ({
    kind,
    subject,
    claimedBy: by,
    claimedUntil: until,
  }))
  if (claims.length === 0) return
  await db
    .insert(workClaims)
    .values(claims)
    .onConflictDoUpdate({
      target: [workClaims.kind, workClaims.subject],
      set: { claimedBy: by, claimedUntil: until },
    })
}

/** Whether a member has what the subject names, also when its time is over and nobody took it. */
export const hasClaim = (db: Db, kind: Work, subject: SQL, by: string): SQL =>
  exists(
    db
      .select({ one: sql`1` })
      .from(workClaims)
      .where(
        and(
          eq(workClaims.kind, kind),
          eq(workClaims.subject, subject),
          eq(workClaims.claimedBy, by),
        ),
      ),
  )

/** Throws a ClaimLostError unless a member has it. Until the transaction ends nobody takes it away. */
export async function requireClaim(db: Db, kind: Work, subject: string, by: string): Promise<void> {
  const isIt = and(eq(workClaims.kind, kind), eq(workClaims.subject, subject))
  const [claim] = await db
    .select({ by: workClaims.claimedBy })
    .from(workClaims)
    .where(isIt)
    .for('share')
  if (claim?.by !== by) throw new ClaimLostError('Another server has this by now')
}
