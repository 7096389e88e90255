import { describe, expect, it } from 'vitest'
import { defaultPresentation } from '../../src/db/ports/keys.ts'
import { testNow } from '../support/clock.ts'
import { aKey, aTenant, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

export function keyContract(name: string, open: OpenRooms): void {
  const withTenant = async () => {
    const rooms = open()
    const acme = await aTenant(rooms)
    const key = (apiKey: string, siteId: string | null = null) => ({
      apiKey,
      tenantId: acme.tenant.id,
      siteId,
      secretHash: Buffer.from(`hash of ${apiKey}`),
      label: 'back office',
      expiresAt: null,
    })
    const actions = async () =>
      (await rooms.store.listAudit({ action: 'key', limit: 20 })).map(({ action, subject }) => ({
        action,
        subject,
      }))
    return { ...rooms, acme, key, actions }
  }

  describe(`keys, ${name}`, () => {
    it('a key is found with its tenant and its site, and is audited', async () => {
      const { store, acme, key, actions } = await withTenant()

      await store.createKey(key('one', acme.site.id), testBy)
      await store.createKey({ ...key('all'), expiresAt: testNow + 1, lists: 'envelope' }, testBy)

      expect(await store.findKey('one')).toMatchObject({
        key: {
          ...key('one', acme.site.id),
          createdAt: testBy.at,
          lastUsedAt: null,
          lists: 'array',
        },
        tenant: acme.tenant,
        site: acme.site,
      })
      expect(await store.findKey('all')).toMatchObject({
        key: { expiresAt: testNow + 1, lists: 'envelope', links: 'object' },
        site: null,
      })
      expect(await actions()).toContainEqual({ action: 'key.created', subject: 'one' })
    })

    it('a key that was asked for before there was one is found at once', async () => {
      const { store, key } = await withTenant()

      expect(await store.findKey('one')).toBeUndefined()
      await store.createKey(key('one'), testBy)

      expect(await store.findKey('one')).toMatchObject({ key: { apiKey: 'one' } })
    })

    it('a key that may only read says so, and so does the audit', async () => {
      const { store, key } = await withTenant()
      await store.createKey({ ...key('reader'), readOnly: true }, testBy)
      await store.createKey(key('one'), testBy)

      expect((await store.findKey('reader'))?.key.readOnly).toBe(true)
      expect((await store.findKey('one'))?.key.readOnly).toBe(false)
      const [ofOne, ofReader] = await store.listAudit({ action: 'key.created', limit: 2 })
      expect(ofReader?.detail).toEqual({ site: null, label: 'back office', read_only: true })
      expect(ofOne?.detail).toEqual({ site: null, label: 'back office' })
    })

    it('a site has no more good keys than a bound says; those that ended do not count', async () => {
      const { store, acme, key, actions } = await withTenant()
      const of = (name: string) => key(name, acme.site.id)
      const bound = { mostOfSite: 3 }
      await store.createKey({ ...of('over'), expiresAt: testBy.at }, testBy)
      await store.createKey(key('tenant'), testBy)
      expect(await store.createKey(of('two'), testBy, bound)).toBe(true)
      expect(await store.createKey(of('three'), testBy, bound)).toBe(true)

      expect(await store.createKey(of('four'), testBy, bound)).toBe(false)
      expect(await store.findKey('four')).toBeUndefined()
      expect(await actions()).not.toContainEqual({ action: 'key.created', subject: 'four' })
      expect(await store.createKey(key('other'), testBy, bound)).toBe(true)
      expect(await store.createKey(of('operator'), testBy)).toBe(true)
      await store.changeKey('two', { kind: 'revoked' }, testBy)
      await store.changeKey('three', { kind: 'revoked' }, testBy)
      expect(await store.createKey(of('five'), testBy, bound)).toBe(true)
    })

    it('a change of presentation leaves the rest as it was', async () => {
      const { store, key, actions } = await withTenant()
      await store.createKey(key('one'), testBy)

      const changed = await store.changeKey(
        'one',
        { kind: 'updated', presentation: { links: 'url' } },
        testBy,
      )

      expect(changed).toMatchObject({ ...key('one'), links: 'url', lists: 'array' })
      expect(await store.findKey('one')).toMatchObject({ key: { links: 'url' } })
      expect(await actions()).toContainEqual({ action: 'key.updated', subject: 'one' })
      expect(
        await store.changeKey('none', { kind: 'updated', presentation: { links: 'url' } }, testBy),
      ).toBeUndefined()
    })

    it('a rotation keeps the secret before until its time', async () => {
      const { store, key, actions } = await withTenant()
      await store.createKey(key('one'), testBy)
      const rotation = { secretHash: Buffer.from('new'), previousUntil: testNow + 5 }

      expect(await store.changeKey('one', { kind: 'rotated', ...rotation }, testBy)).toMatchObject({
        secretHash: Buffer.from('new'),
        previousSecretHash: Buffer.from('hash of one'),
        previousSecretUntil: testNow + 5,
      })
      expect(await actions()).toContainEqual({ action: 'key.rotated', subject: 'one' })
      expect(
        await store.changeKey('none', { kind: 'rotated', ...rotation }, testBy),
      ).toBeUndefined()
    })

    it('another rotation while the secret before is good changes nothing, unless it is forced', async () => {
      const { store, key } = await withTenant()
      await store.createKey(key('one'), testBy)
      const rotate = (secret: string, more: { at?: number; force?: boolean } = {}) => {
        const { at = testBy.at, ...force } = more
        const rotation = { secretHash: Buffer.from(secret), previousUntil: testNow + 5, ...force }
        return store.changeKey('one', { kind: 'rotated', ...rotation }, { ...testBy, at })
      }
      const rotated = await rotate('second')

      expect(await rotate('third')).toEqual(rotated)
      expect(await rotate('third', { force: true })).toMatchObject({
        secretHash: Buffer.from('third'),
        previousSecretHash: Buffer.from('second'),
      })
      expect(await rotate('fourth', { at: testNow + 5 })).toMatchObject({
        secretHash: Buffer.from('fourth'),
        previousSecretHash: Buffer.from('third'),
      })
    })

    it('a revoked key loses the secret before, is not rotated, and keeps when it was revoked', async () => {
      const { store, key, actions } = await withTenant()
      await store.createKey(key('one'), testBy)
      const rotation = { secretHash: Buffer.from('new'), previousUntil: testNow + 5 }
      await store.changeKey('one', { kind: 'rotated', ...rotation }, testBy)

      await store.changeKey('one', { kind: 'revoked' }, { ...testBy, at: testNow + 1 })
      const again = await store.changeKey(
        'one',
        { kind: 'revoked' },
        { ...testBy, at: testNow + 2 },
      )

      expect(again).toMatchObject({
        revokedAt: testNow + 1,
        previousSecretHash: null,
        previousSecretUntil: null,
      })
      expect(await store.changeKey('one', { kind: 'rotated', ...rotation }, testBy)).toBeUndefined()
      expect(await store.changeKey('none', { kind: 'revoked' }, testBy)).toBeUndefined()
      const revoked = (await actions()).filter(({ action }) => action === 'key.revoked')
      expect(revoked).toEqual([{ action: 'key.revoked', subject: 'one' }])
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

    it('are listed without those that ended or were revoked', async () => {
      const rooms = open()
      const { tenant, tenantKey, siteKey } = await aTenant(rooms)
      const ending = await aKey(rooms, tenant, null, { expiresAt: 99 })
      await rooms.store.changeKey(siteKey.apiKey, { kind: 'revoked' }, testBy)
      const goodAt = async (at: number) =>
        (await rooms.store.listKeys(tenant.id, { goodAt: at })).map(({ apiKey }) => apiKey)

      expect((await goodAt(98)).toSorted()).toEqual(
        [tenantKey, ending].map((one) => one.apiKey).toSorted(),
      )
      expect(await goodAt(99)).toEqual([tenantKey.apiKey])
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
}
