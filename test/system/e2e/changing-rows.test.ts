import { describe, test } from 'vitest'
import {
  dataDirectory,
  startGateway,
  startSandboxProcess,
  type Finishing,
} from '../../support/gateway.ts'
import { openGoBetween } from '../../support/go-between.ts'
import { aTenantWithKeys } from '../../support/operator.ts'
import { pull, siteClient, visitBank, type Json } from './visit.ts'

interface Row {
  id: number
  updated_at: string
  deleted?: boolean
}

const application = { BRIDGE_CLIENT_ID: 'id', BRIDGE_CLIENT_SECRET: 'secret' }

/** A connected bank, a go-between before Bridge, and a way to ask Bridge itself. */
async function aChangingBank(onTestFinished: Finishing) {
  const between = await openGoBetween(onTestFinished)
  // Webhooks have no part in this: they end in a 404.
  const bridge = await startSandboxProcess(`${between.origin}/nowhere`, onTestFinished)
  between.target = bridge.origin
  const gateway = await startGateway(
    {
      ...dataDirectory(onTestFinished),
      ...application,
      MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
      BRIDGE_BASE_URL: between.origin,
      ALLOW_HTTP: 'true',
      QUOTA_USER_PER_MINUTE: '10000',
    },
    onTestFinished,
  )
  const { siteKey } = await aTenantWithKeys(gateway.env, { site: 'erp' })
  const ask = siteClient(gateway.url, siteKey)
  const user = 'ada@acme.test'
  const redirect_url = 'http://erp.acme.test/app/bank'
  const link = await ask('get_bridge_connect_link', { redirect_url, bank: 'Demo Bank', user })
  const home = await visitBank(link.url)
  const item = Number(home.searchParams.get('item_id'))

  /** While `work` runs, each page of rows is followed by a refresh before the next is asked for. */
  async function whileRowsChange<T>(work: () => Promise<T>): Promise<T> {
    between.after = async ({ url }) => {
      if (url.startsWith('/v3/aggregation/transactions')) {
        await pull(bridge.origin, `items/${item}/refresh`)
      }
    }
    const result = await work()
    between.after = () => {}
    return result
  }
  const pages = () =>
    between.passed.filter(({ url }) => url.startsWith('/v3/aggregation/transactions')).length

  const truth = await readerOf(bridge.origin)
  return { ask, user, pages, whileRowsChange, truth }
}

/** Reads all the rows Bridge has at the moment, by its own API and none of our code. */
async function readerOf(origin: string) {
  const call = async (path: string, headers: object = {}, body?: object): Promise<Json> => {
    const answer = await fetch(`${origin}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        'Bridge-Version': '2025-01-15',
        'Client-Id': application.BRIDGE_CLIENT_ID,
        'Client-Secret': application.BRIDGE_CLIENT_SECRET,
        'content-type': 'application/json',
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    return answer.json()
  }
  const { resources } = await call('/v3/aggregation/users')
  const login = { user_uuid: resources[0].uuid }
  const { access_token } = await call('/v3/aggregation/authorization/token', {}, login)
  return async (): Promise<Map<number, Row>> => {
    const rows: Row[] = []
    let next = '/v3/aggregation/transactions?limit=500'
    while (next) {
      const page = await call(next, { authorization: `Bearer ${access_token}` })
      rows.push(...page.resources)
      next = page.pagination.next_uri ?? ''
    }
    return byId(rows)
  }
}

const byId = (rows: readonly Row[]) => new Map(rows.map((row) => [row.id, row]))

const versions = (rows: ReadonlyMap<number, Row>) =>
  [...rows.values()].map(({ id, updated_at }) => `${id} ${updated_at}`).toSorted()

/** What a site has after it put newer rows on top of older ones. */
function merged(older: ReadonlyMap<number, Row>, newer: readonly Row[]): Map<number, Row> {
  const rows = new Map(older)
  for (const row of newer) {
    if (row.deleted) rows.delete(row.id)
    else rows.set(row.id, row)
  }
  return rows
}

describe.concurrent('while the bank refreshes between any two pages', () => {
  test('12,000 transactions come complete and none twice, and `since` brings what was missed', async ({
    expect,
    onTestFinished,
  }) => {
    const { ask, user, pages, whileRowsChange, truth } = await aChangingBank(onTestFinished)
    const before = await truth()
    const since = new Date().toISOString()

    const all = await whileRowsChange<Row[]>(() => ask('get_bank_transactions', { user }))

    const after = await truth()
    const got = byId(all)
    expect(before.size).toBeGreaterThan(11_500)
    expect(pages()).toBeGreaterThan(23)
    expect(got.size).toBe(all.length)
    expect(versions(after)).not.toEqual(versions(before))
    // Whatever lived through the walk is in it, once, and nothing that never was.
    const lived = [...before.keys()].filter((id) => after.has(id))
    expect(lived.filter((id) => !got.has(id))).toEqual([])
    expect(all.filter(({ id }) => !before.has(id) && !after.has(id))).toEqual([])

    const changed = await ask('get_bank_transactions', { user, since })
    expect(versions(merged(got, changed as Row[]))).toEqual(versions(after))
  })

  test('the same is true of all that changed `since` a day long ago', async ({
    expect,
    onTestFinished,
  }) => {
    const { ask, user, pages, whileRowsChange, truth } = await aChangingBank(onTestFinished)
    const before = await truth()
    const since = '2001-01-01'
    const now = new Date().toISOString()

    const all = await whileRowsChange<Row[]>(() => ask('get_bank_transactions', { user, since }))

    const after = await truth()
    const got = byId(all)
    expect(pages()).toBeGreaterThan(23)
    expect(got.size).toBe(all.length)
    expect(versions(after)).not.toEqual(versions(before))
    expect([...before.keys()].filter((id) => !got.has(id))).toEqual([])

    const changed = await ask('get_bank_transactions', { user, since: now })
    const live = merged(new Map(), all)
    expect(versions(merged(live, changed as Row[]))).toEqual(versions(after))
  })
})
