import { createHmac } from 'node:crypto'
import { http, HttpResponse, type RequestHandler } from 'msw'
import type { Dispatcher } from 'undici'
import { createMovableClock, type Clock } from '../../src/clock.ts'
import { toText } from '../../src/bridge/fields.ts'
import type { Account } from '../../src/bridge/resources/accounts.ts'
import type { Category } from '../../src/bridge/resources/categories.ts'
import type { Item } from '../../src/bridge/resources/items.ts'
import type { Provider } from '../../src/bridge/resources/providers.ts'
import type { Transaction } from '../../src/bridge/resources/transactions.ts'
import type { User } from '../../src/bridge/resources/user.ts'
import { createMswDispatcher } from './msw-dispatcher.ts'

/** Where tests point the client: a `.test` host, so that what escapes reaches nobody. */
export const bridgeUrl = 'https://bridge.test'

/** Five past noon on 10 March 2025: the objects below are a few hours old then. */
export const bridgeNow = Date.UTC(2025, 2, 10, 12, 5)

/** The `BridgeApi-Signature` header Bridge would send for these bytes. */
export const signBridgeWebhook = (rawBody: string | Uint8Array, ...secrets: string[]): string =>
  secrets
    .map((secret) => createHmac('sha256', secret).update(rawBody).digest('hex').toUpperCase())
    .map((signature) => `v1=${signature}`)
    .join(',')

export const aBridgeUser = (fields: Partial<User> = {}): User => ({
  uuid: 'c2a26c9e-dc23-4f67-b887-bbae0f26c415',
  external_user_id: 'site-user-1',
  ...fields,
})

export const aBridgeItem = (fields: Partial<Item> = {}): Item => ({
  id: 4568477,
  provider_id: 574,
  status: 0,
  status_code_info: 'ok',
  account_types: 'payment',
  created_at: '2025-03-08T10:25:31Z',
  last_successful_refresh: '2025-03-10T04:12:07Z',
  last_try_refresh: '2025-03-10T04:12:07Z',
  authentication_expires_at: '2025-09-04T10:25:35Z',
  ...fields,
})

export const aBridgeAccount = (fields: Partial<Account> = {}): Account => ({
  id: 22908770,
  item_id: 4568477,
  provider_id: 574,
  name: 'Compte courant',
  type: 'checking',
  balance: 1678.12,
  accounting_balance: 1678.12,
  instant_balance: 1642.3,
  currency_code: 'EUR',
  iban: 'FR3312739000309854725191G90',
  pro: false,
  data_access: 'enabled',
  last_refresh_status: 'successful',
  updated_at: '2025-03-10T04:12:05.118Z',
  ...fields,
})

export const aBridgeTransaction = (fields: Partial<Transaction> = {}): Transaction => ({
  id: 33000191035700,
  account_id: 22908770,
  clean_description: 'Marché Bio',
  provider_description: 'PAIEMENT PAR CARTE 08/03/2025 MARCHE BIO',
  amount: -6.92,
  currency_code: 'EUR',
  date: '2025-03-09',
  booking_date: '2025-03-09',
  transaction_date: '2025-03-08',
  value_date: '2025-03-09',
  updated_at: '2025-03-10T04:12:05.118Z',
  category_id: 273,
  operation_type: 'card',
  deleted: false,
  future: false,
  ...fields,
})

export const aProvider = (fields: Partial<Provider> = {}): Provider => ({
  id: 574,
  name: 'Demo Bank',
  country_code: 'FR',
  group_name: 'Demo Bank',
  images: { logo: 'https://img.bridge.test/demo-bank.png' },
  capabilities: ['aggregation'],
  aggregation_metadata: { release_status: 'general_availability' },
  health_status: { aggregation: { status: 'healthy' } },
  tags: { segment: ['b2c'], region: ['FR'], keywords: ['demo'] },
  ...fields,
})

export const aCategory = (fields: Partial<Category> = {}): Category => ({
  id: 162,
  name: 'Alimentation',
  categories: [{ id: 273, name: 'Supermarché' }],
  ...fields,
})

/** One request as the double received it. */
interface ReceivedCall {
  method: string
  path: string
  query: Record<string, string>
  headers: Headers
  body: unknown
}

export interface BridgeDouble {
  /** For `createBridgeClient` and for `buildApp`'s Bridge client. */
  dispatcher: Dispatcher
  /** Puts these before the handlers there are. */
  use(...handlers: RequestHandler[]): void
  calls: ReceivedCall[]
  /** Requests without a handler, and handlers that threw: expect it to be empty. */
  unhandled: string[]
}

/** A Bridge made of msw handlers. What no handler answers is a network error and is listed. */
export function bridgeDouble({
  handlers = [],
}: { handlers?: RequestHandler[] } = {}): BridgeDouble {
  let current = handlers
  const calls: ReceivedCall[] = []
  const unhandled: string[] = []
  const dispatcher = createMswDispatcher({
    handlers: () => current,
    onRequest({ method, url, headers }, body) {
      const { pathname: path, searchParams } = new URL(url)
      calls.push({ method, path, query: Object.fromEntries(searchParams), headers, body })
    },
    onFailure: (description) => unhandled.push(description),
  })
  return {
    dispatcher,
    use(...more) {
      current = [...more, ...current]
    },
    calls,
    unhandled,
  }
}

