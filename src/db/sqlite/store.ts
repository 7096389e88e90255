import type { Store } from '../store.ts'
import { openSqlite } from './open.ts'
import { createGroupCommit } from './group-commit.ts'
import { auditOperations } from './operations/audit.ts'
import { deliveryOperations } from './operations/deliveries.ts'
import { eventOperations } from './operations/events.ts'
import { exportOperations } from './operations/exports.ts'
import { instanceOperations } from './operations/instance.ts'
import { itemOperations } from './operations/items.ts'
import { operateOperations } from './operations/operate.ts'
import { removalOperations } from './operations/removals.ts'
import { requestOperations } from './operations/requests.ts'
import { retentionOperations } from './operations/retention.ts'
import { sealedOperations } from './operations/sealed.ts'
import { tenantOperations } from './operations/tenants.ts'
import { upkeepOperations } from './operations/upkeep.ts'
import { userOperations } from './operations/users.ts'
import type { SignerOf } from './signature.ts'
import { createTools } from './tools.ts'

/** The Store on SQLite: opens and migrates the file, or `:memory:`. `signerOf` signs the copy before a migration. */
export function createSqliteStore(path: string, signerOf?: SignerOf): Store {
  const client = openSqlite(path, signerOf)
  const tools = createTools(client)
  const group = createGroupCommit(client)
  return {
    ...instanceOperations(tools),
    ...tenantOperations(tools),
    ...auditOperations(tools),
    ...userOperations(tools),
    ...requestOperations(tools),
    ...itemOperations(tools),
    ...eventOperations({ ...tools, group }),
    ...deliveryOperations({ ...tools, client, group }),
    ...operateOperations({ ...tools, client, group }),
    ...sealedOperations(tools),
    ...removalOperations(tools),
    ...exportOperations(tools),
    ...retentionOperations(tools),
    ...upkeepOperations(tools),
    close: () => client.close(),
  }
}
