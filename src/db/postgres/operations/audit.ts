import { and, desc, eq, gt, gte, inArray, lte, max, or, sql } from 'drizzle-orm'
import { when } from '../../conditions.ts'
import type { AuditEntry, AuditStore } from '../../ports/audit.ts'
import type { By } from '../../scope.ts'
import { audit, instance, sites } from '../schema/index.ts'
import { done, first, type Db, type Tools } from '../tools.ts'

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

/**
 * Whether a transaction is under way that wrote to the audit: it has this lock to its end. Looked up, not waited for with a lock
 * of our own, which would hold up all who write, and wait for a vacuum.
 */
async function isBeingWritten(db: Db): Promise<boolean> {
  const { rows } = await db.execute(sql`
    SELECT FROM pg_locks WHERE locktype = 'relation' AND relation = 'audit'::regclass
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND mode = 'RowExclusiveLock' AND granted LIMIT 1`)
  return rows.length > 0
}

export function auditOperations({ run, transaction }: Tools): AuditStore {
  const loggedUntil = (db: Db) => first(db.select({ id: instance.auditLogged }).from(instance))

  const newestId = async (db: Db): Promise<number> => {
    const [newest] = await db.select({ id: max(audit.id) }).from(audit)
    return newest?.id ?? 0
  }

  return {
    audit: (entry) => transaction((db) => writeAudit(db, entry)),

    listUnloggedAudit: async (limit) => {
      const logged = await run(loggedUntil)
      if (!logged) return []
      const { id } = logged
      // Ids are given out before the commit: up to this one all are there when nobody is writing after it was read.
      const newest = await run(newestId)
      if (newest === id || (await run(isBeingWritten))) return []
      if (id === null) {
        await run((db) => done(db.update(instance).set({ auditLogged: newest })))
        return []
      }
      const isUnlogged = and(gt(audit.id, id), lte(audit.id, newest))
      return run((db) => db.select().from(audit).where(isUnlogged).orderBy(audit.id).limit(limit))
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
