import type { Store } from '../store.ts'
import { openSqlite } from './open.ts'
import { createGroupCommit } from './group-commit.ts'
import { auditOperations } from './operations/audit.ts'
import { exportOperations } from './operations/exports.ts'
import { removalOperations } from './operations/removals.ts'
import { retentionOperations } from './operations/retention.ts'
import { sealedOperations } from './operations/sealed.ts'
import type { SignerOf } from '../signer.ts'
import { tenantOperations } from './operations/tenants.ts'
import { keyOperations } from './operations/keys.ts'
import { siteOperations } from './operations/sites.ts'
import { instanceOperations } from './operations/instance.ts'
import { overviewOperations } from './operations/overview.ts'
import { memberOperations } from './operations/members.ts'
import { itemOperations } from './operations/items.ts'
import { alertOperations } from './operations/alerts.ts'
import { sessionOperations } from './operations/sessions.ts'
import { allowanceOperations } from './operations/allowances.ts'
import { accountOperations } from './operations/accounts.ts'
import { eventOperations } from './operations/events.ts'
import { requestOperations } from './operations/requests.ts'
import { deliveryOperations } from './operations/deliveries.ts'
import { endpointOperations } from './operations/endpoints.ts'
import { feedOperations } from './operations/feed.ts'
import { figureOperations } from './operations/figures.ts'
import { historyOperations } from './operations/history.ts'
import { usageOperations } from './operations/usage.ts'
import { userOperations } from './operations/users.ts'
import { reminderMailOperations } from './operations/reminder-mails.ts'
import { createTools } from './tools.ts'

/** The Store on SQLite: opens and migrates the file, or `:memory:`. `signerOf` signs the copy before a migration. */
export function createSqliteStore(
  path: string,
  signerOf?: SignerOf,
  beforeChange?: () => void,
): Store {
  const client = openSqlite(path, signerOf, beforeChange)
  const tools = createTools(client)
  const group = createGroupCommit(client)
  return {
    ...auditOperations(tools),
    ...sealedOperations(tools),
    ...removalOperations(tools),
    ...exportOperations(tools),
    ...retentionOperations(tools),
    ...tenantOperations(tools),
    ...keyOperations(tools),
    ...siteOperations(tools),
    ...instanceOperations(tools),
    ...memberOperations(tools),
    ...overviewOperations(tools),
    ...itemOperations(tools),
    ...alertOperations(tools),
    ...sessionOperations(tools),
    ...allowanceOperations(tools),
    ...accountOperations(tools),
    ...eventOperations({ ...tools, group }),
    ...requestOperations(tools),
    ...deliveryOperations({ ...tools, client, group }),
    ...endpointOperations(tools),
    ...feedOperations(tools),
    ...figureOperations({ ...tools, client }),
    ...historyOperations({ ...tools, group }),
    ...usageOperations(tools),
    ...userOperations(tools),
    ...reminderMailOperations(tools),
    async close() {
      client.close()
    },
  }
}
