import type { Bridge, Connected } from '../bridge.ts'
import { namesOf, NotTestableError, unless, untestable, word, type Point } from '../point.ts'

const items = '/v3/aggregation/items'
const accounts = '/v3/aggregation/accounts'
const transactions = '/v3/aggregation/transactions'

// oxlint-disable-next-line typescript/no-explicit-any -- rows are looked at as they came
type Row = any

const ofItem = async ({ connected, get }: Bridge): Promise<Row> => {
  const { id, user } = await connected()
  return (await get(user, `${items}/${id}`)).body
}
const ofAccounts = async ({ connected, get }: Bridge): Promise<Row[]> => {
  const { id, user } = await connected()
  return (await get(user, accounts, { item_id: id, limit: 500 })).body.resources
}
const rowsOf = async ({ connected, get }: Bridge, query: Record<string, string | number>) => {
  const { user } = await connected()
  return (await get(user, transactions, { limit: 500, ...query })).body.resources as Row[]
}

/** All that changed since, page after page: what was deleted stands last. */
async function changesSince(bridge: Bridge, since: string): Promise<Row[]> {
  const { user } = await bridge.connected()
  const rows: Row[] = []
  let { body } = await bridge.get(user, transactions, { limit: 500, since })
  for (let pages = 1; pages < 60; pages += 1) {
    rows.push(...(body.resources as Row[]))
    const next: unknown = body.pagination?.next_uri
    if (typeof next !== 'string' || next === 'null') break
    ;({ body } = await bridge.get(user, next))
  }
  return rows
}

async function refreshed(bridge: Bridge, { id, user }: Connected): Promise<void> {
  const headers = { 'bridge-version': '2021-06-01' }
  await bridge.refresh(id, () =>
    bridge.callAs(user, 'POST', `/v2/items/${id}/refresh`, { headers }),
  )
}

/** Those of `seen` that nobody wrote down. */
function strangers(what: string, seen: readonly unknown[], known: readonly string[]) {
  const strange = [...new Set(seen.filter((one) => one !== undefined).map(word))]
    .filter((one) => !known.includes(one))
    .toSorted()
  return strange.length === 0 ? undefined : `${what} also ${strange.join(', ')}`
}

