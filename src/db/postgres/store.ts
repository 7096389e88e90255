import type { Store } from '../store.ts'
import { createPool, openPostgres, type PostgresOptions } from './open.ts'
import { accountOperations } from './operations/accounts.ts'
import { alertOperations } from './operations/alerts.ts'
import { sessionOperations } from './operations/sessions.ts'
import { allowanceOperations } from './operations/allowances.ts'
import { auditOperations } from './operations/audit.ts'
import { deliveryOperations } from './operations/deliveries.ts'
import { endpointOperations } from './operations/endpoints.ts'
import { eventOperations } from './operations/events.ts'
import { exportOperations } from './operations/exports.ts'
import { feedOperations } from './operations/feed.ts'
import { figureOperations } from './operations/figures.ts'
import { historyOperations } from './operations/history.ts'
import { instanceOperations } from './operations/instance.ts'
import { itemOperations } from './operations/items.ts'
import { keyOperations } from './operations/keys.ts'
import { overviewOperations } from './operations/overview.ts'
import { memberOperations } from './operations/members.ts'
import { quotaOperations } from './operations/quota.ts'
import { reminderMailOperations } from './operations/reminder-mails.ts'
import { removalOperations } from './operations/removals.ts'
import { requestOperations } from './operations/requests.ts'
import { retentionOperations } from './operations/retention.ts'
import { sealedOperations } from './operations/sealed.ts'
import { siteOperations } from './operations/sites.ts'
import { tenantOperations } from './operations/tenants.ts'
import { usageOperations } from './operations/usage.ts'
import { userOperations } from './operations/users.ts'
import { type Connections, createTools } from './tools.ts'

/** The Store on PostgreSQL: connects and migrates. Throws when that is impossible, with PostgreSQL's own reason. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const work = Math.max(1, options.poolSize - 1)
  const pool = await openPostgres({ ...options, poolSize: work })
  return createPostgresStore(pool, createPool({ ...options, poolSize: 1 }))
}

type Pool = Connections & { end(): Promise<void> }

/**
 * The Store on PostgreSQL, over a pool whose database is migrated. Signs of life need not wait for work that has the whole
 * pool: with a pool of their own nobody takes a busy server for dead.
 */
export function createPostgresStore(pool: Pool, poolOfLife: Pool = pool): Store {
  const tools = createTools(pool)
  const pools = [...new Set([pool, poolOfLife])]
  let closed: Promise<unknown> | undefined
  return {
    ...accountOperations(tools),
    ...alertOperations(tools),
    ...sessionOperations(tools),
    ...allowanceOperations(tools),
    ...auditOperations(tools),
    ...deliveryOperations(tools),
    ...endpointOperations(tools),
    ...eventOperations(tools),
    ...exportOperations(tools),
    ...feedOperations(tools),
    ...figureOperations(tools),
    ...historyOperations(tools),
    ...instanceOperations(tools),
    ...itemOperations(tools),
    ...keyOperations(tools),
    ...overviewOperations(tools),
    ...memberOperations(tools, createTools(poolOfLife)),
    ...reminderMailOperations(tools),
    ...removalOperations(tools),
    ...requestOperations(tools),
    ...retentionOperations(tools),
    ...sealedOperations(tools),
    ...siteOperations(tools),
    ...tenantOperations(tools),
    ...usageOperations(tools),
    ...userOperations(tools),
    quota: quotaOperations(tools),
    async close() {
      await (closed ??= Promise.all(pools.map((one) => one.end())))
    },
  }
}
