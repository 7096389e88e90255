import { expect, test } from 'vitest'
import { createMovableClock } from '../../../src/clock.ts'
import { retryDelay, signWebhook } from '../../../src/sandbox/webhooks.ts'
import {
  aSession,
  aUser,
  anItem,
  answer,
  day,
  hour,
  minute,
  openSandbox,
  start,
} from './open-sandbox.ts'
import { openReceiver } from './receiver.ts'
import type { SwitchChanges } from '../../../src/sandbox/switches.ts'

async function withReceiver(switches: SwitchChanges = {}, secrets = ['one']) {
  const receiver = await openReceiver()
  const sandbox = openSandbox({
    switches,
    webhook: { url: () => receiver.url, secrets: () => secrets },
  })
  const user = await aUser(sandbox)
  const flush = async () => (await sandbox.lever('webhooks/flush')).pending
  const forget = () => receiver.received.splice(0)
  const lastOf = (type: string) =>
    receiver.received.findLast(({ event }) => event.type === type)?.event.content
  return { ...user, sandbox, receiver, flush, forget, lastOf }
}

test('the signature is the documented one, for each active secret', () => {
  const body =
    '{"content":{"item_id":1234567890,"status":0,"user_uuid":"9a95b38f-f98b-417a-988b-9d0d584893e7"},"timestamp":1611681789,"type":"TEST_EVENT"}'

  expect(signWebhook(body, ['test-webhook-secret', 'previous-webhook-secret'])).toBe(
    'v1=3A202A00873C00EA7750E5ECCDADADF69C4CEA9F5B93AF8751DBBB86C329464E,' +
      'v1=285359F7861E1CF42C23A72E52C1B1F535104199610F7E28DFF5948E5389ECC6',
  )
})

test('a new connection is told in the documented order, its history two minutes later', async () => {
  const { sandbox, token, uuid, receiver, flush, forget, lastOf } = await withReceiver()
  const id = await anItem(sandbox, token)
  await flush()

  const ids = { item_id: id, user_uuid: uuid }
  expect(receiver.types()).toEqual([
    'item.created',
    ...Array<string>(12).fill('item.account.created'),
    ...Array<string>(12).fill('item.account.updated'),
    'item.refreshed',
  ])
  expect(receiver.received[0]?.event).toEqual({
    content: ids,
    timestamp: start,
    type: 'item.created',
  })
  expect(lastOf('item.account.created')).toEqual({
    account_id: id * 16 + 11,
    balance: expect.any(Number),
    ...ids,
  })
  expect(lastOf('item.account.updated')).toEqual({
    account_id: id * 16 + 11,
    balance: expect.any(Number),
    nb_deleted_transactions: 0,
    nb_new_transactions: 24,
    nb_updated_transactions: 0,
    ...ids,
  })
  expect(lastOf('item.refreshed')).toEqual({
    account_types: 'all',
    full_refresh: false,
    refresh_trigger: 'connect',
    status_code: 0,
    status_code_info: 'ok',
    authentication_expires_at: '2026-09-13T09:30:00Z',
    ...ids,
  })

  forget()
  await sandbox.lever('clock', { advance: 2 * minute })
  await flush()

  expect(receiver.types()).toEqual([
    ...Array<string>(12).fill('item.account.updated'),
    'item.refreshed',
  ])
  expect(lastOf('item.refreshed')).toMatchObject({ full_refresh: true, refresh_trigger: 'connect' })
})

test('a connection that fails is created, then refreshed with its code', async () => {
  const { sandbox, token, receiver, flush, lastOf } = await withReceiver()

  await anItem(sandbox, token, '1003')
  await flush()

  expect(receiver.types()).toEqual(['item.created', 'item.refreshed'])
  expect(lastOf('item.refreshed')).toMatchObject({
    status_code: 1003,
    status_code_info: 'bank_is_down',
  })
  expect(lastOf('item.refreshed')).not.toHaveProperty('authentication_expires_at')
})

test('the item is told of before its code is given', async () => {
  const { sandbox, token, receiver, flush } = await withReceiver()
  const path = await aSession(sandbox, token, { provider_id: 574 })

  await sandbox.call('POST', path, { body: { step: 'credentials', login: 'otp', password: 'x' } })
  await flush()

  expect(receiver.types()).toEqual(['item.created'])
})

test('the scheduler refreshes twice a day, and once however far the clock moves', async () => {
  const { sandbox, token, receiver, flush, forget, lastOf } = await withReceiver()
  const id = await anItem(sandbox, token, 'success', {})
  await sandbox.lever('clock', { advance: hour })
  await flush()
  forget()

  const early = await sandbox.lever('clock', { advance: hour })
  const due = await sandbox.lever('clock', { advance: 11 * hour })
  const far = await sandbox.lever('clock', { advance: 20 * day })
  await flush()

  expect([early.refreshed, due.refreshed, far.refreshed]).toEqual([[], [id], [id]])
  expect(receiver.types().filter((type) => type === 'item.refreshed')).toHaveLength(2)
  expect(lastOf('item.refreshed')).toMatchObject({
    full_refresh: false,
    refresh_trigger: 'scheduler',
  })
  expect(lastOf('item.account.updated').nb_new_transactions).toBeGreaterThan(0)
})

