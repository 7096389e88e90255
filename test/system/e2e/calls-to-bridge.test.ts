import { describe, expect, it } from 'vitest'
import type { Json } from '../../support/app.ts'
import { sandboxed } from '../../support/sandboxed.ts'

const token = 'POST authorization/token'
const accounts = 'GET accounts'
const transactions = 'GET transactions'
const categories = 'GET categories'
const day = 24 * 60 * 60_000

/** What a site does each time: accounts, then what is new in each connection. */
async function sync(
  { call, itemId }: Pick<Awaited<ReturnType<typeof sandboxed>>, 'call' | 'itemId'>,
  args: object = {},
): Promise<Json[]> {
  await call('get_bank_accounts', { item_id: itemId })
  return (await call('get_bank_transactions', { user: 'ann@acme.test', ...args })).message as Json[]
}

describe('what a sync costs at Bridge', () => {
  it('the first time: one token, one call for the accounts, one for each 500 transactions, the categories', async () => {
    const made = await sandboxed()
    made.clock.advance(3 * 60 * 60_000) // the token of the connection is over

    const rows = await sync(made)

    expect(rows.length).toBeGreaterThan(10_000)
    expect(await made.counted()).toEqual({
      [token]: 1,
      [accounts]: 1,
      [transactions]: Math.ceil(rows.length / 500),
      [categories]: 1,
    })
  })

  it('with `since`: one page, and the categories once a day', async () => {
    const made = await sandboxed()
    await sync(made)
    await made.counted()
    made.clock.advance(60_000)
    const since = new Date(made.clock.now()).toISOString()
    await made.lever('POST', `items/${made.itemId}/refresh`)

    await sync(made, { since })
    expect(await made.counted()).toEqual({ [accounts]: 1, [transactions]: 1 })

    made.clock.advance(day + 1)
    await sync(made, { since })
    expect(await made.counted()).toMatchObject({ [token]: 1, [categories]: 1 })
  })

  it('ten at once cost as much as one', async () => {
    const made = await sandboxed()
    made.clock.advance(3 * 60 * 60_000)

    const answers = await Promise.all(Array.from({ length: 10 }, () => sync(made)))

    expect(new Set(answers.map((rows) => rows.length)).size).toBe(1)
    expect(await made.counted()).toEqual({
      [token]: 1,
      [accounts]: 1,
      [transactions]: Math.ceil(answers[0]!.length / 500),
      [categories]: 1,
    })
  })

  it('what is shared is not mixed up: two languages at once get each their own category names', async () => {
    const made = await sandboxed()

    const [french, english] = await Promise.all([
      sync(made, { lang: 'fr', min_date: '2026-03-01' }),
      sync(made, { lang: 'en', min_date: '2026-03-01' }),
    ])

    const { message: tree } = await made.call('get_category', { lang: 'en' })
    const names = new Map<number, string>()
    for (const parent of tree) {
      for (const { id, name } of [parent, ...(parent.categories ?? [])]) names.set(id, name)
    }
    for (const row of english) expect(row.category).toBe(names.get(row.category_id))
    expect(french.map((row: Json) => row.id)).toEqual(english.map((row: Json) => row.id))
    expect(french.map((row: Json) => row.category)).not.toEqual(
      english.map((row: Json) => row.category),
    )
  })

  it('a bank is asked for once, however often its name is wanted within a day', async () => {
    const made = await sandboxed()
    made.clock.advance(day + 1) // the connection asked for its name

    for (let count = 0; count < 5; count += 1) await made.call('get_single_bank', { bank_id: 574 })
    await made.walk('get_bridge_connect_link', { user: 'ben@acme.test', bank: 'Demo Bank' })

    expect(await made.counted()).toMatchObject({ 'GET providers/574': 1 })
  })
})

describe('a site that asks too much', () => {
  it('is answered 429 with the time its user may call again, before Bridge has to say so', async () => {
    const { call, itemId, counted, lever } = await sandboxed()
    await lever('POST', 'quotas', { on: true })
    const statuses: number[] = []
    let refusal: Json
    for (let count = 0; count < 70; count += 1) {
      const answer = await call('get_bank_accounts', { item_id: itemId })
      statuses.push(answer.status)
      if (answer.status === 429) refusal ??= answer
    }

    const counts = await counted()
    expect(counts[accounts]).toBe(statuses.filter((status) => status === 200).length)
    expect(counts[accounts]).toBeLessThanOrEqual(60)
    expect(refusal.body).toMatchObject({ exc_type: 'TooManyRequestsError' })
    expect(Number(refusal.headers['x-ratelimit-reset'])).toBeGreaterThan(50)
    expect(Number(refusal.headers['x-ratelimit-reset'])).toBeLessThanOrEqual(61)
  })
})
