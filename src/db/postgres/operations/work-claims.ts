import { and, eq, gt, inArray, ne, notExists, sql, type SQL } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { Claiming, Work } from '../../ports/members.ts'
import { ClaimLostError } from '../../store-errors.ts'
import { members, workClaims } from '../schema/index.ts'
import type { Db } from '../tools.ts'

/** Claims of members one after the other: until the transaction ends nobody else looks for work to claim. */
export const lockWork = (db: Db) =>
  db.execute(sql`SELECT pg_advisory_xact_lock(hashtext('work_claims'))`)

/** A Claiming that a prepared statement is given. */
export const givenClaiming = { by: given('by'), at: given('at') }

/** Whether no other living member has what the subject names. Asked under `lockWork`. */
export function isFreeFor(
  db: Db,
  kind: Work,
  subject: SQL,
  { by, at }: Pick<Claiming, 'by' | 'at'> | typeof givenClaiming,
): SQL {
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

/** Takes what the subjects name, under `lockWork`. There is one at least. */
export const claimWork = (
  db: Db,
  kind: Work,
  subjects: readonly string[],
  { by: claimedBy, until: claimedUntil }: Claiming,
) =>
  db
    .insert(workClaims)
    .values(
      [...new Set(subjects)]
        .toSorted()
        .map((subject) => ({ kind, subject, claimedBy, claimedUntil })),
    )
    .onConflictDoUpdate({
      target: [workClaims.kind, workClaims.subject],
      set: { claimedBy, claimedUntil },
    })

/** Gives claims up, locked in the order in which all lock them. */
export const endClaims = (db: Db, which: SQL | undefined) => {
  const { kind, subject } = workClaims
  const locked = db
    .select({ kind, subject })
    .from(workClaims)
    .where(which)
    .orderBy(kind, subject)
    .for('update')
  return db.delete(workClaims).where(sql`(${kind}, ${subject}) IN ${locked}`)
}

/** Which member has what each subject names, also when its time is over. Until the transaction ends nobody takes it away. */
export async function claimsOf(
  db: Db,
  kind: Work,
  subjects: readonly string[],
): Promise<Map<string, string>> {
  const { subject, claimedBy } = workClaims
  const claims = await db
    .select({ subject, claimedBy })
    .from(workClaims)
    .where(and(eq(workClaims.kind, kind), inArray(subject, [...subjects])))
    .orderBy(subject)
    .for('share')
  return new Map(claims.map((claim) => [claim.subject, claim.claimedBy]))
}

/** Throws a ClaimLostError unless a member has it. Until the transaction ends nobody takes it away. */
export async function requireClaim(db: Db, kind: Work, subject: string, by: string): Promise<void> {
  const claims = await claimsOf(db, kind, [subject])
  if (claims.get(subject) !== by) throw new ClaimLostError('Another server has this by now')
}
