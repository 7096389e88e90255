import { fc, test as property } from './property.ts'
import { describe, expect, test } from 'vitest'
import { startLedger } from '../../../src/sandbox/ledger.ts'
import {
  aUser,
  anItem,
  day,
  hour,
  openSandbox,
  second,
  start,
  walk,
  type Json,
} from './open-sandbox.ts'
import { inForm } from '../../support/form.ts'

const list = '/v3/aggregation/transactions'
const stamp = (at: number) => new Date(at).toISOString()

async function connected(options: Parameters<typeof openSandbox>[0] = {}) {
  const sandbox = openSandbox(options)
  const user = await aUser(sandbox)
  const id = await anItem(sandbox, user.token)
  const rows = async (query: string, between?: () => Promise<void>): Promise<Json[]> =>
    walk(sandbox, user.token, `${list}?${query}`, between)
  const refresh = async (): Promise<void> => {
    await sandbox.lever(`items/${id}/refresh`)
  }
  return { ...sandbox, ...user, id, rows, refresh }
}

test('an item has about 12,000 rows over 24 months and twelve accounts', async () => {
  const { rows } = await connected()

  const all = await rows('limit=500')

  const months = new Set(all.map((row) => row.date.slice(0, 7)))
  expect(all.length).toBeGreaterThan(11_000)
  expect(all.length).toBeLessThan(13_000)
  expect(new Set(all.map((row) => row.account_id)).size).toBe(12)
  expect(months.has('2024-03')).toBe(true)
  expect(months.size).toBe(25)
  const ids: number[] = all.map((row) => row.id)
  expect(ids).toEqual(ids.toSorted((a, b) => b - a))
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.every((id) => id > 2 ** 32 && id < 2 ** 53)).toBe(true)
  expect(all.some((row) => row.deleted)).toBe(false)
})

test('a row has a date that equals another of its dates, and no null', async () => {
  const { rows } = await connected()

  const all = await rows('limit=500&min_date=2026-02-01')

  expect(JSON.stringify(all)).not.toContain('null')
  for (const row of all) {
    expect([row.booking_date, row.transaction_date, row.value_date]).toContain(row.date)
  }
  const future = all.filter((row) => row.future)
  expect(future.length).toBeGreaterThan(5)
  expect(new Set(future.map((row) => row.date))).toEqual(new Set(['2026-03-31']))
  expect(all.filter((row) => row.booking_date === undefined && !row.future).length).toBeGreaterThan(
    2,
  )
})

test('one transaction is answered as in the list', async () => {
  const { call, token, rows } = await connected()
  const [first] = await rows('limit=500&min_date=2026-03-10')

  const one = await call('GET', `${list}/${first.id}`, { token })

  expect(one.body).toEqual(first)
  expect((await call('GET', `${list}/${first.id + 1}`, { token })).status).toBe(404)
})

test('each refresh adds rows, books what was pending and deletes a few, seen since the last', async () => {
  const { clock, rows, refresh } = await connected()
  const before = new Map((await rows('limit=500')).map((row) => [row.id, row]))

  for (let n = 0; n < 3; n += 1) {
    const since = stamp(clock.now())
    clock.advance(20 * 60 * second)
    await refresh()
    const changed = await rows(`limit=500&since=${since}`)
    const known = changed.filter((row) => before.has(row.id))
    const booked = known.filter((row) => !before.get(row.id).booking_date && row.booking_date)
    expect(changed.length).toBeGreaterThan(known.length)
    expect(booked.length).toBeGreaterThan(0)
    expect(changed.filter((row) => row.deleted).length).toBeGreaterThan(0)
    expect(changed.length).toBeLessThan(80)
    for (const row of changed) before.set(row.id, row)
  }

  const live = [...before.values()].filter((row) => !row.deleted)
  const now = await rows('limit=500')
  expect(now).toEqual(live.toSorted((a, b) => b.id - a.id))
})

test('the future of deferred cards becomes past when their day has come', async () => {
  const sandbox = openSandbox()
  const { uuid, token } = await aUser(sandbox)
  await anItem(sandbox, token)
  const future = (await walk(sandbox, token, `${list}?min_date=2026-03-31&limit=500`)).map(
    (row) => row.id,
  )

  await sandbox.lever('clock', { advance: 15 * day })

  const { body } = await sandbox.call('POST', '/v3/aggregation/authorization/token', {
    body: { user_uuid: uuid },
  })
  const changed = await walk(
    sandbox,
    body.access_token,
    `${list}?since=${stamp(start + hour)}&limit=500`,
  )
  const past = changed.filter((row) => future.includes(row.id))
  expect(past.map((row) => row.future)).toEqual(future.map(() => false))
})