/** Bridge's own error answer. */
export const bridgeProblem = (
  status: number,
  body: { code?: string; message?: string; property?: string } = {},
  headers: Record<string, string> = {},
): HttpResponse<Record<string, string>> => HttpResponse.json(body, { status, headers })

type Rows<Row> = Map<number, Row & { owner: string }>

export interface BridgeWorld {
  handlers: RequestHandler[]
  users: Map<string, User>
  items: Rows<Item>
  accounts: Rows<Account>
  transactions: Rows<Transaction>
  providers: Map<number, Provider>
  categories: Category[]
  /** The bodies of the Connect sessions opened so far, with their user and URL. */
  sessions: (Record<string, unknown> & { owner: string; url: string })[]
  /** Whether the 2021-06-01 refresh answers 202 instead of 404. */
  refreshes: boolean
  addUser(fields?: Partial<User>): User
  addItem(userUuid: string, fields?: Partial<Item>): Item
  addAccount(itemId: number, fields?: Partial<Account>): Account
  addTransaction(accountId: number, fields?: Partial<Transaction>): Transaction
  /** Forgets all tokens: their next use is a 401. */
  expireTokens(): void
}

/** A small Bridge with a memory: users, tokens, Connect sessions, items, accounts, transactions. */
export function bridgeWorld({ clock }: { clock?: Clock } = {}): BridgeWorld {
  const time = clock ?? createMovableClock({ now: () => bridgeNow })
  const tokens = new Map<string, string>()
  let count = 0
  // An id is given once, also where what had it is deleted.
  const next = { item: 4568477, account: 22908770 }
  const nextUuid = (): string => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`

  const world: BridgeWorld = {
    handlers: [],
    users: new Map(),
    items: new Map(),
    accounts: new Map(),
    transactions: new Map(),
    providers: new Map([[574, aProvider()]]),
    categories: [aCategory()],
    sessions: [],
    refreshes: false,
    addUser(fields = {}) {
      const uuid = nextUuid()
      const user = aBridgeUser({ uuid, external_user_id: `site-user-${count}`, ...fields })
      world.users.set(user.uuid, user)
      return user
    },
    addItem(owner, fields = {}) {
      const item = aBridgeItem({ id: next.item++, ...fields })
      world.items.set(item.id, { ...item, owner })
      return item
    },
    addAccount(itemId, fields = {}) {
      const { owner = '' } = world.items.get(itemId) ?? {}
      const account = aBridgeAccount({
        id: next.account++,
        item_id: itemId,
        ...fields,
      })
      world.accounts.set(account.id, { ...account, owner })
      return account
    },
    addTransaction(accountId, fields = {}) {
      const { owner = '' } = world.accounts.get(accountId) ?? {}
      const transaction = aBridgeTransaction({
        id: 33000191035700 + world.transactions.size,
        account_id: accountId,
        ...fields,
      })
      world.transactions.set(transaction.id, { ...transaction, owner })
      return transaction
    },
    expireTokens: () => tokens.clear(),
  }

  const unauthorized = (): HttpResponse<Record<string, string>> =>
    bridgeProblem(401, { code: 'expired_access_token', message: 'token' })
  const notFound = (): HttpResponse<Record<string, string>> =>
    bridgeProblem(404, { code: 'not_found', message: 'not found' })
  const ownerOf = (request: Request): string | undefined =>
    tokens.get(request.headers.get('authorization')?.replace(/^Bearer /, '') ?? '')

  type Visit = { request: Request; params: Record<string, unknown>; owner: string }
  const asUser =
    (serve: (visit: Visit) => Response | Promise<Response>) =>
    ({ request, params }: { request: Request; params: Record<string, unknown> }) => {
      const owner = ownerOf(request)
      return owner === undefined ? unauthorized() : serve({ request, params, owner })
    }

  const rowsOf = <Row>(rows: Rows<Row>, owner: string): (Row & { owner: string })[] =>
    [...rows.values()].filter((row) => row.owner === owner)
  const own = <Row>(rows: Rows<Row>, { params, owner }: Visit) => {
    const row = rows.get(Number(params['id']))
    return row?.owner === owner ? row : undefined
  }
  const one = (row: Record<string, unknown> | undefined): Response =>
    row ? HttpResponse.json(withoutOwner(row)) : notFound()
  const aggregation = `${bridgeUrl}/v3/aggregation`

  world.handlers = [
    http.post(`${aggregation}/users`, async ({ request }) => {
      const { external_user_id } = await jsonOf(request)
      const taken = [...world.users.values()].some(
        (user) => user.external_user_id === external_user_id,
      )
      if (taken) return bridgeProblem(409, { code: 'conflict', message: 'already exists' })
      const user = world.addUser({ external_user_id: external_user_id as string })
      return HttpResponse.json(user, { status: 201 })
    }),
    http.get(`${aggregation}/users/:id`, ({ params }) => {
      const user = world.users.get(String(params['id']))
      return user ? HttpResponse.json(user) : notFound()
    }),
    http.delete(`${aggregation}/users/:id`, ({ params }) => {
      const uuid = String(params['id'])
      if (!world.users.delete(uuid)) return notFound()
      for (const rows of [world.items, world.accounts, world.transactions] as Rows<object>[]) {
        for (const [id, { owner }] of rows) if (owner === uuid) rows.delete(id)
      }
      return new HttpResponse(null, { status: 204 })
    }),
    http.post(`${aggregation}/authorization/token`, async ({ request }) => {
      const { user_uuid, external_user_id } = await jsonOf(request)
      const user = [...world.users.values()].find(({ uuid, external_user_id: name }) =>
        user_uuid === undefined ? name === external_user_id : uuid === user_uuid,
      )
      if (!user) return notFound()
      const token = `token-${nextUuid()}`
      tokens.set(token, user.uuid)
      const expires_at = new Date(time.now() + 2 * 3_600_000).toISOString()
      return HttpResponse.json({ access_token: token, expires_at, user }, { status: 201 })
    }),
    http.post(
      `${aggregation}/connect-sessions`,
      asUser(async ({ request, owner }) => {
        const sent = await jsonOf(request)
        const managed = sent['item_id']
        if (managed !== undefined && world.items.get(Number(managed))?.owner !== owner) {
          return notFound()
        }
        const session = { id: nextUuid(), url: `https://connect.bridge.test/session/${nextUuid()}` }
        world.sessions.push({ ...sent, owner, url: session.url })
        return HttpResponse.json(session, { status: 201 })
      }),
    ),
    http.get(
      `${aggregation}/items`,
      asUser(({ request, owner }) => paged(request, rowsOf(world.items, owner))),
    ),
    http.get(
      `${aggregation}/items/:id`,
      asUser((visit) => one(own(world.items, visit))),
    ),
    http.delete(
      `${aggregation}/items/:id`,
      asUser((visit) => {
        const item = own(world.items, visit)
        if (!item) return notFound()
        world.items.delete(item.id)
        for (const [id, { item_id }] of world.accounts) {
          if (item_id === item.id) world.accounts.delete(id)
        }
        return new HttpResponse(null, { status: 204 })
      }),
    ),
    http.post(
      `${bridgeUrl}/v2/items/:id/refresh`,
      asUser((visit) =>
        world.refreshes && own(world.items, visit)
          ? new HttpResponse(null, { status: 202 })
          : notFound(),
      ),
    ),
    http.get(
      `${aggregation}/accounts`,
      asUser(({ request, owner }) => {
        const itemId = new URL(request.url).searchParams.get('item_id')
        const rows = rowsOf(world.accounts, owner)
        return paged(
          request,
          rows.filter(({ item_id }) => itemId === null || item_id === Number(itemId)),
        )
      }),
    ),
    http.get(
      `${aggregation}/transactions`,
      asUser(({ request, owner }) =>
        paged(request, rowsOf(world.transactions, owner).filter(wanted(request))),
      ),
    ),
    http.get(`${bridgeUrl}/v3/providers/:id`, ({ params }) =>
      one(world.providers.get(Number(params['id']))),
    ),
    http.get(`${aggregation}/categories`, ({ request }) => paged(request, world.categories)),
  ]
  return world
}

