import type { Store } from '../store.ts'
import { openPostgres, type PostgresOptions } from './open.ts'
import { accountOperations } from './operations/accounts.ts'
import { alertOperations } from './operations/alerts.ts'
import { allowanceOperations } from './operations/allowances.ts'
import { auditOperations } from './operations/audit.ts'
import { deliveryOperations } from './operations/deliveries.ts'
import { endpointOperations } from './operations/endpoints.ts'
import { eventOperations } from './operations/events.ts'
import { exportOperations } from './operations/exports.ts'
import { figureOperations } from './operations/figures.ts'
import { historyOperations } from './operations/history.ts'
import { instanceOperations } from './operations/instance.ts'
import { itemOperations } from './operations/items.ts'
import { keyOperations } from './operations/keys.ts'
import { memberOperations } from './operations/members.ts'
import { quotaOperations } from './operations/quota.ts'
import { reminderOperations } from './operations/reminders.ts'
import { removalOperations } from './operations/removals.ts'
import { requestOperations } from './operations/requests.ts'
import { retentionOperations } from './operations/retention.ts'
import { sealedOperations } from './operations/sealed.ts'
import { siteOperations } from './operations/sites.ts'
import { tenantOperations } from './operations/tenants.ts'
import { userOperations } from './operations/users.ts'
import { type Connections, createTools } from './tools.ts'

/** The Store on PostgreSQL: connects and migrates. Throws when that is impossible, with PostgreSQL's own reason. */
export const openPostgresStore = async (options: PostgresOptions): Promise<Store> =>
  createPostgresStore(await openPostgres(options))

/** The Store on PostgreSQL, over a pool whose database is migrated. */
export function createPostgresStore(pool: Connections & { end(): Promise<void> }): Store {
  const tools = createTools(pool)
  let closed: Promise<void> | undefined
  return {
    ...accountOperations(tools),
    ...alertOperations(tools),
    ...allowanceOperations(tools),
    ...auditOperations(tools),
    ...deliveryOperations(tools),
    ...endpointOperations(tools),
    ...eventOperations(tools),
    ...exportOperations(tools),
    ...figureOperations(tools),
    ...historyOperations(tools),
    ...instanceOperations(tools),
    ...itemOperations(tools),
    ...keyOperations(tools),
    ...memberOperations(tools),
    ...reminderOperations(tools),
    ...removalOperations(tools),
    ...requestOperations(tools),
    ...retentionOperations(tools),
    ...sealedOperations(tools),
    ...siteOperations(tools),
    ...tenantOperations(tools),
    ...userOperations(tools),
    quota: quotaOperations(tools),
    close: () => (closed ??= pool.end()),
  }
}
