import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/db/store.ts'
import { testNow } from '../support/clock.ts'
import { aTenant, aUser, anAnnouncement, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

/** Something sealed with the data key of that id begins with the id, and its length before it. */
const sealedWith = (id: string, text: string): Buffer =>
  Buffer.concat([Buffer.from([id.length]), Buffer.from(id), Buffer.from(text)])

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
  const idsOf = async (store: Store) => (await store.listDataKeys()).map(({ id }) => id)

  describe(`data keys, ${name}`, () => {
    it('are listed oldest first; the server marks those it has once', async () => {
      const { store } = await withInstance()

      await store.addDataKey({ id: 'd2', wrappedKey: Buffer.from('two') }, 2)
      await store.markDataKeySeen('d2', 3)
      await store.markDataKeySeen('d2', 4)

      expect(await store.listDataKeys()).toEqual([
        { id: 'd1', wrappedKey: Buffer.from('one'), seenAt: null },
        { id: 'd2', wrappedKey: Buffer.from('two'), seenAt: 3 },
      ])
    })

    it('are wrapped anew together with the pepper', async () => {
      const { store } = await withInstance()
      const wrapped = {
        wrappedPepper: Buffer.from('pepper again'),
        dataKeys: [{ id: 'd1', wrappedKey: Buffer.from('one again') }],
      }

      await store.rewrap(wrapped, testBy)

      expect(await store.readInstance()).toEqual({ mode: 'sandbox', ...wrapped })
      expect(await store.listAudit({ action: 'keys.rewrapped', limit: 9 })).toHaveLength(1)
    })

    it.each(['webhook-secret', 'event-body'] as const)(
      'one with which a %s is sealed is kept, the others go',
      async (place) => {
        const { store, ...rooms } = await withInstance()
        const { tenant, site } = await aTenant({ store, ...rooms })
        await store.addDataKey({ id: 'used', wrappedKey: Buffer.from('used') }, 2)
        await store.addDataKey({ id: 'idle', wrappedKey: Buffer.from('idle') }, 3)
        await store.addDataKey({ id: 'new', wrappedKey: Buffer.from('new') }, 4)
        const sealed = sealedWith('used', 'text')
        if (place === 'webhook-secret') {
          const webhookSecret = sealed
          const more = { id: 'sit_more', tenantId: tenant.id, name: 'more', webhookSecret }
          await store.ensureSite(more, testBy)
        } else {
          const user = await aUser({ store, ...rooms }, site)
          await store.acceptEvent(anAnnouncement(rooms, user, { body: sealed }))
        }

        const dropped = await store.dropUnusedDataKeys('new', testBy)

        // The first tenant's own secret was sealed with d1, as the tests' keyring does.
        expect(dropped).toEqual(['idle'])
        expect(await idsOf(store)).toEqual(['d1', 'used', 'new'])
        expect(await store.listAudit({ action: 'keys.dropped', limit: 9 })).toMatchObject([
          { subject: 'idle' },
        ])
      },
    )
  })

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

  describe(`webhook secrets, ${name}`, () => {
    const withSite = async () => {
      const rooms = await withInstance()
      const { site } = await aTenant(rooms)
      const rotate = (secret: string, at: number, force = false) =>
        rooms.store.rotateWebhookSecret(
          site.id,
          { secret: Buffer.from(secret), previousUntil: at + 100, force },
          { ...testBy, at },
        )
      const previous = async () =>
        (await rooms.store.listSealed('previous-webhook-secret', null, 9))[0]?.sealed
      return { ...rooms, site, rotate, previous }
    }

    it('the new one signs, the one before is kept beside it', async () => {
      const { store, site, rotate, previous } = await withSite()
      const before = await store.readWebhookSecret(site.id)

      expect(await rotate('second', 10)).toBeNull()

      expect(await store.readWebhookSecret(site.id)).toEqual(Buffer.from('second'))
      expect(await previous()).toEqual(before)
      expect(await store.listAudit({ action: 'site.secret_rotated', limit: 9 })).toHaveLength(1)
    })

    it('a second rotation waits until the earlier secret has ended, unless it is forced', async () => {
      const { store, site, rotate, previous } = await withSite()
      await rotate('second', 10)

      expect(await rotate('third', 109)).toBe(110)
      expect(await store.readWebhookSecret(site.id)).toEqual(Buffer.from('second'))

      expect(await rotate('third', 109, true)).toBe(110)
      expect(await store.readWebhookSecret(site.id)).toEqual(Buffer.from('third'))
      expect(await previous()).toEqual(Buffer.from('second'))

      expect(await rotate('fourth', 209)).toBeNull()
    })

    it('nothing is rotated or read for a site that is not there', async () => {
      const { store } = await withSite()

      await expect(store.readWebhookSecret('sit_none')).rejects.toThrow('sit_none')
      await expect(
        store.rotateWebhookSecret(
          'sit_none',
          { secret: Buffer.from(''), previousUntil: 1 },
          testBy,
        ),
      ).rejects.toThrow('sit_none')
    })

    it('opened ranges are replaced as a whole, and leave the endpoint’s health alone', async () => {
      const { store, site, rotate } = await withSite()
      await rotate('second', 10)

      await store.allowTargets(site.id, ['10.0.0.0/8', 'fd00::/8'], testBy)
      await store.allowTargets(site.id, ['10.1.0.0/16'], testBy)

      expect(await store.readEndpoint(site.id)).toMatchObject({
        allowedTargets: ['10.1.0.0/16'],
        concurrency: 4,
        disabledAt: null,
      })
      expect(await store.readWebhookSecret(site.id)).toEqual(Buffer.from('second'))
      expect(await store.listAudit({ action: 'site.targets_allowed', limit: 9 })).toHaveLength(2)
    })
  })
}
