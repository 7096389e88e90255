import { describe, expect, it } from 'vitest'
import type { CallRecord } from '../../src/db/ports/history.ts'
import { testNow } from '../support/clock.ts'
import { aRequest, anAnnouncement, itemFacts } from '../support/tenants.ts'
import { withWebhook } from './rooms.ts'
import type { OpenRooms } from './store.ts'

const aCall = (fields: Partial<CallRecord> = {}): CallRecord => ({
  id: 'req_1',
  at: testNow,
  method: 'bank_api.bridge.get_bank_accounts',
  status: 200,
  excType: null,
  refusal: null,
  durationMs: 12,
  tenantId: null,
  siteId: null,
  apiKey: null,
  request: null,
  itemId: null,
  bridge: [{ call: 'GET /v3/aggregation/accounts', status: 200, ms: 9 }],
  ...fields,
})

export function historyContract(name: string, open: OpenRooms): void {
  describe(`the timeline of a thing, ${name}`, () => {
    it('a call is told by its id, and stored once', async () => {
      const { store } = await withWebhook(open)
      const refusal = {
        code: 'item_not_found',
        message: 'é',
        named: { id: 7 },
        limit: 'key' as const,
      }
      await store.addCalls([aCall({ refusal }), aCall({ id: 'req_2' })])
      await store.addCalls([aCall({ status: 500 })])

      expect(await store.findTimeline('req_1')).toEqual({
        site: null,
        user: null,
        requests: [],
        item: null,
        events: [],
        calls: [aCall({ refusal })],
        audit: [],
      })
    })

    it('an item is told with its requests, events, calls and audit', async () => {
      const { store, clock, ann, claim, settle, ids } = await withWebhook(open)
      const rooms = { store, clock, ids }
      const request = await aRequest(rooms, ann)
      const announcement = anAnnouncement(rooms, ann, { itemId: 7 })
      const outcome = { state: 'completed' as const, step: null, item: itemFacts({ id: 7 }) }
      await store.settleRequest(request, { ...outcome, at: testNow }, announcement)
      const [delivery] = await claim()
      await settle(delivery!, 'delivered')
      await store.addCalls([aCall({ id: 'req_2', at: testNow + 1, request }), aCall({ itemId: 7 })])
      await store.audit({ at: 5, actor: 'cli', action: 'item.deleted', subject: '7' })
      await store.acceptEvent(anAnnouncement(rooms, ann, { itemId: 8 }))

      const timeline = await store.findTimeline('7')

      expect(timeline).toMatchObject({
        site: { name: 'one' },
        user: { name: 'ann' },
        requests: [{ id: request, state: 'completed', itemId: 7 }],
        item: { id: 7, status: 0 },
        events: [
          {
            id: announcement.id,
            delivery: { state: 'delivered', tries: [{ number: 1, status: 200 }] },
          },
        ],
        calls: [{ id: 'req_1' }],
        audit: [{ action: 'item.deleted' }],
      })
      expect(timeline?.events[0]).not.toHaveProperty('body')
      expect(timeline?.events[0]?.delivery?.tries[0]).not.toHaveProperty('response')
      expect(await store.findTimeline(request)).toMatchObject({
        requests: [{ id: request }],
        item: { id: 7 },
        calls: [{ id: 'req_1' }, { id: 'req_2' }],
      })
    })

    it('an event is told by its own id and by that of its delivery', async () => {
      const { store, clock, ann, ids } = await withWebhook(open)
      const event = anAnnouncement({ clock, ids }, ann)
      await store.acceptEvent(event)

      const byEvent = await store.findTimeline(event.id)

      expect(byEvent?.events).toMatchObject([{ id: event.id, delivery: { state: 'pending' } }])
      expect(await store.findTimeline(event.deliveryId)).toEqual(byEvent)
    })

    it('what nobody knows has no timeline', async () => {
      const { store } = await withWebhook(open)

      expect(await store.findTimeline('evt_none')).toBeUndefined()
      expect(await store.findTimeline('12345')).toBeUndefined()
    })
  })
}
