import { and, desc, eq, gt, gte, inArray, max, or, sql } from 'drizzle-orm'
import { when } from '../../conditions.ts'
import type { AuditEntry, AuditStore } from '../../ports/audit.ts'
import type { By } from '../../scope.ts'
import { audit, instance, sites } from '../schema/index.ts'
import { done, first, orNothing, type Db, type Tools } from '../tools.ts'

/** Writes one audit entry inside the transaction at hand; entries of one bucket are counted in one row. */
export async function writeAudit(db: Db, entry: AuditEntry): Promise<void> {
  await db
    .insert(audit)
    .values(entry)
    .onConflictDoUpdate({
      target: [audit.action, audit.actor, audit.subject, audit.bucket],
      targetWhere: sql`bucket IS NOT NULL`,
      set: {
        count: sql`${audit.count} + ${entry.count ?? 1}`,
        at: sql`greatest(${audit.at}, ${entry.at})`,
      },
    })
}

/** The same for a change of what is a tenant's. */
export const noteOfTenant = (
  db: Db,
  tenantId: string,
  { actor, at }: By,
  { action, subject, detail }: { action: string; subject: string; detail?: object },
): Promise<void> => writeAudit(db, { tenantId, actor, at, action, subject, detail: { ...detail } })

/** The same for a change of a site, under the site's name and tenant. */
export async function noteOfSite(
  db: Db,
  siteId: string,
  by: By,
  action: string,
  more: Partial<AuditEntry> = {},
): Promise<void> {
  const site = await first(db.select().from(sites).where(eq(sites.id, siteId)))
  if (!site) return
  const { tenantId, name: subject } = site
  await writeAudit(db, { ...by, tenantId, action, subject, ...more })
}

export function auditOperations({ run, transaction }: Tools): AuditStore {
  const loggedUntil = (db: Db) => first(db.select({ id: instance.auditLogged }).from(instance))

  const unlogged = (db: Db, id: number, limit: number) =>
    db.select().from(audit).where(gt(audit.id, id)).orderBy(audit.id).limit(limit)

  /**
   * Does it when no transaction is under way that wrote an entry: ids are given out before the commit, and one that is smaller
   * than those in the log would be passed over for good. Who writes waits behind this, so it hardly waits itself: else a frozen
   * instance, or who vacuums the table, would hold up everybody.
   */
  const onceSettled = <T>(work: (db: Db) => Promise<T[]>): Promise<T[]> =>
    orNothing(
      transaction(async (db) => {
        await db.execute(sql`LOCK TABLE ${audit} IN SHARE MODE`)
        return work(db)
      }, 'impatient'),
    )

  return {
    audit: (entry) => transaction((db) => writeAudit(db, entry)),

    listUnloggedAudit: async (limit) => {
      const logged = await run(loggedUntil)
      if (!logged) return []
      const { id } = logged
      if (id !== null) {
        const hasNews = (await run((db) => unlogged(db, id, 1))).length > 0
        if (!hasNews) return []
        return onceSettled((db) => unlogged(db, id, limit))
      }
      return onceSettled(async (db) => {
        const [newest] = await db.select({ id: max(audit.id) }).from(audit)
        await db.update(instance).set({ auditLogged: newest?.id ?? 0 })
        return []
      })
    },

    markAuditLogged: (id) => run((db) => done(db.update(instance).set({ auditLogged: id }))),

    listAudit: ({ tenantId, since, action, subjects, limit }) =>
      run((db) =>
        db
          .select()
          .from(audit)
          .where(
            and(
              when(tenantId, (id) => eq(audit.tenantId, id)),
              when(since, (at) => gte(audit.at, at)),
              when(subjects, (some) => inArray(audit.subject, [...some])),
              when(action, (word) =>
                or(eq(audit.action, word), sql`starts_with(${audit.action}, ${`${word}.`})`),
              ),
            ),
          )
          .orderBy(desc(audit.at), desc(audit.id))
          .limit(limit),
      ),
  }
}
