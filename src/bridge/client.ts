import type { Dispatcher } from 'undici'
import { createApi } from './api.ts'
import type { Breaker } from './admission/breaker.ts'
import type { BridgeTime } from './session/bridge-time.ts'
import type { Call } from './transport/call.ts'
import type { Clock } from '../clock.ts'
import type { CredentialsWatch } from './session/credentials-watch.ts'
import { createHttp } from './transport/http.ts'
import type { Payer, Quota } from './admission/quota.ts'
import { createAccounts, type Accounts } from './resources/accounts.ts'
import { createCategories, type Categories } from './resources/categories.ts'
import { createConnectSessions, type ConnectSessions } from './resources/connect-sessions.ts'
import { createItems, type Items } from './resources/items.ts'
import { createProviders, type Providers } from './resources/providers.ts'
import { createTransactions, type Transactions } from './resources/transactions.ts'
import { createUsers, type Users } from './resources/users.ts'
import { createSingleFlight } from './transport/single-flight.ts'
import { createTokens } from './session/tokens.ts'

export interface BridgeOptions {
  /** An origin, without `/v3`. */
  baseUrl: string
  clientId: string
  clientSecret: string
  /** undici's: a Pool in production, a double in tests. Whoever made it closes it. */
  dispatcher: Dispatcher
  clock: Clock
  /** A number in [0, 1), for the jitter between tries. */
  random?: () => number
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Hears of each attempt, for log and metrics: never a token, never a query. */
  onCall?: (call: BridgeCall) => void
  /** For one attempt, body included. Default 10,000. */
  timeoutMs?: number
  /** Whose turn it is; without one, calls go out as they come. */
  quota?: Quota
  /** Without one, Bridge is tried however often it failed. */
  breaker?: Breaker
  /** Hears whether Bridge takes our credentials. */
  credentials?: CredentialsWatch
  /** Hears what time it is at Bridge. */
  time?: Pick<BridgeTime, 'heard'>
}

export interface BridgeCall {
  method: string
  /** With `{id}` for ids, so that metrics can group by it. */
  route: string
  /** Undefined when no answer came. */
  status: number | undefined
  durationMs: number
  /** 1 for the first try. */
  attempt: number
  /** The error's name, when the attempt failed. */
  error?: string
}

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
