import type { LendQuota } from '../../quota-lending.ts'

/** Bridge's quota, where several servers share a database: there it lies, and is lent to them. */
export interface QuotaStore {
  lendQuota: LendQuota
}
