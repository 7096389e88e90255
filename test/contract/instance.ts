import { describe, expect, it } from 'vitest'
import { aTenant, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

const instance = (mode: string) => ({
  mode,
  wrappedPepper: Buffer.from(`pepper of ${mode}`),
  dataKeys: [{ id: 'd1', wrappedKey: Buffer.from(`key of ${mode}`) }],
  at: 1,
})

export function instanceContract(name: string, open: OpenRooms): void {
  describe(`instance, ${name}`, () => {
    it('a new database has no instance', async () => {
      const { store } = open()

      expect(await store.readInstance()).toBeUndefined()
    })

    it('the instance is read as it was created', async () => {
      const { store } = open()
      const { at: _, ...stored } = instance('sandbox')

      await store.createInstance(instance('sandbox'))

      expect(await store.readInstance()).toEqual(stored)
    })

    it('of two creations at once one wins, and both get its keys', async () => {
      const { store } = open()

      const [one, two] = await Promise.all([
        store.createInstance(instance('sandbox')),
        store.createInstance(instance('bridge:x')),
      ])

      expect(two).toEqual(one)
      expect(await store.readInstance()).toEqual(one)
    })

    it('the mode is replaced where it is the one that is named', async () => {
      const { store } = open()
      await store.createInstance(instance('bridge'))

      await store.replaceMode('bridge', 'bridge:x')
      await store.replaceMode('bridge', 'bridge:y')

      expect(await store.readInstance()).toMatchObject({ mode: 'bridge:x' })
    })

    it('the hashes of all keys change with the wrapped pepper, and only while it is the one given', async () => {
      const rooms = open()
      const { store } = rooms
      await store.createInstance(instance('sandbox'))
      const { tenant, site, siteKey, tenantKey } = await aTenant(rooms)
      await store.rotateKey(
        siteKey.apiKey,
        { secretHash: Buffer.from('new'), previousUntil: 9 },
        testBy,
      )
      const before = (await store.findKey(siteKey.apiKey))!.key
      const from = Buffer.from('pepper of sandbox')
      const own = (owner: object, hash: Buffer) =>
        Buffer.from(`${Object.values(owner).join()} ${hash.toString('hex')}`)

      await store.ownKeys(
        { from, to: Buffer.from('newer') },
        ({ tenantId, siteId }, hash) => own({ tenantId, siteId }, hash),
        testBy,
      )
      await store.ownKeys({ from, to: Buffer.from('newest') }, () => Buffer.from('twice'), testBy)

      expect((await store.readInstance())?.wrappedPepper.toString()).toBe('newer')
      expect((await store.findKey(siteKey.apiKey))?.key).toMatchObject({
        secretHash: own([tenant.id, site.id], before.secretHash),
        previousSecretHash: own([tenant.id, site.id], before.previousSecretHash!),
      })
      expect(
        (await store.findKey(tenantKey.apiKey))?.key.secretHash
          .toString()
          .startsWith(`${tenant.id}, `),
      ).toBe(true)
    })
  })
}
