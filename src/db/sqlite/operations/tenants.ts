import { count, eq } from 'drizzle-orm'
import { foldName } from '../../../names.ts'
import type { TenantStore } from '../../ports/tenants.ts'
import { chosenByName } from '../../rules/name-choice.ts'
import { AmbiguousNameError, ConflictError } from '../../store-errors.ts'
import { bridgeUsers, sites, tenants } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { noteOfTenant } from './audit.ts'

export function tenantOperations({ db, read, write }: Tools): TenantStore {
  /** Tenants are few, and named at the command line alone: no index for that. */
  const tenantsLike = (name: string) => {
    const folded = foldName(name)
    return db
      .select()
      .from(tenants)
      .all()
      .filter((tenant) => foldName(tenant.name) === folded)
  }

  return {
    createTenant: ({ id, name }, by) =>
      write(() => {
        const [taken] = tenantsLike(name)
        if (taken) throw new ConflictError(`There is a tenant named ${taken.name} already`)
        const tenant = { id, name, createdAt: by.at, disabledAt: null }
        db.insert(tenants).values(tenant).run()
        noteOfTenant(db, id, by, { action: 'tenant.created', subject: name })
        return tenant
      }),

    findTenant: (name) =>
      read(() => {
        const choice = chosenByName(name, tenantsLike(name))
        if (choice.kind === 'ambiguous') throw new AmbiguousNameError('tenant')
        return choice.kind === 'one' ? choice.row : undefined
      }),

    listTenants: () => read(() => db.select().from(tenants).orderBy(tenants.name).all()),

    setTenantDisabled: (tenantId, disabled, by) =>
      write(() => {
        const tenant = db.select().from(tenants).where(eq(tenants.id, tenantId)).get()
        if (!tenant) throw new Error(`No tenant ${tenantId} to change`)
        if ((tenant.disabledAt !== null) === disabled) return tenant
        const action = disabled ? 'tenant.disabled' : 'tenant.enabled'
        noteOfTenant(db, tenantId, by, { action, subject: tenant.name })
        return db
          .update(tenants)
          .set({ disabledAt: disabled ? by.at : null })
          .where(eq(tenants.id, tenantId))
          .returning()
          .get()
      }),

    countHeld: (tenantId) =>
      read(() => {
        const ofTenant = eq(sites.tenantId, tenantId)
        const users = db
          .select({ count: count() })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .where(ofTenant)
          .get()
        const held = db.select({ count: count() }).from(sites).where(ofTenant).get()
        return { sites: held?.count ?? 0, users: users?.count ?? 0 }
      }),
  }
}
