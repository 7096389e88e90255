import { expect, test } from 'vitest'
import { switches, type SwitchChanges, type Switches } from '../../../src/sandbox/switches.ts'
import {
  aSession,
  aToken,
  aUser,
  anItem,
  answer,
  hour,
  minute,
  openSandbox,
  second,
  start,
  walk,
  type Json,
} from './open-sandbox.ts'
import { openReceiver } from './receiver.ts'

const users = '/v3/aggregation/users'
const tokens = '/v3/aggregation/authorization/token'
const sessions = '/v3/aggregation/connect-sessions'
const transactions = '/v3/aggregation/transactions'
const stamp = (at: number) => new Date(at).toISOString()

/** A sandbox with these switches and a receiver, a user, and short ways to what is asked most. */
async function withSwitches(changes: SwitchChanges) {
  const receiver = await openReceiver()
  const sandbox = openSandbox({
    switches: changes,
    webhook: { url: () => receiver.url, secrets: () => ['s'] },
  })
  const user = await aUser(sandbox)
  const get = async (path: string) => sandbox.call('GET', path, { token: user.token })
  return {
    ...sandbox,
    ...user,
    receiver,
    get,
    item: async (login?: string, fields?: object) => anItem(sandbox, user.token, login, fields),
    session: async (fields?: object) => aSession(sandbox, user.token, fields),
    answer: async (path: string, answers: object) => answer(sandbox, path, answers),
    walk: async (path: string) => walk(sandbox, user.token, path),
    told: async (type: string): Promise<Json[]> => {
      await sandbox.lever('webhooks/flush')
      return receiver.received
        .filter(({ event }) => event.type === type)
        .map(({ event }) => event.content)
    },
  }
}
type Set = Awaited<ReturnType<typeof withSwitches>>

interface Case {
  /** What the default shows, then what each other setting shows. */
  look(set: Set): Promise<unknown>
  shows: [setting: unknown, seen: unknown][]
}

const statusOf = async (answer: Promise<{ status: number }>) => (await answer).status
const any = expect.anything()

