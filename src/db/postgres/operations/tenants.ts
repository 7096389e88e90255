import { count, eq, sql } from 'drizzle-orm'
import { foldName } from '../../../names.ts'
import type { TenantStore } from '../../ports/tenants.ts'
import { chosenByName } from '../../rules/name-choice.ts'
import { AmbiguousNameError, ConflictError } from '../../store-errors.ts'
import { bridgeUsers, sites, tenants } from '../schema/index.ts'
import type { Db, Tools } from '../tools.ts'
import { noteOfTenant } from './audit.ts'
import { lockTenant } from './locks.ts'

/** Tenants are few, and named at the command line alone: no index for that. */
async function tenantsLike(db: Db, name: string) {
  const folded = foldName(name)
  const all = await db.select().from(tenants)
  return all.filter((tenant) => foldName(tenant.name) === folded)
}

export function tenantOperations({ run, transaction }: Tools): TenantStore {
  return {
    createTenant: ({ id, name }, by) =>
      transaction(async (db) => {
        // No row to lock stands for a name that nobody has yet.
        await db.execute(sql`LOCK TABLE ${tenants} IN SHARE ROW EXCLUSIVE MODE`)
        const [taken] = await tenantsLike(db, name)
        if (taken) throw new ConflictError(`There is a tenant named ${taken.name} already`)
        const tenant = { id, name, createdAt: by.at, disabledAt: null }
        await db.insert(tenants).values(tenant)
        await noteOfTenant(db, id, by, { action: 'tenant.created', subject: name })
        return tenant
      }),

    findTenant: (name) =>
      run(async (db) => {
        const choice = chosenByName(name, await tenantsLike(db, name))
        if (choice.kind === 'ambiguous') throw new AmbiguousNameError('tenant')
        return choice.kind === 'one' ? choice.row : undefined
      }),

    listTenants: () => run((db) => db.select().from(tenants).orderBy(tenants.name)),

    setTenantDisabled: (tenantId, disabled, by) =>
      transaction(async (db) => {
        const tenant = await lockTenant(db, tenantId)
        if (!tenant) throw new Error(`No tenant ${tenantId} to change`)
        if ((tenant.disabledAt !== null) === disabled) return tenant
        const disabledAt = disabled ? by.at : null
        await db.update(tenants).set({ disabledAt }).where(eq(tenants.id, tenantId))
        const action = disabled ? 'tenant.disabled' : 'tenant.enabled'
        await noteOfTenant(db, tenantId, by, { action, subject: tenant.name })
        return { ...tenant, disabledAt }
      }),

    countHeld: (tenantId) =>
      run(async (db) => {
        const [held] = await db
          .select({
            sites: sql`count(DISTINCT ${sites.id})`.mapWith(Number),
            users: count(bridgeUsers.id),
          })
          .from(sites)
          .leftJoin(bridgeUsers, eq(bridgeUsers.siteId, sites.id))
          .where(eq(sites.tenantId, tenantId))
        return { sites: held?.sites ?? 0, users: held?.users ?? 0 }
      }),
  }
}
