import { expect, test } from 'vitest'
import { BridgeSchemaError } from '../../../src/bridge/bridge-errors.ts'
import { parseBridgeEvent } from '../../../src/bridge/events/webhook-events.ts'

const user_uuid = '766b2f5d-a942-492c-9ea7-2e5aa88cb672'
const timestamp = 1612782588323

test.each<[string, Record<string, unknown>]>([
  ['user.deleted', { user_uuid }],
  ['item.created', { item_id: 4568477, user_uuid }],
  [
    'item.refreshed',
    {
      account_types: 'payment',
      full_refresh: false,
      refresh_trigger: 'scheduler',
      item_id: 4568565,
      status_code: 0,
      status_code_info: 'ok',
      authentication_expires_at: '2025-09-04T10:25:35Z',
      user_uuid,
    },
  ],
  ['item.deleted', { item_id: 4568477, user_uuid }],
  ['item.account.created', { account_id: 22908770, balance: 1678.12, item_id: 4568477, user_uuid }],
  [
    'item.account.updated',
    { account_id: 47050682, data_access: 'disabled', item_id: 9947120, user_uuid },
  ],
  ['item.account.deleted', { account_id: 22908770, item_id: 4568477, user_uuid }],
])('%s is known and passes as it came', (type, content) => {
  expect(parseBridgeEvent({ content, timestamp, type })).toEqual({
    known: true,
    type,
    content,
    timestamp,
  })
})

test('a known event is narrowed by its type', () => {
  const event = parseBridgeEvent({
    type: 'item.refreshed',
    content: { item_id: 1, status_code: 3 },
  })

  if (!event.known || event.type !== 'item.refreshed') throw new Error('Not narrowed')
  const { item_id, status_code }: { item_id: number; status_code?: unknown } = event.content
  expect([item_id, status_code]).toEqual([1, 3])
})

test('the timestamp of a test event is in seconds and becomes milliseconds', () => {
  const event = parseBridgeEvent({
    content: { item_id: 1234567890, status: 0, user_uuid },
    timestamp: 1611681789,
    type: 'TEST_EVENT',
  })

  expect(event).toMatchObject({ known: true, timestamp: 1611681789000 })
})

test('an event of a type we do not know passes, whatever it holds', () => {
  const content = { consent: { id: 'x' }, item_id: 'not ours' }

  expect(parseBridgeEvent({ type: 'consent.revoked', content })).toEqual({
    known: false,
    type: 'consent.revoked',
    content,
  })
  expect(parseBridgeEvent({ type: 'toString', content: null, timestamp: null })).toEqual({
    known: false,
    type: 'toString',
    content: {},
  })
})

test.each([
  ['no object', 'item.created'],
  ['no type', { content: { item_id: 1 } }],
  ['a type that is no text', { type: 1, content: {} }],
  ['an item event without item', { type: 'item.created', content: { user_uuid } }],
  ['an account event without account', { type: 'item.account.updated', content: { item_id: 1 } }],
  ['an item id that is text', { type: 'item.created', content: { item_id: '1' } }],
  ['a user event without user', { type: 'user.deleted' }],
])('%s is refused', (_, body) => {
  expect(() => parseBridgeEvent(body)).toThrow(BridgeSchemaError)
})

test.each([
  ['item.deleted', { item_id: -1 }],
  ['item.account.deleted', { item_id: 1, account_id: -1 }],
])('%s of an id below zero is refused: nothing could be asked about it', (type, content) => {
  expect(() => parseBridgeEvent({ type, content })).toThrow(BridgeSchemaError)
})