test('since is strict, until and the dates bound the answer', async () => {
  const { clock, rows, refresh } = await connected()
  clock.advance(hour)
  await refresh()
  const changed = await rows(`limit=500&since=${stamp(start)}`)
  const [first] = changed
  const days = async (query: string) =>
    new Set((await rows(`limit=500&${query}`)).map((row) => row.date))

  const times: number[] = changed.map((row) => Date.parse(row.updated_at))
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  const next = await rows(`limit=500&since=${first.updated_at}`)
  expect(next.map((row) => row.id)).not.toContain(first.id)
  expect(await rows(`limit=500&since=${stamp(start)}&until=${first.updated_at}`)).toEqual([])
  expect(await days('min_date=2026-03-02&max_date=2026-03-03')).toEqual(
    new Set(['2026-03-02', '2026-03-03']),
  )
})

test('account_id asks for one account', async () => {
  const { rows, id } = await connected()
  const account = id * 16 + 10

  const own = await rows(`account_id=${account}&limit=10`)

  expect(own).toHaveLength(24)
  expect(new Set(own.map((row) => row.account_id))).toEqual(new Set([account]))
})

test.for([
  'limit=0',
  'limit=501',
  'limit=x',
  'after=%25%25',
  'since=soon',
  'min_date=2026',
  'account_id=a',
])('%s is refused by name', async (query) => {
  const { call, token } = await connected()

  const answer = await call('GET', `${list}?${query}`, { token })

  expect([answer.status, answer.body.property]).toEqual([400, query.split('=')[0]])
})

test('next_uri has no host and carries the other parameters', async () => {
  const { call, token } = await connected()
  const query = 'since=2020-01-01T00:00:00.000Z&min_date=2026-01-01'

  const { body } = await call('GET', `${list}?${query}`, { token })

  expect(body.resources).toHaveLength(50)
  expect(body.pagination.next_uri).toMatch(
    /^\/v3\/aggregation\/transactions\?after=[^&]+&limit=50&since=2020-01-01T00%3A00%3A00.000Z&min_date=2026-01-01$/,
  )
})

describe('whatever the pages and however often rows change between them', () => {
  const shape = {
    limit: fc.integer({ min: 3, max: 60 }),
    changes: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    second: fc.boolean(),
  }
  const walkWhileChanging = async (
    { limit, changes, second: two }: { limit: number; changes: boolean[]; second: boolean },
    query: string,
  ) => {
    const sandbox = await connected()
    const other = two ? await anItem(sandbox, sandbox.token) : undefined
    for (let n = 0; n < 4; n += 1) {
      // What is due by then is done by then, not at the sandbox's next look by a clock of its own.
      await sandbox.lever('clock', { advance: hour / 8 })
      await sandbox.refresh()
    }
    const before = await sandbox.rows(`${query}&limit=500`)
    const left = [...changes]
    const seen = await sandbox.rows(`${query}&limit=${limit}`, async () => {
      if (left.shift() !== true) return
      await sandbox.refresh()
      if (other !== undefined) await sandbox.lever(`items/${other}/refresh`)
    })
    const after = await sandbox.rows(`${query}&limit=500`)
    return { before, seen, after }
  }

  property.prop(shape, { numRuns: inForm(5, 12) })(
    'a walk of the live rows meets each that lived through it exactly once',
    async (given) => {
      const { before, seen, after } = await walkWhileChanging(given, 'min_date=2026-03-10')

      const lasting = new Set(after.map((row) => row.id))
      const expected = before.filter((row) => lasting.has(row.id)).map((row) => row.id)
      const ids = seen.map((row) => row.id)
      expect(new Set(ids).size).toBe(ids.length)
      expect(ids).toEqual(expect.arrayContaining(expected))
    },
  )

  property.prop(shape, { numRuns: inForm(5, 12) })(
    'a walk since a moment is the one from before the changes, and the next has them all',
    async (given) => {
      const query = `since=${stamp(start + hour / 16)}` // behind the history of both connections
      const { before, seen, after } = await walkWhileChanging(given, query)

      const last = seen.at(-1)?.updated_at
      const later = after.filter((row) => row.updated_at > last)
      const merged = new Map([...seen, ...later].map((row) => [row.id, row]))
      expect(seen).toEqual(before)
      expect(merged).toEqual(new Map(after.map((row) => [row.id, row])))
    },
  )
})

test('what changes on one connection comes after all that was read since, also of another', async () => {
  const sandbox = await connected()
  const other = await anItem(sandbox, sandbox.token)
  sandbox.clock.advance(hour)
  await sandbox.refresh()
  const last = (await sandbox.rows(`limit=500&since=${stamp(start + 1)}`)).at(-1)

  await sandbox.lever(`items/${other}/refresh`)

  const next = await sandbox.rows(`limit=500&since=${last.updated_at}`)
  expect(next.length).toBeGreaterThan(0)
})

property.prop(
  {
    seed: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    gaps: fc.array(fc.integer({ min: 0, max: 40 * day }), { maxLength: 4 }),
  },
  { numRuns: inForm(4, 10) },
)('the same person with the same looks at the bank has the same rows', ({ seed, gaps }) => {
  const build = () => {
    const look = startLedger(seed)
    let at = start
    let ledger = look(at)
    for (const gap of gaps) ledger = look((at += gap))
    return ledger
  }

  const [one, two] = [build(), build()]

  expect(one).toEqual(two)
  expect(one.rows.length).toBeGreaterThan(11_000)
})

