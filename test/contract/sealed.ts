import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/db/store.ts'
import { testNow } from '../support/clock.ts'
import { aTenant, aUser, anAnnouncement, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

export function sealedContract(name: string, open: OpenRooms): void {
  const withInstance = async () => {
    const rooms = open()
    await rooms.store.createInstance({
      mode: 'sandbox',
      wrappedPepper: Buffer.from('pepper'),
      dataKeys: [{ id: 'd1', wrappedKey: Buffer.from('one') }],
      at: 1,
    })
    return rooms
  }

  describe(`what is sealed, ${name}`, () => {
    const withSealed = async () => {
      const rooms = await withInstance()
      const { store, clock } = rooms
      const { site } = await aTenant(rooms)
      await store.updateSite(site.id, { webhookUrl: 'https://erp.acme.test/hook' }, testBy)
      const user = await aUser(rooms, site)
      const bodies = ['a', 'b', 'c']
      for (const body of bodies) {
        await store.acceptEvent(anAnnouncement(rooms, user, { body: Buffer.from(body) }))
      }
      const [claimed] = await store.claimDeliveries({
        at: clock.now(),
        by: 'srv_test',
        leaseUntil: clock.now() + 1,
        limit: 1,
      })
      await store.settleDelivery({
        id: claimed!.id,
        attempt: claimed!.attempt,
        at: clock.now(),
        outcome: { kind: 'delivered' },
        try: {
          startedAt: testNow,
          durationMs: 1,
          status: 200,
          error: null,
          response: Buffer.from('answer'),
        },
        endpoint: null,
      })
      const secret = Buffer.from('next secret')
      await store.rotateWebhookSecret(site.id, { secret, previousUntil: testNow + 5 }, testBy)
      return { store, site, claimed: claimed! }
    }

    it('is listed place by place, page by page, with the id its row is named by', async () => {
      const { store, site, claimed } = await withSealed()
      const list = async (place: Parameters<Store['listSealed']>[0]) =>
        (await store.listSealed(place, null, 10)).map(({ rowId, sealed }) => [rowId, sealed])

      const first = await store.listSealed('event-body', null, 2)
      const rest = await store.listSealed('event-body', first[1]!.key, 2)

      expect([...first, ...rest].map(({ sealed }) => sealed.toString())).toEqual(['a', 'b', 'c'])
      expect(first[0]!.rowId).toMatch(/^evt_/)
      expect(await list('webhook-secret')).toEqual([[site.id, Buffer.from('next secret')]])
      expect(await list('previous-webhook-secret')).toEqual([[site.id, expect.any(Buffer)]])
      expect(await list('response')).toEqual([[claimed.id, Buffer.from('answer')]])
    })

    it.each(['event-body', 'webhook-secret', 'previous-webhook-secret', 'response'] as const)(
      'a %s is replaced while it is as it was',
      async (place) => {
        const { store } = await withSealed()
        const { key, sealed } = (await store.listSealed(place, null, 1))[0]!
        const to = Buffer.from('anew')

        const replaced = await store.replaceSealed(place, [
          { key, from: sealed, to },
          { key, from: sealed, to: Buffer.from('too late') },
        ])

        expect(replaced).toBe(1)
        expect((await store.listSealed(place, null, 1))[0]?.sealed).toEqual(to)
      },
    )
  })
}
