import { describe, expect, it } from 'vitest'
import type { CallRecord } from '../../src/db/ports/history.ts'
import { testNow } from '../support/clock.ts'
import {
  aRequest,
  aTenant,
  aUser,
  anAnnouncement,
  addItems,
  itemFacts,
  testBy,
} from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

const aCall = (fields: Partial<CallRecord> = {}): CallRecord => ({
  id: 'req_1',
  at: testNow,
  method: 'bank_api.bridge.get_bank_accounts',
  status: 200,
  excType: null,
  durationMs: 12,
  tenantId: null,
  siteId: null,
  apiKey: null,
  request: null,
  itemId: null,
  bridge: [{ call: 'GET /v3/aggregation/accounts', status: 200, ms: 9 }],
  ...fields,
})

export function operateContract(name: string, open: OpenRooms): void {
  const withSite = async () => {
    const rooms = open()
    const { store, clock } = rooms
    await store.createInstance({
      mode: 'sandbox',
      wrappedPepper: Buffer.from('pepper'),
      dataKeys: [],
      at: 1,
    })
    const acme = await aTenant(rooms, { sites: ['one', 'two'] })
    const webhookUrl = 'https://one.acme.test/hook'
    await store.updateSite(acme.site.id, { webhookUrl }, testBy)
    const ann = await aUser(rooms, acme.site, { name: 'ann' })
    const claim = () =>
      store.claimDeliveries({
        by: 'srv_test',
        at: clock.now(),
        leaseUntil: clock.now() + 60_000,
        limit: 9,
      })
    const settle = ({ id, attempt }: { id: string; attempt: number }, kind: 'delivered' | 'dead') =>
      store.settleDelivery({
        id,
        attempt,
        at: clock.now(),
        outcome: { kind },
        try: {
          startedAt: clock.now(),
          durationMs: 3,
          status: kind === 'dead' ? 500 : 200,
          error: null,
          response: Buffer.from('sealed'),
        },
        endpoint: { webhookUrl, status: kind === 'dead' ? 500 : 200 },
      })
    return { ...rooms, acme, ann, claim, settle, webhookUrl }
  }

  describe(`figures, ${name}`, () => {
    it('count what there is, and what still waits', async () => {
      const { store, clock, ann, claim, settle, ...rooms } = await withSite()
      const make = { store, clock, ...rooms }
      await addItems(make, ann, 7)
      const facts = itemFacts({ id: 8, authenticationExpiresAt: 99 })
      await store.keepItems(ann.id, [facts], { at: testNow, complete: false })
      for (const itemId of [1, 2, 3, 3])
        await store.acceptEvent(anAnnouncement(make, ann, { itemId }))
      await store.acceptEvent(anAnnouncement(make, ann, { itemId: 4, handledAt: null }))
      const [first, second] = await claim()
      await settle(first!, 'delivered')
      await settle(second!, 'dead')

      expect(await store.readFigures(testNow)).toEqual({
        deliveries: { pending: 3, delivered: 1, dead: 1 },
        // What a worker has comes due again when its lease ends, and one waits behind another of its item.
        oldestDueAt: null,
        unhandledEvents: 1,
        endpoints: { healthy: 0, failing: 1, disabled: 0 },
        consentsEndAt: [99],
        tenants: 1,
        sites: 2,
        items: 2,
      })
      expect((await store.readFigures(testNow + 60_000)).oldestDueAt).toBe(testNow + 60_000)
    })

    it('what waits for a disabled tenant is not late', async () => {
      const { store, acme, ann, ...rooms } = await withSite()
      await store.acceptEvent(anAnnouncement(rooms, ann))
      expect((await store.readFigures(testNow)).oldestDueAt).toBe(testNow)

      await store.setTenantDisabled(acme.tenant.id, true, testBy)

      expect((await store.readFigures(testNow)).oldestDueAt).toBeNull()
    })
  })

  describe(`the last webhook, ${name}`, () => {
    it('the last webhook is Bridge’s last, not an event of ours', async () => {
      const { store, clock, ann, ids } = await withSite()
      expect(await store.lastWebhookAt(50)).toBeNull()
      const make = { clock, ids }
      const at = (receivedAt: number, dedupeKey: string) =>
        store.acceptEvent(anAnnouncement(make, ann, { receivedAt, dedupeKey }))

      await at(10, 'bridge:a')
      await at(30, 'connect.completed:x')
      await at(20, 'bridge:b')
      await at(40, 'account.changed:x')

      expect(await store.lastWebhookAt(50)).toBe(20)
      expect(await store.lastWebhookAt(19)).toBe(10)
    })
  })

  describe(`endpoints as an operator lists them, ${name}`, () => {
    it('those of sites with a webhook URL, with their last success', async () => {
      const { store, clock, acme, ann, claim, settle, webhookUrl, ids } = await withSite()
      await store.acceptEvent(anAnnouncement({ clock, ids }, ann))
      clock.advance(1_000)
      const [one] = await claim()
      await settle(one!, 'delivered')
      await store.allowTargets(acme.site.id, ['10.0.0.0/8'], testBy)

      const { id, name: site, tenantId } = acme.site
      expect(await store.listEndpoints()).toEqual([
        {
          site: { id, name: site, tenantId, tenant: 'acme', webhookUrl },
          health: { failingSince: null, disabledAt: null, disabledReason: null },
          allowedTargets: ['10.0.0.0/8'],
          lastDeliveredAt: testNow + 1_000,
        },
      ])
    })

    it('one that was never tried is there too', async () => {
      const { store } = await withSite()

      expect(await store.listEndpoints()).toMatchObject([
        { allowedTargets: [], lastDeliveredAt: null },
      ])
    })
  })

  describe(`whose a Bridge user is, ${name}`, () => {
    it('is told by its uuid', async () => {
      const { store, ann } = await withSite()

      expect(await store.findUuidOwner(ann.userUuid)).toEqual({
        tenant: 'acme',
        site: 'one',
        user: 'ann',
        userId: ann.id,
      })
      expect(await store.findUuidOwner('uuid-of-nobody')).toBeUndefined()
    })
  })

  describe(`the timeline of a thing, ${name}`, () => {
    it('a call is told by its id, and stored once', async () => {
      const { store } = await withSite()
      await store.addCalls([aCall(), aCall({ id: 'req_2' })])
      await store.addCalls([aCall({ status: 500 })])

      expect(await store.findTimeline('req_1')).toEqual({
        site: null,
        user: null,
        requests: [],
        item: null,
        events: [],
        calls: [aCall()],
        audit: [],
      })
    })

    it('an item is told with its requests, events, calls and audit', async () => {
      const { store, clock, ann, claim, settle, ids } = await withSite()
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
      const { store, clock, ann, ids } = await withSite()
      const event = anAnnouncement({ clock, ids }, ann)
      await store.acceptEvent(event)

      const byEvent = await store.findTimeline(event.id)

      expect(byEvent?.events).toMatchObject([{ id: event.id, delivery: { state: 'pending' } }])
      expect(await store.findTimeline(event.deliveryId)).toEqual(byEvent)
    })

    it('what nobody knows has no timeline', async () => {
      const { store } = await withSite()

      expect(await store.findTimeline('evt_none')).toBeUndefined()
      expect(await store.findTimeline('12345')).toBeUndefined()
    })
  })
}