/** What a row is to a person, whatever its id. */
const asRead = (row: Json) => ({
  ...row,
  id: undefined,
  updated_at: undefined,
  account_id: row.account_id % 16,
})

test('who connects anew finds the rows of before under other ids, and what the bank did meanwhile', async () => {
  const { rows, clock, call, token, id, refresh, ...sandbox } = await connected()
  clock.advance(hour)
  await refresh()
  const before = (await rows('limit=500')).map(asRead)
  await call('DELETE', `/v3/aggregation/items/${id}`, { token })
  clock.advance(hour / 2)

  await anItem({ ...sandbox, clock, call }, token)

  const all = await rows('limit=500')
  const kept = all.filter(({ date }) => date < '2026-02-01').map(asRead)
  expect(all.every((row) => row.id > (id + 1) * 2 ** 24)).toBe(true)
  expect(kept.length).toBeGreaterThan(10_000)
  expect(before.slice(-kept.length)).toEqual(kept)
  const texts = new Set(before.map((row) => JSON.stringify(row)))
  const known = all.filter((row) => texts.has(JSON.stringify(asRead(row))))
  expect(known.length).toBeGreaterThan(before.length - 10)
  expect(all.length).toBeGreaterThan(known.length)
  // What the bank deleted is not there, and was never there for this connection.
  const changed = await rows(`limit=500&since=${stamp(start)}`)
  expect(changed).toHaveLength(all.length)
})

test('two connections of one person at a bank have the same rows, and no id in common', async () => {
  const sandbox = openSandbox()
  const { token } = await aUser(sandbox)
  const ids = [await anItem(sandbox, token), await anItem(sandbox, token)]
  await sandbox.lever(`items/${ids[0]}/refresh`)
  await sandbox.lever(`items/${ids[1]}/refresh`)
  await sandbox.lever(`items/${ids[0]}/refresh`)

  const rows = await walk(sandbox, token, `${list}?min_date=2026-03-01&limit=500`)

  const ofItem = (item?: number) =>
    rows
      .filter(({ account_id }) => Math.floor(account_id / 16) === item)
      .map((row) => `${row.account_id % 16} ${row.transaction_date ?? row.date} ${row.amount}`)
  const [one, two] = [ofItem(ids[0]), ofItem(ids[1])]
  expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length)
  // The first has seen one look more.
  expect(one.length).toBeGreaterThan(two.length - 3)
  expect(two.filter((row) => one.includes(row)).length).toBeGreaterThan(two.length - 5)
})

test('two people have other rows', async () => {
  const sandbox = openSandbox()
  const texts = []
  for (const { token } of [await aUser(sandbox), await aUser(sandbox)]) {
    await anItem(sandbox, token)
    const rows = await walk(sandbox, token, `${list}?min_date=2026-03-01&limit=500`)
    texts.push(...rows.map((row) => `${row.account_id % 16} ${row.date} ${row.amount}`))
  }

  expect(new Set(texts).size).toBeGreaterThan(texts.length * 0.7)
})

test('day by day rows come late, get other amounts and go, and none of those is a month old', () => {
  const look = startLedger(7)
  let before = look(start).rows
  const seen = { late: 0, otherAmount: 0, gone: 0 }

  for (let n = 1; n <= 30; n += 1) {
    const today = Math.floor(start / day) + n
    const { rows } = look(start + n * day)
    for (const [index, row] of rows.entries()) {
      const old = before[index]
      if (old === undefined && row.state === 'booked' && row.day < today - 1) seen.late += 1
      if (old?.state !== 'booked' || old === row) continue
      if (row.cents !== old.cents) seen.otherAmount += 1
      if (row.state === 'deleted') seen.gone += 1
      expect(old.day).toBeGreaterThan(today - 31)
    }
    before = rows
  }

  expect(seen.late).toBeGreaterThan(3)
  expect(seen.otherAmount).toBeGreaterThan(2)
  expect(seen.gone).toBeGreaterThan(5)
})

test('rows made anew after many refreshes are those that were kept', async () => {
  const sandbox = await connected()
  const since = `since=${stamp(start - second)}&limit=500`
  const { body } = await sandbox.call('GET', `${list}?${since}`, { token: sandbox.token })
  const rest: Json[] = []

  // Far more refreshes than are remembered between the first page and the second.
  for (let n = 0; n < 12; n += 1) await sandbox.refresh()
  const early = await sandbox.rows(body.pagination.next_uri.split('?')[1])
  rest.push(...body.resources, ...early)

  expect(new Set(rest.map((row) => row.id)).size).toBe(rest.length)
  expect(rest.length).toBeGreaterThan(11_000)
  expect(rest.every((row) => Date.parse(row.updated_at) <= start)).toBe(true)
})
