import { describe, expect, it } from 'vitest'
import { ConflictError } from '../../src/db/store-errors.ts'
import { defaultPresentation } from '../../src/db/ports/keys.ts'
import { aKey, aTenant, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

export function tenantContract(name: string, open: OpenRooms): void {
  describe(`tenants, ${name}`, () => {
    it('a tenant is found by its name and listed by it', async () => {
      const { store } = open()

      const zoe = await store.createTenant({ id: 'ten_1', name: 'zoe' }, testBy)
      const abe = await store.createTenant({ id: 'ten_2', name: 'abe' }, testBy)

      expect(zoe).toEqual({ id: 'ten_1', name: 'zoe', createdAt: testBy.at, disabledAt: null })
      expect(await store.findTenant('zoe')).toEqual(zoe)
      expect(await store.findTenant('zo')).toBeUndefined()
      expect(await store.listTenants()).toEqual([abe, zoe])
    })

    it('a name is taken once, whoever is faster, and the loser leaves no trace', async () => {
      const { store } = open()

      const outcomes = await Promise.allSettled([
        store.createTenant({ id: 'ten_1', name: 'acme' }, testBy),
        store.createTenant({ id: 'ten_2', name: 'acme' }, testBy),
      ])

      const losers = outcomes.filter(({ status }) => status === 'rejected')
      expect(losers).toMatchObject([{ reason: expect.any(ConflictError) as Error }])
      expect(await store.listTenants()).toHaveLength(1)
      expect(await store.listAudit({ limit: 10 })).toHaveLength(1)
    })

    it('another spelling of a tenant finds it, and makes no second one', async () => {
      const { store } = open()
      const acme = await store.createTenant({ id: 'ten_1', name: 'Acme' }, testBy)

      const again = store.createTenant({ id: 'ten_2', name: 'ACME' }, testBy)

      await expect(again).rejects.toThrow('named Acme already')
      expect(await store.findTenant('acme')).toEqual(acme)
    })

    it('a key is found with its tenant and its site', async () => {
      const rooms = open()
      const { tenant, site, siteKey, tenantKey } = await aTenant(rooms)

      const ofSite = await rooms.store.findKey(siteKey.apiKey)
      const ofTenant = await rooms.store.findKey(tenantKey.apiKey)

      expect(ofSite).toMatchObject({ tenant, site, key: { apiKey: siteKey.apiKey } })
      expect(ofTenant).toMatchObject({ tenant, site: null, key: { siteId: null } })
      expect(await rooms.store.findKey('key_of_nobody')).toBeUndefined()
    })

    it('keys are listed for their tenant alone, and remember when they were used', async () => {
      const rooms = open()
      const acme = await aTenant(rooms)
      await aTenant(rooms, { name: 'other' })
      const labelled = await aKey(rooms, acme.tenant, null, { label: 'cron', expiresAt: 99 })

      await rooms.store.touchKey(labelled.apiKey, 1234)

      const keys = await rooms.store.listKeys(acme.tenant.id)
      expect(keys.map(({ apiKey }) => apiKey).toSorted()).toEqual(
        [acme.tenantKey, acme.siteKey, labelled].map(({ apiKey }) => apiKey).toSorted(),
      )
      expect(keys.find(({ apiKey }) => apiKey === labelled.apiKey)).toMatchObject({
        label: 'cron',
        expiresAt: 99,
        lastUsedAt: 1234,
        revokedAt: null,
      })
      expect((await rooms.store.findKey(acme.siteKey.apiKey))?.key.lastUsedAt).toBeNull()
    })
  })

  describe(`presentation of keys, ${name}`, () => {
    it('is the default unless the key was made with another', async () => {
      const rooms = open()
      const { tenant, siteKey } = await aTenant(rooms)
      const presentation = { bridgeVersion: '2021-06-01', links: 'url' } as const
      const old = await aKey(rooms, tenant, null, { presentation })

      expect((await rooms.store.findKey(siteKey.apiKey))?.key).toMatchObject(defaultPresentation)
      expect((await rooms.store.findKey(old.apiKey))?.key).toMatchObject({
        ...presentation,
        lists: 'array',
      })
    })
  })

  describe(`sites, ${name}`, () => {
    it('ensuring a site twice at once makes one, with one webhook secret', async () => {
      const rooms = open()
      const { tenant } = await aTenant(rooms)
      const site = (id: string) => ({
        id,
        tenantId: tenant.id,
        name: 'shop.acme.test',
        webhookSecret: Buffer.from(id),
      })

      const [one, two] = await Promise.all([
        rooms.store.ensureSite(site('sit_1'), testBy),
        rooms.store.ensureSite(site('sit_2'), testBy),
      ])

      expect(two).toEqual(one)
      expect(one).toMatchObject({ origin: null, allowedOrigins: [], timeZone: 'Europe/Paris' })
      const audit = await rooms.store.listAudit({ limit: 99 })
      expect(audit.filter(({ subject }) => subject === 'shop.acme.test')).toHaveLength(1)
    })

    it('two tenants may have a site of the same name', async () => {
      const rooms = open()

      const acme = await aTenant(rooms, { name: 'acme', sites: ['erp'] })
      const other = await aTenant(rooms, { name: 'other', sites: ['erp'] })

      expect(other.site.id).not.toBe(acme.site.id)
    })

    it('other spellings of a name are the same site, within the scope alone', async () => {
      const rooms = open()
      const acme = await aTenant(rooms, { name: 'acme', sites: ['erp.acme.example', 'shop'] })
      const other = await aTenant(rooms, { name: 'other', sites: ['ERP'] })
      const { store } = rooms
      const onlyShop = { tenantId: acme.tenant.id, siteId: acme.sites[1]?.id ?? '' }
      const ensure = (id: string) =>
        store.ensureSite(
          { id, tenantId: acme.tenant.id, name: 'ERP.acme.example', webhookSecret: Buffer.of(1) },
          testBy,
        )

      const made = await Promise.all([ensure('sit_1'), ensure('sit_2')])

      expect(made.map(({ id }) => id)).toEqual([acme.site.id, acme.site.id])
      expect(await store.findSite(acme.scope, 'Erp.Acme.Example')).toMatchObject({
        id: acme.site.id,
        name: 'erp.acme.example',
      })
      expect(await store.findSite(onlyShop, 'ERP.acme.example')).toBeUndefined()
      expect(await store.findSite(other.scope, 'ERP.acme.example')).toBeUndefined()
    })

    it('a scope sees its own sites only, by name and by origin', async () => {
      const rooms = open()
      const acme = await aTenant(rooms, { name: 'acme', sites: ['one', 'two'] })
      const other = await aTenant(rooms, { name: 'other', sites: ['one'] })
      const [one, two] = acme.sites as [typeof acme.site, typeof acme.site]
      const origin = 'https://one.test'
      await rooms.store.updateSite(one.id, { origin }, testBy)
      const { store } = rooms
      const onlyTwo = { tenantId: acme.tenant.id, siteId: two.id }
      const mixed = { tenantId: other.tenant.id, siteId: one.id }

      expect((await store.findSite(acme.scope, 'one'))?.id).toBe(one.id)
      expect((await store.findSite(other.scope, 'one'))?.id).toBe(other.site.id)
      expect(await store.findSite(other.scope, 'two')).toBeUndefined()
      expect(await store.findSite(onlyTwo, 'one')).toBeUndefined()
      expect(await store.findSite(mixed, 'one')).toBeUndefined()
      expect(await store.findSitesByOrigin(acme.scope, origin)).toMatchObject([{ id: one.id }])
      expect(await store.findSitesByOrigin(other.scope, origin)).toEqual([])
      expect(await store.findSitesByOrigin(onlyTwo, origin)).toEqual([])
    })

    it('an origin of several sites is found twice: enough to know', async () => {
      const rooms = open()
      const { scope, sites } = await aTenant(rooms, { sites: ['one', 'two', 'three'] })
      const origin = 'https://bench.test'
      for (const { id } of sites) await rooms.store.updateSite(id, { origin }, testBy)

      expect(await rooms.store.findSitesByOrigin(scope, origin)).toHaveLength(2)
    })

    it('sites are listed by name, within the scope and the limit', async () => {
      const rooms = open()
      const { scope, sites } = await aTenant(rooms, { sites: ['c', 'a', 'b'] })
      await aTenant(rooms, { name: 'other', sites: ['aa'] })
      const namesIn = async (...args: Parameters<typeof rooms.store.listSites>) =>
        (await rooms.store.listSites(...args)).map((site) => site.name)

      expect(await namesIn(scope)).toEqual(['a', 'b', 'c'])
      expect(await namesIn(scope, 2)).toEqual(['a', 'b'])
      expect(await namesIn({ ...scope, siteId: sites[0]?.id ?? '' })).toEqual(['c'])
    })

    it('a site changes as told and no further, and the change is on record', async () => {
      const rooms = open()
      const { site, tenant } = await aTenant(rooms)
      const change = { allowedOrigins: ['https://hooks.acme.test'], timeZone: 'Indian/Reunion' }

      const changed = await rooms.store.updateSite(site.id, change, { actor: 'cli', at: 7 })

      expect(changed).toEqual({ ...site, ...change })
      expect(await rooms.store.listAudit({ tenantId: tenant.id, limit: 99 })).toContainEqual(
        expect.objectContaining({ action: 'site.updated', actor: 'cli', at: 7, detail: change }),
      )
    })

    it('a site that is not there cannot be changed', async () => {
      const { store } = open()

      await expect(store.updateSite('sit_none', { origin: null }, testBy)).rejects.toThrow(
        'sit_none',
      )
    })
  })
}