/** Items, accounts and transactions of the Demo Bank. */
export const data: readonly Point[] = [
  {
    id: 'item-status',
    assumed: 'An item’s state is its `status`, and 0 is healthy.',
    switches: ['itemStatusField'],
    async check(bridge) {
      const item = await ofItem(bridge)
      return (
        unless([0], item.status, 'status') ??
        unless([undefined], item.status_code, 'and status_code')
      )
    },
  },
  {
    id: 'item-times',
    assumed: 'An item’s times are printed to the second, in UTC.',
    switches: ['itemTimes'],
    async check(bridge) {
      const { created_at: at } = await ofItem(bridge)
      if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(at))) return undefined
      return /\.\d+Z$/.test(String(at)) ? 'with a fraction of it' : 'in another form'
    },
  },
  {
    id: 'item-consent',
    assumed: 'A consent ends 180 days after it was given.',
    async check(bridge) {
      const { authentication_expires_at: end, created_at: start } = await ofItem(bridge)
      const days = Math.round((Date.parse(end) - Date.parse(start)) / 86_400_000)
      return unless([180], days, 'days')
    },
  },
  {
    id: 'item-listed',
    assumed: 'The items of a user are a list with this one in it.',
    async check({ connected, get }) {
      const { id, user } = await connected()
      const { body } = await get(user, items)
      return body.resources.some((one: Row) => one.id === id) ? undefined : 'it is not'
    },
  },
  {
    id: 'item-of-another',
    assumed: 'An item of somebody else is 404.',
    async check({ connected, stranger, callAs }) {
      const { id } = await connected()
      return unless(
        [404],
        (await callAs(await stranger(), 'GET', `${items}/${id}`)).status,
        'status',
      )
    },
  },
  {
    id: 'item-deleted',
    assumed: 'To delete an item is 204; then it is 404, and its accounts are gone.',
    async check({ callAs, connectedAs, get }) {
      const { id, user } = await connectedAs('success.1010')
      const gone = await callAs(user, 'DELETE', `${items}/${id}`)
      const then = await callAs(user, 'GET', `${items}/${id}`)
      const left = (await get(user, accounts)).body.resources
      return (
        unless([204], gone.status, 'status') ??
        unless([404], then.status, 'then') ??
        unless([0], left.length, 'accounts')
      )
    },
  },
  {
    id: 'item-in-words',
    assumed: 'An item that wants its user says why in `status_code_description`.',
    async check({ connectedAs, get }) {
      const { id, user } = await connectedAs('402')
      const { body } = await get(user, `${items}/${id}`)
      return unless(['string'], typeof body.status_code_description, 'it is')
    },
  },
  {
    id: 'refresh-v2',
    assumed: 'The refresh of 2021-06-01 takes users of /v3: 202.',
    switches: ['refreshStatus'],
    async check({ connected, callAs }) {
      const { id, user } = await connected()
      const headers = { 'bridge-version': '2021-06-01' }
      const answer = await callAs(user, 'POST', `/v2/items/${id}/refresh`, { headers })
      return unless([202], answer.status, 'status')
    },
  },
  {
    id: 'refresh-v3',
    assumed: 'There is no refresh under /v3: 404.',
    switches: ['refreshV3'],
    async check({ connected, callAs }) {
      const { id, user } = await connected()
      return unless([404], (await callAs(user, 'POST', `${items}/${id}/refresh`)).status, 'status')
    },
  },
  {
    id: 'accounts-shared',
    assumed: 'The Demo Bank shares its twelve accounts, all of them with `data_access: enabled`.',
    switches: ['accountAccess'],
    async check(bridge) {
      const all = await ofAccounts(bridge)
      const withheld = all.filter((one) => one.data_access !== 'enabled').length
      return unless([12], all.length, 'accounts') ?? unless([0], withheld, 'withheld')
    },
  },
  {
    id: 'accounts-withheld',
    assumed: 'An account without access keeps its name, type, currency, `pro` and `updated_at`.',
    switches: ['withheldFields'],
    async check(bridge) {
      const withheld = (await ofAccounts(bridge)).find((one) => one.data_access === 'disabled')
      if (!withheld) throw new NotTestableError('no account was withheld: share all but one')
      const kept = ['currency_code', 'pro', 'updated_at'].filter((name) => name in withheld)
      return kept.length === 3 ? undefined : `it has ${namesOf(withheld)}`
    },
  },
  {
    id: 'account-words',
    assumed: 'Types of accounts, and how their last refresh went, are words we know.',
    switches: ['enums'],
    async check(bridge) {
      const all = await ofAccounts(bridge)
      const types = all.map((one) => one.type)
      const ends = all.map((one) => one.last_refresh_status)
      return strangers('type', types, knownTypes) ?? strangers('last refresh', ends, ['successful'])
    },
  },
  {
    id: 'loan-fields',
    assumed: '`loan_details` has the nine fields of the reference, and no more.',
    async check(bridge) {
      const loan = (await ofAccounts(bridge)).find((one) => one.loan_details)
      if (!loan) throw new NotTestableError('no account has loan_details')
      return strangers('fields', Object.keys(loan.loan_details as object), knownOfLoans)
    },
  },
  {
    id: 'last-page',
    assumed: 'The last page has an empty `pagination`.',
    switches: ['lastPage'],
    async check({ connected, get }) {
      const { user } = await connected()
      const { body } = await get(user, accounts, { limit: 500 })
      if (body.pagination === undefined) return 'it is absent'
      const next = body.pagination.next_uri
      return next === undefined ? undefined : `its next_uri is ${next === null ? 'null' : 'a text'}`
    },
  },
  {
    id: 'next-page',
    assumed: '`next_uri` is a path from /v3 on, without a host, and repeats the filters.',
    async check({ connected, get, callAs }) {
      const { user } = await connected()
      const query = { limit: 2, since: '2000-01-01T00:00:00.000Z' }
      const next = String((await get(user, transactions, query)).body.pagination?.next_uri)
      if (!next.startsWith(transactions)) return 'it begins otherwise'
      if (!next.includes('since=')) return 'it leaves out since'
      return unless([200], (await callAs(user, 'GET', next)).status, 'then')
    },
  },
  {
    id: 'row-order',
    assumed: 'Transactions come with the newest id first.',
    switches: ['rowOrder'],
    async check(bridge) {
      const ids = (await rowsOf(bridge, { limit: 50 })).map((row) => row.id as number)
      const isOrdered = ids.every((id, at) => at === 0 || id < ids[at - 1]!)
      const isTurned = ids.every((id, at) => at === 0 || id > ids[at - 1]!)
      return isOrdered ? undefined : isTurned ? 'with the oldest first' : 'in no order of ids'
    },
  },
  {
    id: 'generated-at',
    assumed: 'Lists of transactions have no `generated_at`.',
    switches: ['generatedAt'],
    async check({ connected, get }) {
      const { body } = await get((await connected()).user, transactions, { limit: 1 })
      return 'generated_at' in body ? 'they have' : undefined
    },
  },
  {
    id: 'dates-inclusive',
    assumed: '`min_date` and `max_date` include their own day.',
    switches: ['datesInclusive'],
    async check(bridge) {
      const [row] = await rowsOf(bridge, { limit: 1 })
      if (!row) throw new NotTestableError('there are no transactions')
      const same = await rowsOf(bridge, { min_date: row.date, max_date: row.date, limit: 1 })
      return same.length > 0 ? undefined : 'not both of them'
    },
  },
  {
    id: 'since-strict',
    assumed: '`since` leaves out what changed exactly then.',
    switches: ['sinceInclusive'],
    async check(bridge) {
      const last = (await changesSince(bridge, '2000-01-01T00:00:00.000Z')).at(-1)
      if (!last) throw new NotTestableError('there are no transactions')
      const then = await rowsOf(bridge, { since: last.updated_at })
      return then.some((row) => row.updated_at === last.updated_at) ? 'it is included' : undefined
    },
  },
  {
    id: 'transaction-words',
    assumed: 'Kinds of operations are words we know.',
    switches: ['enums'],
    async check(bridge) {
      const kinds = (await rowsOf(bridge, {})).map((row) => row.operation_type)
      return strangers('operation_type', kinds, knownOperations)
    },
  },
  {
    id: 'deleted-rows',
    assumed: 'A deleted transaction is a whole row with `deleted: true`.',
    switches: ['deletedRows'],
    async check(bridge) {
      const { last_successful_refresh: since } = await ofItem(bridge)
      for (let round = 0; round < 3; round += 1) {
        await refreshed(bridge, await bridge.connected())
        const row = (await changesSince(bridge, since)).find((one) => one.deleted === true)
        if (row) return 'amount' in row && 'date' in row ? undefined : `it has ${namesOf(row)}`
      }
      throw new NotTestableError('nothing was deleted meanwhile: run it again tomorrow')
    },
  },
  {
    id: 'insights',
    assumed: 'Insights have `kpis` and `oldest_existing_transaction`, not `resources`.',
    async check({ connected, callAs }) {
      const { user } = await connected()
      const { status, body } = await callAs(user, 'GET', '/v3/aggregation/insights/category')
      if (status !== 200) throw new NotTestableError(`it is answered ${status}`)
      return 'kpis' in body ? undefined : `they have ${namesOf(body)}`
    },
  },
  untestable(
    'booked-anew',
    'What is pending may come with another id once it is booked.',
    'takes days, and a bank that does so',
  ),
]

const knownTypes =
  'checking savings brokerage card loan life_insurance shared_saving_plan pending special unknown'.split(
    ' ',
  )
const knownOperations = 'card transfer direct_debit withdrawal fee interest cheque'.split(' ')
const knownOfLoans = [
  'next_payment_date',
  'next_payment_amount',
  'maturity_date',
  'opening_date',
  'interest_rate',
  'type',
  'borrowed_capital',
  'repaid_capital',
  'remaining_capital',
]
