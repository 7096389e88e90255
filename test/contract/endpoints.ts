import { describe, expect, it } from 'vitest'
import { testNow } from '../support/clock.ts'
import { aTenant, anAnnouncement, testBy } from '../support/tenants.ts'
import { withWebhook } from './rooms.ts'
import type { OpenRooms } from './store.ts'

export function endpointContract(name: string, open: OpenRooms): void {
  describe(`endpoints as an operator lists them, ${name}`, () => {
    it('those of sites with a webhook URL, with their last success', async () => {
      const { store, clock, acme, ann, claim, settle, webhookUrl, ids } = await withWebhook(open)
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
        },
      ])
      expect(await store.lastDeliveries()).toEqual(new Map([[id, testNow + 1_000]]))
    })

    it('one that was never tried is there too', async () => {
      const { store } = await withWebhook(open)

      expect(await store.listEndpoints()).toMatchObject([{ allowedTargets: [] }])
      expect(await store.lastDeliveries()).toEqual(new Map())
    })

    it('that of a disabled tenant is not: nothing is sent there', async () => {
      const { store, acme } = await withWebhook(open)

      await store.setTenantDisabled(acme.tenant.id, true, testBy)

      expect(await store.listEndpoints()).toEqual([])
    })
  })

  describe(`how tries went, ${name}`, () => {
    it('of what came since then, by site: how many there were, and how many got no 2xx', async () => {
      const { store, clock, ids, acme, ann, claim, settle } = await withWebhook(open)
      const accept = (itemId: number) =>
        store.acceptEvent(anAnnouncement({ clock, ids }, ann, { itemId }))
      await accept(1)
      for (const one of await claim()) await settle(one, 'delivered')
      clock.advance(1_000)
      const since = clock.now()
      for (const itemId of [2, 3, 4]) await accept(itemId)
      const tried = await claim()
      for (const [n, one] of tried.entries()) await settle(one, n === 0 ? 'dead' : 'delivered')

      const of = { tenant: 'acme', site: acme.site.name }
      expect(await store.deliveryRates(since)).toEqual([{ ...of, tries: 3, failed: 1 }])
      expect(await store.deliveryRates(0)).toEqual([{ ...of, tries: 4, failed: 1 }])
      expect(await store.deliveryRates(clock.now() + 1)).toEqual([])
    })
  })

  describe(`ranges opened for an endpoint, ${name}`, () => {
    it('opened ranges are replaced as a whole, and leave the endpoint’s health alone', async () => {
      const rooms = open()
      const { store } = rooms
      const { site } = await aTenant(rooms)
      const rotation = { secret: Buffer.from('second'), previousUntil: 110 }
      await store.rotateWebhookSecret(site.id, rotation, { ...testBy, at: 10 })

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
