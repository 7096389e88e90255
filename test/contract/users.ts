import { describe, expect, it } from 'vitest'
import { ConflictError } from '../../src/db/store-errors.ts'
import { testNow } from '../support/clock.ts'
import { aTenant, aUser, itemFacts, testBy } from '../support/tenants.ts'
import { hide, hiding, withUser, withWebhook } from './rooms.ts'
import type { OpenRooms } from './store.ts'

const dayMs = 24 * 60 * 60_000

export function userContract(name: string, open: OpenRooms): void {
  describe(`Bridge users, ${name}`, () => {
    const onOneSite = async () => {
      const rooms = open()
      const tenant = await aTenant(rooms)
      const ensure = (id: string, user: string) =>
        rooms.store.ensureUser({ id, siteId: tenant.site.id, name: user, at: 1 })
      return { ...rooms, ...tenant, rooms, ensure }
    }

    it('the same user ensured many times at once is one', async () => {
      const { ensure, site } = await onOneSite()

      const made = await Promise.all(['u1', 'u2', 'u3'].map((id) => ensure(id, 'ann')))

      expect(made[0]).toMatchObject({ siteId: site.id, name: 'ann', userUuid: null })
      expect(new Set(made.map(({ id }) => id)).size).toBe(1)
    })

    it('other spellings of a name are the same user, however many come at once', async () => {
      const { ensure, store, scope } = await onOneSite()

      const made = await Promise.all([
        ensure('u1', 'Claire@Acme.example'),
        ensure('u2', 'claire@acme.example'),
        ensure('u3', 'CLAIRE@ACME.EXAMPLE'),
      ])

      const [{ id, name }] = made
      expect(made.map((user) => [user.id, user.name])).toEqual(made.map(() => [id, name]))
      expect(await store.findUsers(scope, 'claire@ACME.example')).toMatchObject([
        { user: { id, name } },
      ])
    })

    it('a name that took over the default user is found in its other spellings', async () => {
      const { ensure, store, scope } = await onOneSite()
      await ensure('u1', '')
      await ensure('u2', 'Ann')

      expect(await ensure('u3', 'ann')).toMatchObject({ id: 'u1', name: 'Ann' })
      expect(await store.findUsers(scope, 'ANN')).toMatchObject([{ user: { id: 'u1' } }])
    })

    it('the first named user takes over a lonely default one, with all it has', async () => {
      const { ensure, store, scope } = await onOneSite()
      const unnamed = await ensure('u1', '')
      await store.setUserUuid(unnamed.id, 'uuid-1')

      const ann = await ensure('u2', 'ann')

      expect(ann).toMatchObject({ id: 'u1', name: 'ann', userUuid: 'uuid-1' })
      expect(await store.findUsers(scope)).toHaveLength(1)
    })

    it('two first names at once: one takes over, the other is made', async () => {
      const { ensure } = await onOneSite()
      await ensure('u1', '')

      const [ann, bob] = await Promise.all([ensure('u2', 'ann'), ensure('u3', 'bob')])

      expect([ann.name, bob.name]).toEqual(['ann', 'bob'])
      expect([ann.id, bob.id].filter((id) => id === 'u1')).toHaveLength(1)
    })

    it('a default user beside a named one keeps to itself', async () => {
      const { ensure } = await onOneSite()
      await ensure('u1', 'ann')
      await ensure('u2', '')

      expect(await ensure('u3', 'bob')).toMatchObject({ id: 'u3', name: 'bob' })
      expect(await ensure('u4', '')).toMatchObject({ id: 'u2', name: '' })
    })

    it('the default user of another site is not taken over', async () => {
      const rooms = open()
      const { sites } = await aTenant(rooms, { sites: ['one', 'two'] })
      const [one, two] = sites.map(({ id }) => id) as [string, string]
      await rooms.store.ensureUser({ id: 'u1', siteId: one, name: '', at: 1 })

      const ann = await rooms.store.ensureUser({ id: 'u2', siteId: two, name: 'ann', at: 1 })

      expect(ann.id).toBe('u2')
    })

    it('a user is found by name and by uuid, within the scope alone', async () => {
      const rooms = open()
      const acme = await aTenant(rooms, { name: 'acme', sites: ['one', 'two'] })
      const other = await aTenant(rooms, { name: 'other' })
      const [one, two] = acme.sites as [typeof acme.site, typeof acme.site]
      const ann = await aUser(rooms, one, { name: 'ann' })
      const { store } = rooms
      const idsIn = async (...args: Parameters<typeof store.findUsers>) =>
        (await store.findUsers(...args)).map(({ user }) => user.id)

      expect(await idsIn(acme.scope, 'ann')).toEqual([ann.id])
      expect(await idsIn(acme.scope, ann.userUuid)).toEqual([ann.id])
      expect(await idsIn({ ...acme.scope, siteId: one.id }, 'ann')).toEqual([ann.id])
      expect(await idsIn(acme.scope, 'bob')).toEqual([])
      expect(await idsIn({ ...acme.scope, siteId: two.id }, ann.userUuid)).toEqual([])
      expect(await idsIn(other.scope, ann.userUuid)).toEqual([])
      expect(await idsIn(other.scope)).toEqual([])
      expect(await idsIn({ tenantId: other.tenant.id, siteId: one.id })).toEqual([])
    })

    it('a name on several sites is found twice: enough to know', async () => {
      const rooms = open()
      const { scope, sites } = await aTenant(rooms, { sites: ['one', 'two', 'three'] })
      for (const site of sites) await aUser(rooms, site, { name: 'ann' })

      const found = await rooms.store.findUsers(scope, 'ann')

      expect(found).toHaveLength(2)
      for (const { user, site } of found) expect(user.siteId).toBe(site.id)
    })

    it('a uuid belongs to one row of the whole installation', async () => {
      const rooms = open()
      const acme = await aTenant(rooms, { name: 'acme' })
      const other = await aTenant(rooms, { name: 'other' })
      await aUser(rooms, acme.site, { uuid: 'uuid-1' })
      const thief = await aUser(rooms, other.site, { uuid: null })

      const stealing = rooms.store.setUserUuid(thief.id, 'uuid-1')

      await expect(stealing).rejects.toThrow(ConflictError)
      const owner = await rooms.store.findUserByUuid('uuid-1')
      expect(owner).toMatchObject({ site: { id: acme.site.id }, tenantId: acme.tenant.id })
      expect(await rooms.store.findUserByUuid('uuid-2')).toBeUndefined()
    })

    it('tells the uuid a user has by now', async () => {
      const { ensure, store } = await onOneSite()
      const ann = await ensure('u1', 'ann')

      expect(await store.readUser(ann.id)).toEqual({ userUuid: null, email: null })
      await store.setUserUuid(ann.id, 'uuid-1')
      expect(await store.readUser(ann.id)).toEqual({ userUuid: 'uuid-1', email: null })
      expect(await store.readUser('nobody')).toBeUndefined()
    })

    it('says of a user that was deleted that its uuid is kept nowhere', async () => {
      const { ensure, store } = await onOneSite()
      const ann = await ensure('u1', 'ann')

      expect(await store.setUserUuid(ann.id, 'uuid-1')).toBe(true)
      expect(await store.setUserUuid('nobody', 'uuid-2')).toBe(false)
      expect(await store.findUserByUuid('uuid-2')).toBeUndefined()
    })

    it('of many callers one may read the item list, once per period', async () => {
      const { rooms, site, store } = await onOneSite()
      const user = await aUser(rooms, site)
      const claim = (at: number) => store.claimAdoptionRead(user.id, at, at - 100)

      const claims = await Promise.all([claim(1_000), claim(1_000), claim(1_000)])

      expect(claims.filter(Boolean)).toHaveLength(1)
      expect(await claim(1_100)).toBe(false)
      expect(await claim(1_101)).toBe(true)
    })

    it('a released claim may be taken again at once', async () => {
      const { rooms, site, store } = await onOneSite()
      const user = await aUser(rooms, site)
      await store.claimAdoptionRead(user.id, 1_000, 900)

      await store.claimAdoptionRead(user.id, 0)

      expect(await store.claimAdoptionRead(user.id, 1_000, 900)).toBe(true)
    })

    it('nobody claims for a user who is not there', async () => {
      const { store } = open()

      expect(await store.claimAdoptionRead('usr_none', testBy.at, 0)).toBe(false)
    })
  })

  describe(`users nobody heard of, ${name}`, () => {
    it('are listed by page, until they were asked for', async () => {
      const { store, clock, acme, ann, keep, ids } = await withUser(open)
      await keep({ id: 7 })
      const bob = await aUser({ store, clock, ids }, acme.site, { name: 'bob' })
      await store.keepItems(bob.id, [itemFacts({ id: 8 })], { at: testNow, complete: false })
      const unheard = async (before: number, after = '', limit = 9) =>
        (await store.listUnheard(before, { after, limit })).map(({ user }) => user.id)
      const both = [ann.id, bob.id].toSorted()

      expect(await unheard(testNow)).toEqual([])
      expect(await unheard(testNow + 1)).toEqual(both)
      expect(await unheard(testNow + 1, '', 1)).toEqual(both.slice(0, 1))
      expect(await unheard(testNow + 1, both[0])).toEqual(both.slice(1))

      await store.claimGoneLook(ann.id, { at: testNow + 1 })
      expect(await unheard(testNow + 1)).toEqual([bob.id])
      expect(await unheard(testNow + 2)).toEqual(both)
    })

    it.each(hiding)('leave out those with items %s', async (_, how) => {
      const rooms = await withUser(open)
      await rooms.keep({ id: 7 })

      await hide(rooms, how)

      expect(await rooms.store.listUnheard(testNow + dayMs, { after: '', limit: 9 })).toEqual([])
    })
  })

  describe(`whose a Bridge user is, ${name}`, () => {
    it('is told by its uuid', async () => {
      const { store, ann } = await withWebhook(open)

      const owners = (userUuid: string) => store.listUsers({ userUuid }, { limit: 2 })
      expect(await owners(ann.userUuid)).toMatchObject([
        { tenant: 'acme', site: { name: 'one' }, user: ann },
      ])
      expect(await owners('uuid-of-nobody')).toEqual([])
    })
  })
}
