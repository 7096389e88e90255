import type { By } from '../scope.ts'

export interface Tenant {
  id: string
  name: string
  createdAt: number
  disabledAt: number | null
}

export interface TenantStore {
  /** @throws ConflictError when the name is taken, or one that folds alike */
  createTenant(tenant: { id: string; name: string }, by: By): Promise<Tenant>
  /** The tenant of exactly that name, else of one that folds alike. @throws AmbiguousNameError */
  findTenant(name: string): Promise<Tenant | undefined>
  listTenants(): Promise<Tenant[]>
  /** Stops, or lets work again, all keys of the tenant. */
  setTenantDisabled(tenantId: string, disabled: boolean, by: By): Promise<Tenant>
  /** How many sites and users there are under the tenant, those being deleted too. */
  countHeld(tenantId: string): Promise<{ sites: number; users: number }>
}
