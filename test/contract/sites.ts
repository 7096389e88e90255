import { describe, expect, it } from 'vitest'
import { aTenant, testBy } from '../support/tenants.ts'
import { withWebhook } from './rooms.ts'
import type { OpenRooms } from './store.ts'

export function siteContract(name: string, open: OpenRooms): void {
  describe(`sites, ${name}`, () => {
    it('a site is read by its id, with its tenant', async () => {
      const { store, acme } = await withWebhook(open)

      expect(await store.readSite(acme.site.id)).toMatchObject({
        site: { name: 'one' },
        tenant: { name: 'acme' },
      })
      expect(await store.readSite('sit_none')).toBeUndefined()
    })

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
      expect(await store.listSites(acme.scope, 2, origin)).toMatchObject([{ id: one.id }])
      expect(await store.listSites(other.scope, 2, origin)).toEqual([])
      expect(await store.listSites(onlyTwo, 2, origin)).toEqual([])
    })

    it('an origin of several sites is found twice: enough to know', async () => {
      const rooms = open()
      const { scope, sites } = await aTenant(rooms, { sites: ['one', 'two', 'three'] })
      const origin = 'https://bench.test'
      for (const { id } of sites) await rooms.store.updateSite(id, { origin }, testBy)

      expect(await rooms.store.listSites(scope, 2, origin)).toHaveLength(2)
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

  describe(`webhook secrets, ${name}`, () => {
    const withSite = async () => {
      const rooms = open()
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
  })
}
