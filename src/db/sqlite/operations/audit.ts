import { and, desc, eq, gt, gte, inArray, max, or, sql } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { AuditEntry, AuditStore } from '../../ports/audit.ts'
import type { By } from '../../scope.ts'
import { audit, instance, sites } from '../schema/index.ts'
import { prepared, type Tools } from '../tools.ts'

/** Writes one audit entry inside the transaction at hand; entries of one bucket are counted in one row. */
export function writeAudit(db: Tools['db'], entry: AuditEntry): void {
  db.insert(audit)
    .values(entry)
    .onConflictDoUpdate({
      target: [audit.action, audit.actor, audit.subject, audit.bucket],
      targetWhere: sql`bucket IS NOT NULL`,
      set: { count: sql`${audit.count} + ${entry.count ?? 1}`, at: entry.at },
    })
    .run()
}

/** The same for a change of what is a tenant's. */
export function noteOfTenant(
  db: Tools['db'],
  tenantId: string,
  { actor, at }: By,
  { action, subject, detail }: { action: string; subject: string; detail?: object },
): void {
  writeAudit(db, { tenantId, actor, at, action, subject, detail: { ...detail } })
}

/** The same for a change of a site, under the site's name and tenant. */
export function noteOfSite(
  db: Tools['db'],
  siteId: string,
  by: By,
  action: string,
  more: Partial<AuditEntry> = {},
): void {
  const site = db.select().from(sites).where(eq(sites.id, siteId)).get()
  if (!site) return
  const { tenantId, name: subject } = site
  writeAudit(db, { ...by, tenantId, action, subject, ...more })
}

const loggedUntil = prepared((db) =>
  db.select({ id: instance.auditLogged }).from(instance).prepare(),
)
const unlogged = prepared((db) =>
  db
    .select()
    .from(audit)
    .where(gt(audit.id, given('id')))
    .orderBy(audit.id)
    .limit(given('limit'))
    .prepare(),
)

export function auditOperations({ db, read, write }: Tools): AuditStore {
  return {
    audit: (entry) => write(() => writeAudit(db, entry)),

    listUnloggedAudit: async (limit) => {
      const logged = await read(() => loggedUntil(db).get())
      if (!logged) return []
      if (logged.id === null) {
        await write(() => {
          const newest = db
            .select({ id: max(audit.id) })
            .from(audit)
            .get()
          db.update(instance)
            .set({ auditLogged: newest?.id ?? 0 })
            .run()
        })
        return []
      }
      return read(() => unlogged(db).all({ id: logged.id, limit }))
    },

    markAuditLogged: (id) =>
      write(() => {
        db.update(instance).set({ auditLogged: id }).run()
      }),

    listAudit: ({ tenantId, since, action, subjects, limit }) =>
      read(() =>
        db
          .select()
          .from(audit)
          .where(
            and(
              tenantId === undefined ? undefined : eq(audit.tenantId, tenantId),
              since === undefined ? undefined : gte(audit.at, since),
              subjects && inArray(audit.subject, [...subjects]),
              action === undefined
                ? undefined
                : or(eq(audit.action, action), sql`${audit.action} GLOB ${`${action}.*`}`),
            ),
          )
          .orderBy(desc(audit.at), desc(audit.id))
          .limit(limit)
          .all(),
      ),
  }
}
