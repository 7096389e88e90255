import { expect, test } from 'vitest'
import { dayMs } from '../../../src/durations.ts'
import { callMethod, testApp } from '../../support/app.ts'
import {
  aKey,
  anAnnouncement,
  aTenant,
  aUser,
  testBy,
  type TestKey,
} from '../../support/tenants.ts'

async function reading() {
  const made = await testApp()
  const { app, clock } = made
  const acme = await aTenant(app, { sites: ['one', 'two'] })
  const users = await Promise.all(acme.sites.map((site) => aUser(app, site)))
  const happens = async (
    nth = 0,
    fields: { type?: string; itemId?: number; body?: object } = {},
  ) => {
    const { type = 'item.refreshed', itemId = 7, body = { type, content: { item_id: 7 } } } = fields
    const event = anAnnouncement(app, users[nth]!, { type, itemId })
    const sealed = app.keyring.seal(JSON.stringify(body), `events/${event.id}`)
    await app.store.acceptEvent({ ...event, body: sealed })
    return event.id
  }
  const ask = (params: object = {}, as: TestKey = acme.siteKey) =>
    callMethod(app, 'get_events', params, { as })
  const events = async (params: object, as: TestKey = acme.siteKey) =>
    (await ask(params, as)).message.events.map(({ id }: { id: string }) => id)
  const now = async (as?: TestKey) => (await ask({}, as)).message.cursor as string
  return { ...made, app, clock, acme, happens, ask, events, now }
}

test('the feed begins now, and a cursor gives what came since', async () => {
  const { happens, ask, now, clock } = await reading()
  await happens()
  const first = await ask()
  expect(first.message).toEqual({ events: [], cursor: first.message.cursor, has_more: false })

  const id = await happens(0, { body: { type: 'item.refreshed', content: { item_id: 7, é: 1.5 } } })

  const { message } = await ask({ cursor: first.message.cursor })
  expect(message).toEqual({
    events: [
      {
        id,
        type: 'item.refreshed',
        site: 'one',
        item_id: 7,
        received_at: new Date(clock.now()).toISOString(),
        event: { type: 'item.refreshed', content: { item_id: 7, é: 1.5 } },
      },
    ],
    cursor: await now(),
    has_more: false,
  })
})

test('a page ends where it is asked to, and says that there is more', async () => {
  const { happens, ask, events, now } = await reading()
  const cursor = await now()
  const ids = [await happens(), await happens(), await happens()]

  const { message } = await ask({ cursor, limit: '2' })

  expect(message.events.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2))
  expect(message.has_more).toBe(true)
  expect(await events({ cursor: message.cursor })).toEqual([ids[2]])
})

test('large events come in several pages', async () => {
  const { happens, ask, now } = await reading()
  let cursor = await now()
  const ids: string[] = []
  const body = { type: 'x', content: { text: 'x'.repeat(63_000) } }
  for (let count = 0; count < 20; count += 1) ids.push(await happens(0, { type: 'x', body }))

  const pages: string[][] = []
  for (let more = true; more;) {
    const { message } = await ask({ cursor, limit: 500 })
    pages.push(message.events.map(({ id }: { id: string }) => id))
    cursor = message.cursor
    more = message.has_more
  }

  expect(pages.map(({ length }) => length)).toEqual([16, 4])
  expect(pages.flat()).toEqual(ids)
})

test('a site key reads its site, a tenant key all sites or the one it names', async () => {
  const { happens, events, now, acme } = await reading()
  const cursor = await now(acme.tenantKey)
  const [one, two] = [await happens(0), await happens(1)]

  expect(await events({ cursor })).toEqual([one])
  expect(await events({ cursor }, acme.tenantKey)).toEqual([one, two])
  expect(await events({ cursor, site: 'two' }, acme.tenantKey)).toEqual([two])
})

test('what a site without a webhook address has is there too, and no other type than those asked for', async () => {
  const { happens, events, now } = await reading()
  const cursor = await now()
  const made = [await happens(0, { type: 'a' }), await happens(0, { type: 'b' }), await happens()]

  expect(await events({ cursor, types: 'a, b' })).toEqual(made.slice(0, 2))
  expect(await events({ cursor, types: ['b', 'item.refreshed'] })).toEqual(made.slice(1))
  expect(await events({ cursor, types: '["b", "item.refreshed"]' })).toEqual(made.slice(1))
  expect(await events({ cursor, types: 'a,' })).toEqual(made.slice(0, 1))
  expect(await events({ cursor, types: '' })).toEqual(made)
})

test('since takes a time in the site’s zone', async () => {
  const { happens, events, app, acme, clock } = await reading()
  await app.store.updateSite(acme.site.id, { timeZone: 'Pacific/Auckland' }, testBy)
  await happens()
  const at = clock.now() + 60_000
  clock.advance(60_000)
  const later = await happens()
  const zone = { timeZone: 'Pacific/Auckland' }
  const local = new Date(at).toLocaleString('sv', zone)

  expect(await events({ since: local })).toEqual([later])
  expect(await events({ since: '2000-01-01' })).toHaveLength(2)
  expect(await events({ since: '2100-01-01' })).toEqual([])
})

