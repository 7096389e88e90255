import type { Store } from '../store.ts'
import { openSqlite } from './open.ts'
import { auditOperations } from './operations/audit.ts'
import { instanceOperations } from './operations/instance.ts'
import { itemOperations } from './operations/items.ts'
import { requestOperations } from './operations/requests.ts'
import { tenantOperations } from './operations/tenants.ts'
import { userOperations } from './operations/users.ts'
import { createTools } from './tools.ts'

/** The Store on SQLite: opens and migrates the file, or `:memory:`. */
export function createSqliteStore(path: string): Store {
  const client = openSqlite(path)
  const tools = createTools(client)
  return {
    ...instanceOperations(tools),
    ...tenantOperations(tools),
    ...auditOperations(tools),
    ...userOperations(tools),
    ...requestOperations(tools),
    ...itemOperations(tools),
    close: () => client.close(),
  }
}
