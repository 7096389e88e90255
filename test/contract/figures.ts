import { describe, expect, it } from 'vitest'
import { testNow } from '../support/clock.ts'
import { addItems, anAnnouncement, itemFacts, testBy } from '../support/tenants.ts'
import { withWebhook } from './rooms.ts'
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

    it('are of a server where there is one, whose version and time-outs are known', async () => {
      const { store } = open()

      const server = await store.readServer()

      expect(server !== undefined).toBe(store.isShared)
      if (server) {
        expect(server.version).toMatch(/^\d+\.\d+/)
        expect(server.settings).toMatchObject({
          statement_timeout: '30000',
          lock_timeout: '5000',
          idle_in_transaction_session_timeout: '10000',
          max_connections: expect.stringMatching(/^\d+$/) as string,
          is_superuser: 'on',
        })
      }
    })

    it('what waits for a disabled tenant is not late', async () => {
      const { store, acme, ann, ...rooms } = await withWebhook(open)
      await store.acceptEvent(anAnnouncement(rooms, ann))
      expect((await store.readFigures(testNow)).oldestDueAt).toBe(testNow)

      await store.setTenantDisabled(acme.tenant.id, true, testBy)

      expect((await store.readFigures(testNow)).oldestDueAt).toBeNull()
    })
  })
}
