import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/db/store.ts'
import { aTenant, aUser, anAnnouncement, testBy } from '../support/tenants.ts'
import { withUser } from './rooms.ts'
import type { OpenRooms } from './store.ts'

/** Something sealed with the data key of that id begins with the id, and its length before it. */
const sealedWith = (id: string, text: string): Buffer =>
  Buffer.concat([Buffer.from([id.length]), Buffer.from(id), Buffer.from(text)])

const instance = (mode: string) => ({
  mode,
  wrappedPepper: Buffer.from(`pepper of ${mode}`),
  dataKeys: [{ id: 'd1', wrappedKey: Buffer.from(`key of ${mode}`) }],
  at: 1,
})

export function instanceContract(name: string, open: OpenRooms): void {
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

    it('a server is known by its version and time-outs, where there is one', async () => {
      const { store } = open()

      const server = await store.readServer()

      expect(server !== undefined).toBe(store.isShared)
      if (server) {
        expect(server.version).toMatch(/^\d+\.\d+/)
        expect(server.isPooled).toBe(false)
        expect(server.settings).toMatchObject({
          statement_timeout: '30000',
          lock_timeout: '5000',
          idle_in_transaction_session_timeout: '10000',
          max_connections: expect.stringMatching(/^\d+$/) as string,
          is_superuser: 'on',
        })
      }
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
      const rotation = { secretHash: Buffer.from('new'), previousUntil: 9 }
      await store.changeKey(siteKey.apiKey, { kind: 'rotated', ...rotation }, testBy)
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

  describe(`data keys, ${name}`, () => {
    it('are listed oldest first, with the servers that have them in hand', async () => {
      const { store } = await withInstance()
      await store.joinMembers({ id: 'srv_1', host: 'a', pid: 1 }, { at: 1, silentSince: 0 })
      const seen = async () => (await store.listDataKeys()).map(({ id, seenBy }) => [id, seenBy])
      await store.markDataKeySeen('d1', 'srv_1', 2)
      await store.addDataKey({ id: 'd2', wrappedKey: Buffer.from('two') }, 2)
      const before = await seen()

      await store.markDataKeySeen('d2', 'srv_1', 3)
      const after = await seen()
      await store.removeMember('srv_1')

      expect(before).toEqual([
        ['d1', ['srv_1']],
        ['d2', []],
      ])
      expect(after).toEqual([
        ['d1', ['srv_1']],
        ['d2', ['srv_1']],
      ])
      expect(await store.listDataKeys()).toEqual([
        { id: 'd1', wrappedKey: Buffer.from('one'), seenBy: [] },
        { id: 'd2', wrappedKey: Buffer.from('two'), seenBy: [] },
      ])
    })

    it('are wrapped anew together with the pepper', async () => {
      const { store } = await withInstance()
      const { wrappedPepper: from } = (await store.readInstance())!
      const to = Buffer.from('pepper again')
      const by = { ...testBy, action: 'keys.rewrapped' } as const
      const dataKeys = [{ id: 'd1', wrappedKey: Buffer.from('one again') }]

      expect(await store.rewrap({ pepper: { from, to }, dataKeys }, by)).toBe(true)

      expect(await store.readInstance()).toEqual({ mode: 'sandbox', wrappedPepper: to, dataKeys })
      expect(await store.listAudit({ action: 'keys.rewrapped', limit: 9 })).toHaveLength(1)
    })

    it('stay as they are when the pepper was wrapped anew since it was read', async () => {
      const { store } = await withInstance()
      const before = await store.readInstance()
      const by = { ...testBy, action: 'keys.rewrapped' } as const
      const pepper = { from: Buffer.from('read before'), to: Buffer.from('pepper again') }
      const dataKeys = [{ id: 'd1', wrappedKey: Buffer.from('one again') }]

      expect(await store.rewrap({ pepper, dataKeys }, by)).toBe(false)

      expect(await store.readInstance()).toEqual(before)
      expect(await store.listAudit({ action: 'keys.rewrapped', limit: 9 })).toEqual([])
    })

    it.each(['webhook-secret', 'event-body'] as const)(
      'one with which a %s is sealed is kept, and so is one that sealed lately; the others go',
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

        const early = await store.dropUnusedDataKeys(4, testBy)
        const dropped = await store.dropUnusedDataKeys(5, testBy)

        expect(early).toEqual([]) // `idle` sealed until the next one came
        // The first tenant's own secret was sealed with d1, as the tests' keyring does.
        expect(dropped).toEqual(['idle'])
        expect(await idsOf(store)).toEqual(['d1', 'used', 'new'])
        expect(await store.listAudit({ action: 'keys.dropped', limit: 9 })).toMatchObject([
          { subject: 'idle' },
        ])
      },
    )
  })

  describe(`how Bridge stands, ${name}`, () => {
    it('is read as it was last saved', async () => {
      const { store } = await withUser(open)
      await store.createInstance({
        mode: 'sandbox',
        wrappedPepper: Buffer.from('pepper'),
        dataKeys: [],
        at: 1,
      })
      expect(await store.readBridgeStatus()).toBeUndefined()

      await store.saveBridgeStatus({ at: 5, status: { up: true } })
      await store.saveBridgeStatus({ at: 6, status: { up: false } })

      expect(await store.readBridgeStatus()).toEqual({ at: 6, status: { up: false } })
    })
  })
}
