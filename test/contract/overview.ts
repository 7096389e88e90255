import { describe, expect, it } from 'vitest'
import type { NewEvent } from '../../src/db/ports/events.ts'
import type { ItemFacts } from '../../src/db/ports/items.ts'
import { testNow } from '../support/clock.ts'
import { aTenant, aUser, anAnnouncement, itemFacts, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

const dayMs = 24 * 60 * 60_000
const about = {
  failedSince: testNow - dayMs,
  asking: { statuses: [402, 1010], consentsUntil: testNow + 14 * dayMs },
}
const page = { limit: 10, offset: 0 }

/** Two tenants' sites, and what it takes to make them well or unwell. */
async function withSites(open: OpenRooms) {
  const rooms = open()
  const { store } = rooms
  const acme = await aTenant(rooms, {
    name: 'acme',
    sites: ['b.acme', 'A.acme', 'c.acme', 'd.acme'],
  })
  const other = await aTenant(rooms, { name: 'other', sites: ['e.other'] })
  const siteOf = (name: string) =>
    [...acme.sites, ...other.sites].find((site) => site.name === name)!
  const items = async (name: string, ...facts: Partial<ItemFacts>[]) => {
    const user = await aUser(rooms, siteOf(name), { name: `user of ${name}` })
    await store.keepItems(user.id, facts.map(itemFacts), { at: testNow, complete: false })
    return user
  }
  const webhook = async (name: string) => {
    const { id } = siteOf(name)
    await store.updateSite(id, { webhookUrl: `https://${name}/hook` }, testBy)
    return id
  }
  /** A try of all that is due ends so. */
  const end = async (kind: 'delivered' | 'dead', at = testNow) => {
    const lease = { at, by: 'srv_1', leaseUntil: at + 60_000, limit: 20 }
    for (const { id, attempt, site } of await store.claimDeliveries(lease)) {
      await store.settleDelivery({
        id,
        attempt,
        at,
        outcome: { kind },
        try: {
          startedAt: at,
          durationMs: 5,
          status: kind === 'dead' ? 500 : 200,
          error: null,
          response: null,
        },
        endpoint: { webhookUrl: site.webhookUrl, status: kind === 'dead' ? 500 : 200 },
      })
    }
  }
  const event = (name: string, fields: Partial<NewEvent> = {}) => {
    const { id } = siteOf(name)
    return store.acceptEvent(
      anAnnouncement(rooms, { id: 'usr_none', siteId: id } as never, { userId: null, ...fields }),
    )
  }
  const names = async (more: Partial<typeof page> = {}) =>
    (await store.listSiteStates({ ...page, ...more }, about)).map(({ name }) => name)
  const state = async (name: string) =>
    (await store.listSiteStates(page, about)).find((one) => one.name === name)!
  return { ...rooms, acme, siteOf, items, webhook, end, event, names, state }
}

export function overviewContract(name: string, open: OpenRooms): void {
  describe(`the installation at a glance, ${name}`, () => {
    it('sites are listed by name, all spellings alike, page by page', async () => {
      const { names } = await withSites(open)

      expect(await names()).toEqual(['A.acme', 'b.acme', 'c.acme', 'd.acme', 'e.other'])
      expect(await names({ limit: 2, offset: 2 })).toEqual(['c.acme', 'd.acme'])
      expect(await names({ offset: 5 })).toEqual([])
    })

    it('of one tenant there are its own alone', async () => {
      const { store, acme, items } = await withSites(open)
      await items('e.other', { id: 5, status: 402 })
      await items('c.acme', { id: 6, status: 402 })
      await items('d.acme', { id: 7, authenticationExpiresAt: testNow + dayMs })

      const rows = await store.listSiteStates(page, { ...about, tenantId: acme.tenant.id })

      expect(rows.map(({ name }) => name)).toEqual(['c.acme', 'd.acme', 'A.acme', 'b.acme'])
    })

    it('the worst come first: disabled, failing, needing attention; not what is gone, or only waits', async () => {
      const { store, items, webhook, event, end, names } = await withSites(open)
      await items(
        'A.acme',
        { id: 1, status: 1007 },
        { id: 2, authenticationExpiresAt: testNow + 15 * dayMs },
      )
      await items('b.acme', { id: 3, status: 402 })
      await items('c.acme', { id: 4, authenticationExpiresAt: testNow + 14 * dayMs })
      const leaving = await items('e.other', { id: 5, status: 402 })
      await store.keepItems(leaving.id, [], { at: testNow + dayMs, complete: true })
      await webhook('e.other')
      await event('e.other')
      await end('dead')

      expect(await names()).toEqual(['e.other', 'b.acme', 'c.acme', 'A.acme', 'd.acme'])
    })

    it('of each is told what was called, sent and refused, and how its connections are', async () => {
      const { store, acme, siteOf, items, webhook, event, end, state } = await withSites(open)
      const site = siteOf('b.acme')
      const call = {
        method: 'ping',
        excType: null,
        refusal: null,
        durationMs: 1,
        tenantId: acme.tenant.id,
        siteId: site.id,
        apiKey: null,
        request: null,
        itemId: null,
        bridge: [],
      }
      await store.addCalls([
        { ...call, id: 'req_1', at: testNow - 2 * dayMs, status: 500 },
        { ...call, id: 'req_2', at: testNow - 10, status: 404 },
        { ...call, id: 'req_3', at: testNow - 5, status: 200 },
        { ...call, id: 'req_4', at: testNow, status: 404, siteId: siteOf('c.acme').id },
      ])
      const [soon, later] = [testNow + dayMs, testNow + 90 * dayMs]
      await items(
        'b.acme',
        { id: 1, authenticationExpiresAt: soon },
        { id: 2, authenticationExpiresAt: later, status: 1010 },
        { id: 3, authenticationExpiresAt: later },
        { id: 4 },
      )
      await webhook('b.acme')
      await event('b.acme', { receivedAt: testNow - 3 * dayMs })
      await end('dead', testNow - 2 * dayMs)
      await event('b.acme', { receivedAt: testNow - 20 })
      await end('dead', testNow - 15)
      await event('b.acme', { receivedAt: testNow - 9 })
      await end('delivered')

      expect(await state('b.acme')).toEqual({
        id: site.id,
        name: 'b.acme',
        tenant: 'acme',
        isTenantDisabled: false,
        hasWebhookUrl: true,
        disabledAt: null,
        failingSince: null,
        lastCallAt: testNow - 5,
        lastDelivery: { at: testNow - 9, state: 'delivered' },
        failed: { calls: 1, webhooks: 1 },
        items: 4,
        asking: 2,
        consentEndsAt: soon,
      })
      expect(await state('d.acme')).toEqual({
        id: siteOf('d.acme').id,
        name: 'd.acme',
        tenant: 'acme',
        isTenantDisabled: false,
        hasWebhookUrl: false,
        disabledAt: null,
        failingSince: null,
        lastCallAt: null,
        lastDelivery: null,
        failed: { calls: 0, webhooks: 0 },
        items: 0,
        asking: 0,
        consentEndsAt: null,
      })
    })

    it('a disabled tenant’s sites say so, and a site being deleted is listed no more', async () => {
      const { store, acme, siteOf, names, state } = await withSites(open)
      await store.setTenantDisabled(acme.tenant.id, true, testBy)
      const { id, name: label } = siteOf('d.acme')
      const subject = { tenantId: acme.tenant.id, subjectId: id, name: label }
      await store.startRemoval(
        { id: 'rem_1', kind: 'site', ...subject, withBridgeUsers: false },
        testBy,
      )

      expect((await state('b.acme')).isTenantDisabled).toBe(true)
      expect((await state('e.other')).isTenantDisabled).toBe(false)
      expect(await names()).not.toContain('d.acme')
    })

    it('what became of the events since a time is counted', async () => {
      const { store, webhook, event, end } = await withSites(open)
      await webhook('b.acme')
      await event('b.acme', { receivedAt: testNow - 3 * dayMs })
      await end('dead', testNow - 2 * dayMs)
      await event('b.acme', { receivedAt: testNow - 20 })
      await event('b.acme', { receivedAt: testNow - 20 })
      await end('delivered')
      await event('b.acme', { handledAt: null })
      await event('d.acme')

      const lately = await store.countLately(testNow - dayMs)
      expect(lately).toEqual({ delivered: 1, pending: 2, dead: 0 })
    })

    it('ends of consents are counted step by step, those that are over by themselves', async () => {
      const { store, items } = await withSites(open)
      const at = (days: number) => ({ authenticationExpiresAt: testNow + days * dayMs })
      const user = await items('b.acme', { id: 9, ...at(1) })
      await store.keepItems(user.id, [], { at: testNow + dayMs, complete: true })
      await items(
        'c.acme',
        { id: 1, ...at(-3) },
        { id: 2, ...at(0) },
        { id: 3, ...at(6.9) },
        { id: 4, ...at(7) },
        { id: 5, ...at(20.9) },
        { id: 6, ...at(21) },
        { id: 7 },
      )

      const counted = await store.countConsentEnds({ from: testNow, stepMs: 7 * dayMs, steps: 3 })

      expect(counted).toEqual({ ended: 1, byStep: [2, 1, 1] })
    })
  })
}
