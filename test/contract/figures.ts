import { describe, expect, it } from 'vitest'
import type { Site } from '../../src/db/ports/sites.ts'
import { dayMs } from '../../src/durations.ts'
import { testNow } from '../support/clock.ts'
import { addItems, anAnnouncement, itemFacts, testBy } from '../support/tenants.ts'
import { minuteMs, webhookUrl, withSites, withUser, withWebhook } from './rooms.ts'
import type { OpenRooms } from './store.ts'

export function figureContract(name: string, open: OpenRooms): void {
  describe(`figures, ${name}`, () => {
    it('count what there is, and what still waits', async () => {
      const { store, clock, ann, claim, settle, ...rooms } = await withWebhook(open)
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
        deliveries: { pending: 3, dead: 1 },
        oldestDueAt: null,
        unhandledEvents: 1,
        endpoints: { healthy: 0, failing: 1, disabled: 0 },
        failingSince: testNow,
        consentsEnding: [1, 1, 1, 1, 1, 1, 1],
        tenants: 1,
        sites: 2,
        items: 2,
      })
    })

    it('consents are those of items that live, by the days until their end, the last included', async () => {
      const { store, keep, ann } = await withUser(open)
      const facts = [-1, 0, 0.5, 1, 1.5, 7, 30, 31].map((days, index) =>
        itemFacts({ id: 10 + index, authenticationExpiresAt: testNow + days * dayMs }),
      )
      for (const one of [...facts, { id: 20 }, { id: 21, authenticationExpiresAt: testNow }]) {
        await keep(one)
      }
      expect((await store.readFigures(testNow)).consentsEnding).toEqual([3, 5, 6, 7, 7, 8, 9])

      const kept = [...facts, itemFacts({ id: 20 })]
      await store.keepItems(ann.id, kept, { at: testNow + minuteMs, complete: true })

      const { consentsEnding, items } = await store.readFigures(testNow)
      expect(items).toBe(9)
      expect(consentsEnding.at(-1)).toBe(8)
    })

    it('late is what is due at an endpoint that is well: what a worker has, once its lease ended', async () => {
      const { store, ann, claim, ...rooms } = await withWebhook(open)
      for (const itemId of [1, 1]) await store.acceptEvent(anAnnouncement(rooms, ann, { itemId }))
      const dueAt = async (at: number) => (await store.readFigures(at)).oldestDueAt

      expect(await dueAt(testNow - 1)).toBeNull()
      expect(await dueAt(testNow)).toBe(testNow)
      await claim()
      expect(await dueAt(testNow + 59_999)).toBeNull()
      expect(await dueAt(testNow + 60_000)).toBe(testNow + 60_000)
    })

    it('a dead site is late by itself: the longest that any takes nothing is told, and the others stay punctual', async () => {
      const { store, clock, sites, accept, claim, settle } = await withSites(open)
      const [dead, well] = sites as [Site, Site]
      await accept({ siteId: dead.id })
      const [tried] = await claim()
      clock.advance(minuteMs)
      const refused = { webhookUrl, status: 500 }
      await settle(tried!, { kind: 'failed', dueAt: testNow + 2 * minuteMs }, refused)
      const beside = await store.readFigures(testNow + 9 * minuteMs)
      await accept({ siteId: well.id })
      const behind = await store.readFigures(testNow + 9 * minuteMs)

      expect(beside).toMatchObject({ oldestDueAt: null, failingSince: testNow + minuteMs })
      expect(behind).toMatchObject({ oldestDueAt: testNow + minuteMs })
      expect(behind.endpoints).toEqual({ healthy: 1, failing: 1, disabled: 0 })
    })

    it('what rests on its word is not late, nor what is for a site that takes no webhooks any more', async () => {
      const { store, sites, accept, claim, settle } = await withSites(open)
      const [slow, gone] = sites as [Site, Site]
      for (const itemId of [1, 2]) await accept({ siteId: slow.id, itemId })
      const [first, second] = await claim()
      await settle(first!, { kind: 'failed', dueAt: testNow }, { webhookUrl, status: 429 })
      await settle(second!, { kind: 'delivered' }, { webhookUrl, status: 200 })
      const { oldestDueAt, endpoints } = await store.readFigures(testNow)
      await accept({ siteId: gone.id })
      expect((await store.readFigures(testNow)).oldestDueAt).toBe(testNow)

      await store.updateSite(gone.id, { webhookUrl: null }, testBy)

      expect({ oldestDueAt, endpoints }).toEqual({
        oldestDueAt: null,
        endpoints: { healthy: 2, failing: 0, disabled: 0 },
      })
      expect(await store.readFigures(testNow)).toMatchObject({
        oldestDueAt: null,
        endpoints: { healthy: 1, failing: 0, disabled: 0 },
      })
      expect((await store.readFigures(testNow + minuteMs)).oldestDueAt).toBe(testNow)
    })

    it('what waits for a disabled tenant is not late', async () => {
      const { store, acme, ann, ...rooms } = await withWebhook(open)
      await store.acceptEvent(anAnnouncement(rooms, ann))
      expect((await store.readFigures(testNow)).oldestDueAt).toBe(testNow)

      await store.setTenantDisabled(acme.tenant.id, true, testBy)

      expect(await store.readFigures(testNow)).toMatchObject({
        oldestDueAt: null,
        endpoints: { healthy: 0, failing: 0, disabled: 0 },
      })
    })
  })
}
