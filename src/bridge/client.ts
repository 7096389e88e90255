import { createApi } from './api.ts'
import type { Call } from './transport/call.ts'
import type { BridgeOptions } from './options.ts'
import { createHttp } from './transport/http.ts'
import type { Payer } from './admission/quota.ts'
import { createAccounts, type Accounts } from './resources/accounts.ts'
import { createCategories, type Categories } from './resources/categories.ts'
import { createConnectSessions, type ConnectSessions } from './resources/connect-sessions.ts'
import { createItems, type Items } from './resources/items.ts'
import { createProviders, type Providers } from './resources/providers.ts'
import { createTransactions, type Transactions } from './resources/transactions.ts'
import { createUsers, type Users } from './resources/users.ts'
import { createSingleFlight } from './transport/single-flight.ts'
import { createTokens } from './session/tokens.ts'

/** The calls, by resource. What Bridge or the network does wrong rejects as a `BridgeError`. */
export interface BridgeResources {
  users: Users
  connectSessions: ConnectSessions
  items: Items
  accounts: Accounts
  transactions: Transactions
  providers: Providers
  categories: Categories
}

export interface BridgeClient extends BridgeResources {
  /**
   * The same calls within one caller's budget: they end when the signal does, and take the payer's turns. Tokens are
   * shared, and so are identical reads at the same moment: what they answer must not be changed.
   */
  within(signal: AbortSignal, payer?: Payer): BridgeResources
  /** Asks for next to nothing, to see whether Bridge is there. Rejects as any call. */
  probe(signal?: AbortSignal): Promise<void>
}

/** The Bridge API 2025-01-15 for one application: typed, retried where safe, one token per user. */
export function createBridgeClient(options: BridgeOptions): BridgeClient {
  const http = createHttp(options)
  const tokens = createTokens({ http, clock: options.clock })
  const singleFlight = createSingleFlight()
  const resources = (signal?: AbortSignal, payer?: Payer): BridgeResources => {
    const { baseUrl, quota } = options
    const api = createApi({ http, tokens, singleFlight, baseUrl, signal, payer, quota })
    return {
      users: createUsers(api),
      connectSessions: createConnectSessions(api),
      items: createItems(api),
      accounts: createAccounts(api),
      transactions: createTransactions(api),
      providers: createProviders(api),
      categories: createCategories(api),
    }
  }
  const probe: Call = {
    method: 'GET',
    route: '/v3/aggregation/categories',
    query: { limit: 1 },
  }
  return {
    ...resources(),
    within: resources,
    probe: (signal) => http.send(probe, undefined, { signal }),
  }
}