test('the counters of a refresh are what changed in the rows', async () => {
  const { sandbox, token, receiver, flush, forget } = await withReceiver()
  const id = await anItem(sandbox, token)
  const list = '/v3/aggregation/transactions?limit=500'
  let since = new Date(start).toISOString()

  for (let n = 0; n < 30; n += 1) {
    await flush()
    forget()
    sandbox.clock.advance(minute)
    await sandbox.lever(`items/${id}/refresh`)
    await flush()
    const { body } = await sandbox.call('GET', `${list}&since=${since}`, { token })
    const told = receiver.received
      .filter(({ event }) => event.type === 'item.account.updated')
      .slice(-12)
      .map(({ event }) => event.content)
    const sum = (name: string) => told.reduce((total, content) => total + content[name], 0)
    const deleted = body.resources.filter((row: { deleted: boolean }) => row.deleted).length
    expect(sum('nb_deleted_transactions')).toBe(deleted)
    expect(sum('nb_new_transactions') + sum('nb_updated_transactions')).toBe(
      body.resources.length - deleted,
    )
    since = body.resources.at(-1).updated_at
  }
})

test('deletions are told', async () => {
  const { sandbox, token, uuid, receiver, flush, forget } = await withReceiver()
  const id = await anItem(sandbox, token)
  await flush()
  forget()

  await sandbox.call('DELETE', `/v3/aggregation/items/${id}`, { token })
  await sandbox.call('DELETE', `/v3/aggregation/users/${uuid}`)
  await flush()

  expect(receiver.received.map(({ event }) => [event.type, event.content])).toEqual([
    ['item.deleted', { item_id: id, user_uuid: uuid }],
    ['user.deleted', { user_uuid: uuid }],
  ])
})

test('narrowing an item tells of the accounts that go', async () => {
  const { sandbox, token, uuid, receiver, flush, forget, lastOf } = await withReceiver()
  const id = await anItem(sandbox, token)
  await flush()
  forget()

  const path = await aSession(sandbox, token, { item_id: id, account_types: 'payment' })
  await answer(sandbox, path, {})
  await flush()

  const gone = receiver.types().filter((type) => type === 'item.account.deleted')
  expect(gone).toHaveLength(6)
  expect(lastOf('item.account.deleted')).toEqual({
    account_id: id * 16 + 11,
    item_id: id,
    user_uuid: uuid,
  })
})

test('the test event has a time in seconds and a status', async () => {
  const { sandbox, uuid, receiver, flush } = await withReceiver({}, ['new', 'old'])

  await sandbox.lever('webhooks/test')
  await flush()

  const [only] = receiver.received
  expect(only?.event).toEqual({
    content: { item_id: 1234567890, status: 0, user_uuid: uuid },
    timestamp: Math.floor(start / 1000),
    type: 'TEST_EVENT',
  })
  expect(only?.signature).toBe(signWebhook(only?.body ?? '', ['new', 'old']))
  expect(only?.signature.split(',')).toHaveLength(2)
})

test.for([204, 301, 401, 500])('an answer of %i is tried again', async (status) => {
  const { sandbox, receiver, flush } = await withReceiver()
  receiver.status = status
  await sandbox.lever('webhooks/test')
  const waiting = await flush()

  receiver.status = 200
  const left = await flush()

  expect(waiting).toHaveLength(1)
  expect(left).toEqual([])
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1)
})

test('a receiver that never answers costs the time-out and is tried again', async () => {
  const { sandbox, receiver, flush } = await withReceiver({ webhookTimeout: 30 })
  receiver.status = 0

  await sandbox.lever('webhooks/test')

  expect(await flush()).toHaveLength(1)
})

test('a receiver that is away gets everything once the clock moves', async () => {
  const { sandbox, token, receiver, flush } = await withReceiver()
  receiver.status = 503
  await anItem(sandbox, token, '1003')
  await flush()
  receiver.received.splice(0)
  receiver.status = 200

  await sandbox.lever('clock', { advance: minute })
  await flush()

  expect(receiver.types()).toEqual(['item.created', 'item.refreshed'])
})

test('a webhook is given up after ten tries, a day and more after the first', async () => {
  const { sandbox, receiver, flush } = await withReceiver()
  receiver.status = 500
  await sandbox.lever('webhooks/test')

  for (let n = 0; n < 15; n += 1) await flush()

  const waits = Array.from({ length: 9 }, (_, n) => retryDelay(n + 1))
  expect(receiver.received).toHaveLength(10)
  expect(waits.reduce((sum, wait) => sum + wait)).toBeGreaterThan(day)
  expect(waits.reduce((sum, wait) => sum + wait)).toBeLessThan(2 * day)
})

test('without a receiver nothing is kept', async () => {
  const sandbox = openSandbox({ clock: createMovableClock({ now: () => start }) })
  const { token } = await aUser(sandbox)
  await anItem(sandbox, token)

  expect((await sandbox.call('GET', '/_sandbox/webhooks')).body).toEqual({ pending: [] })
})