/** One case for every switch there is: a new one does not compile without. */
const cases: { [Name in keyof Switches]: Case } = {
  errorEnvelope: {
    look: async ({ call }) => (await call('GET', '/v3/providers/1')).body,
    shows: [
      ['flat', { code: 'not_found', message: any }],
      ['wrapped', { errors: [{ code: 'not_found', message: any }] }],
    ],
  },
  errorCodes: {
    look: async ({ call }) => (await call('GET', '/v3/providers/1')).body.code,
    shows: [
      ['named', 'not_found'],
      ['generic', 'error'],
    ],
  },
  badBearer: {
    look: async ({ call }) => statusOf(call('GET', '/v3/aggregation/items', { token: 'x' })),
    shows: [
      [401, 401],
      [403, 403],
    ],
  },
  addressAllowed: {
    look: async ({ call, lever }) => {
      const { addressAllowed } = await lever('switches', {})
      return [addressAllowed, await statusOf(call('GET', '/v3/providers'))]
    },
    shows: [
      [true, [true, 200]],
      [false, [false, 403]],
    ],
  },
  limitOutOfRange: {
    look: async ({ call }) => statusOf(call('GET', '/v3/providers?limit=900')),
    shows: [
      ['refused', 400],
      ['clamped', 200],
    ],
  },
  unknownUserToken: {
    look: async ({ call }) => statusOf(call('POST', tokens, { body: { user_uuid: 'x' } })),
    shows: [
      [404, 404],
      [400, 400],
      [401, 401],
      [422, 422],
    ],
  },
  tokenReissue: {
    look: async (set) => {
      const second = await aToken(set, set.uuid)
      return [
        second === set.token,
        await statusOf(set.get('/v3/aggregation/items')),
        await statusOf(set.call('GET', '/v3/aggregation/items', { token: second })),
      ]
    },
    shows: [
      ['new', [false, 200, 200]],
      ['same', [true, 200, 200]],
      ['revoke', [false, 401, 200]],
    ],
  },
  userCap: {
    look: async ({ call }) => statusOf(call('POST', users, { body: {} })),
    shows: [
      [0, 201],
      [1, 403],
    ],
  },
  deleteAllUsers: {
    look: async ({ call }) => [
      await statusOf(call('DELETE', users)),
      (await call('GET', users)).body.resources.length,
    ],
    shows: [
      [204, [204, 0]],
      [404, [404, 1]],
    ],
  },
  sessionMinutes: {
    look: async ({ call, clock, session }) => {
      const path = await session()
      clock.advance(6 * minute)
      return statusOf(call('GET', path))
    },
    shows: [
      [30, 200],
      [5, 410],
    ],
  },
  sessionCompletions: {
    look: async ({ call, session }) => {
      const path = await session()
      await call('POST', path, { body: { login: 'success' } })
      return statusOf(call('POST', path, { body: { login: 'success' } }))
    },
    shows: [
      ['once', 410],
      ['many', 303],
    ],
  },
  callbackHosts: {
    look: async ({ call, token }) => {
      const body = { user_email: 'a@b.fr', callback_url: 'https://gateway.test/x' }
      const answer = await call('POST', sessions, { token, body })
      return [answer.status, answer.body.property]
    },
    shows: [
      [[], [201, undefined]],
      [['gateway.test'], [201, undefined]],
      [['elsewhere.test'], [400, 'callback_url']],
    ],
  },
  contextChecked: {
    look: async ({ call, token }) =>
      statusOf(call('POST', sessions, { token, body: { user_email: 'a@b.fr', context: 'a_b' } })),
    shows: [
      [true, 400],
      [false, 201],
    ],
  },
  callbackQueryKept: {
    look: async ({ answer, session }) => {
      const end = await answer(await session({ callback_url: 'https://g.test/?mine=1' }), {})
      return [end.get('mine'), end.get('success')]
    },
    shows: [
      [true, ['1', 'true']],
      [false, [null, 'true']],
    ],
  },
  callbackSource: {
    look: async ({ answer, session }) => (await answer(await session(), {})).get('source'),
    shows: [
      [true, 'connect'],
      [false, null],
    ],
  },
  itemStatusField: {
    look: async ({ get, item }) => {
      const { body } = await get(`/v3/aggregation/items/${await item('1003')}`)
      return [body.status, body.status_code]
    },
    shows: [
      ['status', [1003, undefined]],
      ['status_code', [undefined, 1003]],
      ['both', [1003, 1003]],
    ],
  },
  itemTimes: {
    look: async ({ get, item }) =>
      (await get(`/v3/aggregation/items/${await item()}`)).body.created_at,
    shows: [
      ['second', '2026-03-17T09:30:00Z'],
      ['millisecond', '2026-03-17T09:30:00.250Z'],
    ],
  },
  refreshStatus: {
    look: async ({ call, item, token }) => {
      const headers = { 'bridge-version': '2021-06-01' }
      return statusOf(call('POST', `/v2/items/${await item()}/refresh`, { token, headers }))
    },
    shows: [
      [202, 202],
      [404, 404],
      [410, 410],
    ],
  },
  refreshV3: {
    look: async ({ call, item, token }) =>
      statusOf(call('POST', `/v3/aggregation/items/${await item()}/refresh`, { token })),
    shows: [
      [404, 404],
      [202, 202],
    ],
  },
  accountAccess: {
    look: async ({ item, told, walk }) => {
      const id = await item()
      const accounts = await walk('/v3/aggregation/accounts')
      const rows = await walk(`${transactions}?account_id=${id * 16 + 1}&limit=500`)
      return [
        accounts.filter((one) => one.data_access === 'disabled').length,
        rows.length > 0,
        (await told('item.account.updated'))[1],
      ]
    },
    shows: [
      ['all', [0, true, expect.objectContaining({ balance: any, nb_new_transactions: any })]],
      [
        'oneWithheld',
        [1, false, { account_id: any, item_id: any, user_uuid: any, data_access: 'disabled' }],
      ],
    ],
  },
  withheldFields: {
    look: async ({ item, lever, walk }) => {
      await lever('switches', { accountAccess: 'oneWithheld' })
      await item()
      const [, withheld] = await walk('/v3/aggregation/accounts')
      return Object.keys(withheld)
    },
    shows: [
      [
        'sample',
        'id item_id provider_id name type data_access currency_code pro updated_at'.split(' '),
      ],
      ['ids', ['id', 'item_id', 'provider_id', 'name', 'type', 'data_access']],
    ],
  },
  enums: {
    look: async ({ get, item, walk }) => {
      await item()
      const accounts = await walk('/v3/aggregation/accounts')
      const { body } = await get(`${transactions}?limit=1`)
      const [{ operation_type: operation }] = body.resources
      const { body: bank } = await get('/v3/providers/574')
      return [
        accounts[8].type,
        accounts[8].last_refresh_status,
        operation.startsWith('new_'),
        bank.aggregation_metadata.release_status,
        bank.health_status.aggregation.status,
      ]
    },
    shows: [
      ['known', ['brokerage', 'successful', false, 'general_availability', 'healthy']],
      ['unknown', ['tokenised_fund', 'partially_successful', true, 'early_access', 'degraded']],
    ],
  },
  lastPage: {
    look: async ({ get }) => (await get('/v3/aggregation/items')).body,
    shows: [
      ['empty', { resources: [], pagination: {} }],
      ['absent', { resources: [] }],
      ['null', { resources: [], pagination: { next_uri: null } }],
      ['nullString', { resources: [], pagination: { next_uri: 'null' } }],
    ],
  },
  rowOrder: {
    look: async ({ item, walk }) => {
      await item()
      const ids: number[] = (await walk(`${transactions}?min_date=2026-03-16&limit=7`)).map(
        (row) => row.id,
      )
      const up = ids.toSorted((a, b) => a - b)
      return [ids.length > 7, ids.join() === up.join(), ids.join() === up.toReversed().join()]
    },
    shows: [
      ['newestFirst', [true, false, true]],
      ['oldestFirst', [true, true, false]],
    ],
  },
  sinceInclusive: {
    look: async ({ item, walk }) => {
      await item()
      const [row] = await walk(`${transactions}?limit=500&min_date=2026-03-17`)
      const rows = await walk(
        `${transactions}?limit=500&min_date=2026-03-17&since=${row.updated_at}`,
      )
      return rows.some((one) => one.id === row.id)
    },
    shows: [
      [false, false],
      [true, true],
    ],
  },
  datesInclusive: {
    look: async ({ item, walk }) => {
      await item()
      const rows = await walk(`${transactions}?min_date=2026-03-02&max_date=2026-03-04&limit=500`)
      return [...new Set(rows.map((row) => row.date))]
    },
    shows: [
      [true, ['2026-03-04', '2026-03-03', '2026-03-02']],
      [false, ['2026-03-03']],
    ],
  },
  deletedRows: {
    look: async ({ item, lever, walk }) => {
      await lever(`items/${await item()}/refresh`)
      const rows = await walk(`${transactions}?limit=500&since=${stamp(start)}`)
      return Object.keys(rows.find((row) => row.deleted)).length
    },
    shows: [
      ['full', expect.toSatisfy((count: number) => count > 10)],
      ['idOnly', 4],
    ],
  },
  generatedAt: {
    look: async ({ get }) => (await get(transactions)).body.generated_at,
    shows: [
      [false, undefined],
      [true, stamp(start)],
    ],
  },
  historyAtConnect: {
    look: async ({ item, lever, told, walk }) => {
      await item()
      const months = async () =>
        new Set((await walk(`${transactions}?limit=500`)).map((row) => row.date.slice(0, 7))).size
      const early = await months()
      await lever('clock', { advance: 2 * minute })
      const added = (await told('item.account.updated')).slice(-12)[0].nb_new_transactions
      return [early, await months(), added > 0]
    },
    shows: [
      ['all', [25, 25, false]],
      ['recent', [2, 25, true]],
    ],
  },
  singleCategory: {
    look: async ({ call }) =>
      Object.keys((await call('GET', '/v3/aggregation/categories/273')).body),
    shows: [
      ['plain', ['id', 'name', 'parent_id']],
      ['wrapped', ['resources']],
    ],
  },
  rateLimitHeaders: {
    look: async ({ call, lever }) => {
      await lever('quotas', { on: true, limits: { app: 1 } })
      const first = await call('GET', '/v3/providers')
      const second = await call('GET', '/v3/providers')
      return [first.headers['x-ratelimit-remaining'], second.headers['retry-after']]
    },
    shows: [
      [false, [undefined, undefined]],
      [true, ['0', '300']],
    ],
  },
  rateWindow: {
    look: async ({ clock, get, lever }) => {
      await lever('quotas', { on: true, limits: { user: 1 } })
      clock.advance(55 * second)
      const first = await statusOf(get('/v3/aggregation/items'))
      clock.advance(10 * second)
      return [first, await statusOf(get('/v3/aggregation/items'))]
    },
    shows: [
      ['sliding', [200, 429]],
      ['fixed', [200, 200]],
    ],
  },
  dataAccess: {
    look: async ({ item, told }) => {
      await item()
      return (await told('item.account.created'))[0].data_access
    },
    shows: [
      ['absent', undefined],
      ['present', 'enabled'],
    ],
  },
  accountDeletedPayload: {
    look: async ({ answer, item, session, told }) => {
      const id = await item()
      await answer(await session({ item_id: id, account_types: 'payment' }), {})
      return Object.keys((await told('item.account.deleted'))[0])
    },
    shows: [
      ['ids', ['account_id', 'item_id', 'user_uuid']],
      ['full', ['account_id', 'item_id', 'user_uuid', 'balance']],
    ],
  },
  userDeletedCascade: {
    look: async ({ call, item, told, uuid }) => {
      await item()
      await call('DELETE', `${users}/${uuid}`)
      return (await told('item.deleted')).length
    },
    shows: [
      [false, 0],
      [true, 1],
    ],
  },
  testEventSeconds: {
    look: async ({ lever, receiver }) => {
      await lever('webhooks/test')
      await lever('webhooks/flush')
      return receiver.received[0]?.event.timestamp
    },
    shows: [
      [true, Math.floor(start / 1000)],
      [false, start],
    ],
  },
  retryOnlyNon200: {
    look: async ({ lever, receiver }) => {
      receiver.status = 204
      await lever('webhooks/test')
      return (await lever('webhooks/flush')).pending.length
    },
    shows: [
      [true, 1],
      [false, 0],
    ],
  },
  webhookTimeout: {
    // Waiting out the default would take ten seconds, so only shorter ones are looked at.
    look: async ({ lever, receiver }) => {
      receiver.status = 0
      await lever('webhooks/test')
      return (await lever('webhooks/flush')).pending.length
    },
    shows: [
      [20, 1],
      [40, 1],
    ],
  },
  webhookAttempts: {
    look: async ({ lever, receiver }) => {
      receiver.status = 500
      await lever('webhooks/test')
      for (let n = 0; n < 12; n += 1) await lever('webhooks/flush')
      return receiver.received.length
    },
    shows: [
      [10, 10],
      [3, 3],
    ],
  },
}

const table = Object.entries(cases).flatMap(([name, { look, shows }]) =>
  shows.map(([setting, seen]) => ({ name, setting, seen, look })),
)

test.for(table)('$name $setting is honoured', async ({ name, setting, seen, look }) => {
  // Set by lever after the user was made: some settings keep users away.
  const set = await withSwitches({})
  await set.lever('switches', { [name]: setting })

  expect(await look(set)).toEqual(seen)
})

test('the first setting shown of each switch is its default', () => {
  const defaults = switches.parse({})

  for (const [name, value] of Object.entries(defaults)) {
    const [first] = cases[name as keyof Switches].shows
    if (name !== 'webhookTimeout') expect([name, first?.[0]]).toEqual([name, value])
  }
  expect(defaults.webhookTimeout).toBe(10_000)
})

test('recent history comes whole with the first refresh too', async () => {
  const set = await withSwitches({ historyAtConnect: 'recent' })
  await set.item()
  const token = async () => aToken(set, set.uuid)

  await set.lever('clock', { advance: 13 * hour })

  const rows = await walk(set, await token(), `${transactions}?limit=500`)
  expect(rows.length).toBeGreaterThan(11_000)
})