const jsonOf = async (request: Request): Promise<Record<string, unknown>> =>
  (await request.json()) as Record<string, unknown>

const withoutOwner = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'owner'))

/** A page of rows, with Bridge's host-less `next_uri` and its absence at the end. */
function paged(request: Request, rows: Record<string, unknown>[]): Response {
  const { pathname, searchParams } = new URL(request.url)
  const start = Number(searchParams.get('after') ?? 0)
  const end = start + Number(searchParams.get('limit') ?? 50)
  searchParams.set('after', String(end))
  const next = `${pathname}?${searchParams.toString()}`
  return HttpResponse.json({
    resources: rows.slice(start, end).map(withoutOwner),
    pagination: end < rows.length ? { next_uri: next } : {},
  })
}

/** Bridge's filters on transactions: `since` and `until` are strict, deleted rows only with `since`. */
function wanted(request: Request): (row: Transaction) => boolean {
  const query = new URL(request.url).searchParams
  const [account, since, until] = [query.get('account_id'), query.get('since'), query.get('until')]
  const [from, to] = [query.get('min_date'), query.get('max_date')]
  return ({ account_id, updated_at, date, deleted }) =>
    (account === null || account_id === Number(account)) &&
    (since === null ? deleted !== true : Date.parse(String(updated_at)) > Date.parse(since)) &&
    (until === null || Date.parse(String(updated_at)) < Date.parse(until)) &&
    (from === null || (toText(date) ?? '') >= from) &&
    (to === null || (toText(date) ?? '') <= to)
}