test('a cursor from before the retention is refused with the oldest that works', async () => {
  const { happens, ask, events, app, clock, now } = await reading()
  const cursor = await now()
  await happens()
  clock.advance(20 * dayMs)
  const kept = await happens()
  clock.advance(11 * dayMs)
  expect(
    await app.store.purge('event-bodies', clock.now() - 30 * dayMs, { limit: 9 }),
  ).toMatchObject({ count: 1 })

  const refused = await ask({ cursor })

  expect(refused.status).toBe(417)
  expect(refused.body).toMatchObject({ exc_type: 'ValidationError', code: 'cursor_too_old' })
  const { oldest_cursor: oldest } = refused.body as { oldest_cursor: string }
  expect(refused.text).toContain(`the oldest cursor that works is ${oldest}`)
  expect(await events({ cursor: oldest })).toEqual([kept])
  expect(await events({ since: '2000-01-01' })).toEqual([kept])
})

test('a cursor older than the rows of events is refused, for who knows what came since', async () => {
  const { ask, clock, now, events, happens } = await reading()
  const cursor = await now()
  clock.advance(365 * dayMs)
  expect(await events({ cursor })).toEqual([])
  const kept = await happens()
  clock.advance(2_000)

  const { body } = await ask({ cursor })

  expect(body).toMatchObject({ code: 'cursor_too_old' })
  expect(await events({ cursor: (body as Record<string, string>)['oldest_cursor'] })).toEqual([
    kept,
  ])
})

test('a quiet site’s cursor lasts for as long as it asks', async () => {
  const { ask, clock, now } = await reading()
  let cursor = await now()
  for (let month = 0; month < 14; month += 1) {
    clock.advance(29 * dayMs)
    const { message } = await ask({ cursor })
    cursor = message.cursor
  }
  expect((await ask({ cursor })).status).toBe(200)
})

test('another tenant’s cursor is refused as one that is none', async () => {
  const { app, ask, acme, now } = await reading()
  const other = await aTenant(app, { name: 'other' })
  const theirs = await now(other.siteKey)
  const sister = await aKey(app, acme.tenant, acme.sites[1]!)

  const refusals = await Promise.all(
    [theirs, 'A'.repeat(22), 'nonsense'].map((cursor) => ask({ cursor })),
  )

  expect(refusals.map(({ status }) => status)).toEqual([417, 417, 417])
  expect(new Set(refusals.map(({ text }) => text)).size).toBe(1)
  expect(refusals[0]?.body).toMatchObject({ code: 'argument_invalid' })
  // Within a tenant a cursor is a place, and says nothing of what stands there.
  expect((await ask({ cursor: await now(sister) })).message.events).toEqual([])
})

test.each([
  [{ limit: 501 }, 'expected at most 500'],
  [{ limit: 0 }, 'expected a positive whole number'],
  [
    { cursor: 'nonsense' },
    "Argument 'cursor' is not valid: expected the cursor of an earlier answer",
  ],
  [{ types: { a: 1 } }, "Argument 'types' is not valid: expected up to 50 types of events"],
  [{ types: '["a"' }, "Argument 'types.0' is not valid: expected up to 50 types"],
  [{ types: '{"a": 1}' }, "Argument 'types.0' is not valid: expected up to 50 types"],
  [{ types: '[{"a": 1}]' }, "Argument 'types' is not valid: expected up to 50 types"],
  [{ types: [] }, "Argument 'types' is not valid: expected up to 50 types"],
  [{ types: ',' }, "Argument 'types' is not valid: expected up to 50 types"],
  [{ types: ['a b'] }, "Argument 'types.0' is not valid: expected up to 50 types"],
  [{ since: 'yesterday' }, "Argument 'since' is not a date"],
])('%j is refused in words', async (params, says) => {
  const { ask } = await reading()

  const { status, text } = await ask(params)

  expect(status).toBe(417)
  expect(text).toContain(says)
})

test('a key that only reads is told that a consent ends, without the link that renews it', async () => {
  const { app, acme, happens, ask, now } = await reading()
  const reader = await aKey(app, acme.tenant, acme.site, { readOnly: true })
  const cursor = await now()
  const content = { item_id: 7, days_left: 3, renew_url: 'https://bank.test/renew/token' }
  await happens(0, { type: 'consent.expiring', body: { type: 'consent.expiring', content } })
  const told = async (as: TestKey) => (await ask({ cursor }, as)).message.events[0].event.content

  expect(await told(acme.siteKey)).toEqual(content)
  expect(await told(reader)).toEqual({ ...content, renew_url: null })
})
