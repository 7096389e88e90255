import { describe, expect, it } from 'vitest'
import { testNow } from '../support/clock.ts'
import { aTenant, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

const hour = 60 * 60_000

/** An address for a site, or with `siteId: null` for all of a tenant. */
const offer = (
  id: string,
  of: { tenantId: string; siteId: string | null; apiKey: string | null },
  expiresAt = testNow + hour,
) => ({
  id,
  who: null,
  ...of,
  secretHash: Buffer.from(`offered ${id}`),
  madeAt: testNow,
  expiresAt,
})

const session = (id: string) => ({
  offeredHash: Buffer.from(`offered ${id}`),
  secretHash: Buffer.from(`cookie ${id}`),
  expiresAt: testNow + 2 * hour,
})

export function portalContract(name: string, open: OpenRooms): void {
  describe(`ways to a site's page, ${name}`, () => {
    const furnished = async () => {
      const rooms = open()
      const acme = await aTenant(rooms, { sites: ['erp.acme.test', 'shop.acme.test'] })
      const of = { tenantId: acme.tenant.id, siteId: acme.site.id, apiKey: acme.siteKey.apiKey }
      return { ...rooms, ...acme, of }
    }

    it('an address becomes a session once, found with what it stands and falls with', async () => {
      const { store, of, tenant, site } = await furnished()
      await store.offerSession(offer('por_1', of), testBy)

      const entered = await Promise.all(
        [1, 2, 3].map((ms) =>
          store.enterSession('por_1', session('por_1'), { actor: 'portal:x', at: testNow + ms }),
        ),
      )

      expect(entered.filter(Boolean)).toHaveLength(1)
      expect(await store.findSession('por_1')).toEqual({
        session: {
          id: 'por_1',
          who: null,
          ...of,
          secretHash: Buffer.from('cookie por_1'),
          madeAt: testNow,
          enteredAt: expect.any(Number),
          expiresAt: testNow + 2 * hour,
        },
        key: expect.objectContaining({ apiKey: of.apiKey, revokedAt: null }),
        tenant,
        site,
      })
    })

    it('one of a tenant has no site, and one of the command line no key', async () => {
      const { store, tenant } = await furnished()
      const of = { tenantId: tenant.id, siteId: null, apiKey: null }
      await store.offerSession(offer('por_1', of), testBy)

      expect(await store.findSession('por_1')).toMatchObject({
        key: null,
        tenant,
        site: null,
      })
      expect(await store.findSession('por_2')).toBeUndefined()
    })

    it('nobody enters with the hash of another address', async () => {
      const { store, of } = await furnished()
      await store.offerSession(offer('por_1', of), testBy)
      await store.offerSession(offer('por_2', of), testBy)

      expect(await store.enterSession('por_1', session('por_2'), testBy)).toBe(false)
    })

    it('what has expired is forgotten when the next is offered', async () => {
      const { store, of } = await furnished()
      await store.offerSession(offer('por_1', of, testNow + 1), testBy)
      await store.offerSession(offer('por_2', of), testBy)

      await store.offerSession(offer('por_3', of), { ...testBy, at: testNow + 1 })

      const found = await Promise.all(
        ['por_1', 'por_2', 'por_3'].map((id) => store.findSession(id)),
      )
      expect(found.map((one) => one?.session.id)).toEqual([undefined, 'por_2', 'por_3'])
    })

    it('one that was ended is gone, and the tenant’s audit names who offered, entered and ended it', async () => {
      const { store, of, tenant } = await furnished()
      await store.offerSession(offer('por_1', of), testBy)
      const by = { actor: 'portal:key', at: testNow + 1 }
      await store.enterSession('por_1', session('por_1'), by)

      const ended = await store.endSession('por_1', { ...by, at: testNow + 2 })
      const again = await store.endSession('por_1', by)

      expect([ended, again]).toEqual([true, false])
      expect(await store.findSession('por_1')).toBeUndefined()
      const audit = await store.listAudit({ tenantId: tenant.id, action: 'portal', limit: 9 })
      expect(audit.map(({ actor, action, subject }) => [actor, action, subject])).toEqual([
        ['portal:key', 'portal.ended', 'por_1'],
        ['portal:key', 'portal.entered', 'por_1'],
        ['test', 'portal.offered', 'por_1'],
      ])
    })

    it('those of one site end together, and of no other; its audit counts what was still good', async () => {
      const { store, of, tenant, site, sites } = await furnished()
      const command = { ...of, apiKey: null }
      await store.offerSession(offer('por_1', command), testBy)
      await store.offerSession(offer('por_2', of), testBy)
      await store.enterSession('por_2', session('por_2'), testBy)
      await store.offerSession(offer('por_3', of, testNow + 1), testBy)
      await store.offerSession(offer('por_4', { ...of, siteId: null }), testBy)
      await store.offerSession(offer('por_5', { ...of, siteId: sites[1]!.id }), testBy)
      const by = { actor: 'cli', at: testNow + 1 }

      expect(await store.endSiteSessions(site.id, by)).toBe(2)
      expect(await store.endSiteSessions(site.id, by)).toBe(0)

      const found = await Promise.all([1, 2, 3, 4, 5].map((n) => store.findSession(`por_${n}`)))
      expect(found.flatMap((one) => one?.session.id ?? [])).toEqual(['por_3', 'por_4', 'por_5'])
      const audit = await store.listAudit({ tenantId: tenant.id, action: 'portal.ended', limit: 9 })
      expect(audit).toMatchObject([{ actor: 'cli', subject: site.name, detail: { ended: 2 } }])
    })

    it('all that have not expired are listed, the newest first, whoever’s they are', async () => {
      const { store, of } = await furnished()
      const console = { tenantId: null, siteId: null, apiKey: null }
      await store.offerSession(offer('por_1', of, testNow + 1), testBy)
      await store.offerSession({ ...offer('ses_1', of), ...console, who: 'anne' }, testBy)
      await store.offerSession(offer('por_2', { ...of, siteId: null }), testBy)
      const listed = async (at: number) => (await store.listSessions(at)).map(({ id }) => id)

      expect(await listed(0)).toEqual(['ses_1', 'por_2', 'por_1'])
      expect(await listed(testNow + 1)).toEqual(['ses_1', 'por_2'])
    })
  })
}
