import { describe, expect, it } from 'vitest'
import { notFound } from '../../src/db/rules/item-notes.ts'
import { testNow } from '../support/clock.ts'
import {
  aTenant,
  aUser,
  addItems,
  anAnnouncement,
  aRequest,
  itemFacts,
  testBy,
} from '../support/tenants.ts'
import { hide, hiding, idsOf, withUser, withUsers } from './rooms.ts'
import type { OpenRooms } from './store.ts'

export function itemContract(name: string, open: OpenRooms): void {
  describe(`items, ${name}`, () => {
    it('an item is stored as Bridge described it', async () => {
      const { store, ann, scopes } = await withUsers(open)
      const facts = itemFacts({
        id: 7,
        providerName: 'Demo Bank',
        status: 1010,
        statusCodeInfo: 'otp_required',
        authenticationExpiresAt: 99,
      })

      await store.keepItems(ann.id, [facts], { at: testNow, complete: false })

      expect(await store.findItem(scopes.own, 7)).toMatchObject({
        user: ann,
        item: { ...facts, userId: ann.id, bank: null, createdAt: testNow, unreachableAt: null },
      })
    })

    it('another tenant and a sister site do not see it', async () => {
      const { store, scopes, keep } = await withUsers(open)
      await keep([7])

      const seen = Object.entries(scopes).map(
        async ([scope, value]) => [scope, (await store.findItem(value, 7)) !== undefined] as const,
      )

      expect(Object.fromEntries(await Promise.all(seen))).toEqual({
        own: true,
        site: true,
        sister: false,
        other: false,
        mixed: false,
      })
    })

    it('what Bridge says later replaces the state, not the names and not the birthday', async () => {
      const { store, ann, clock, scopes } = await withUsers(open)
      const named = itemFacts({ id: 7, providerName: 'Demo Bank' })
      await store.keepItems(ann.id, [named], { at: clock.now(), complete: false })
      clock.advance(1_000)

      const nameless = itemFacts({ id: 7, status: 402 })
      await store.keepItems(ann.id, [nameless], { at: clock.now(), complete: false })

      expect((await store.findItem(scopes.own, 7))?.item).toMatchObject({
        status: 402,
        providerName: 'Demo Bank',
        createdAt: testNow,
        updatedAt: testNow + 1_000,
      })
    })

    it('an item of another user is left alone', async () => {
      const { store, stranger, keep, scopes } = await withUsers(open)
      await keep([7])

      const stolen = itemFacts({ id: 7, status: 402 })
      await store.keepItems(stranger.id, [stolen], { at: testNow + 1, complete: true })

      expect((await store.findItem(scopes.own, 7))?.item).toMatchObject({
        status: 0,
        updatedAt: testNow,
      })
      expect(await store.listItems(stranger.id)).toEqual([])
    })

    it('what a whole list lacks is gone, and comes back when it is listed again', async () => {
      const { store, clock, keep, held, scopes } = await withUsers(open)
      await keep([1, 2, 3])
      clock.advance(3_000)

      await keep([1, 3])
      expect(await held()).toEqual([1, 3])
      expect(await store.findItem(scopes.own, 2)).toBeUndefined()

      clock.advance(2_001)
      await keep([1, 2, 3])
      expect(await held()).toEqual([1, 2, 3])
      expect((await store.findItem(scopes.own, 2))?.item).toMatchObject({ createdAt: testNow })
    })

    it('what Bridge said of an item before it was deleted does not bring it back', async () => {
      const { store, ann, clock, keep, held } = await withUsers(open)
      await keep([1, 2])
      clock.advance(60_000)
      const asked = clock.now()
      clock.advance(4_000)
      await store.applyEvent({ kind: 'item-gone', userId: ann.id, itemId: 2, at: clock.now() })

      await keep([1, 2], { at: asked })
      await store.updateItem(ann.id, itemFacts({ id: 2 }), asked)

      expect(await held()).toEqual([1])
    })

    it('what Bridge said of an item before it was deleted here does not bring it back', async () => {
      const { store, ann, clock, keep, held } = await withUsers(open)
      await keep([1, 2])
      clock.advance(60_000)
      const asked = clock.now()
      await store.deleteItem(2, { ...testBy, at: asked + 1 })

      await keep([1, 2], { at: asked })
      await store.updateItem(ann.id, itemFacts({ id: 2 }), asked)

      expect(await held()).toEqual([1])
    })

    it('what an event told since Bridge was asked is not taken back by the answer', async () => {
      const { store, ann, clock, keep, scopes } = await withUsers(open)
      await keep([7])
      const asked = clock.now()
      clock.advance(30_000)
      const news = { status: 1010, statusCodeInfo: 'otp', refreshed: false, accountTypes: null }
      const told = { ...news, at: clock.now(), authenticationExpiresAt: null }
      await store.applyEvent({ kind: 'item', userId: ann.id, itemId: 7, ...told })

      const consent = { authenticationExpiresAt: testNow + 99, providerName: 'Demo Bank' }
      await store.updateItem(ann.id, itemFacts({ id: 7, ...consent }), asked)

      const { status, statusCodeInfo, at: updatedAt } = told
      const item = { status, statusCodeInfo, updatedAt, ...consent }
      expect(await store.findItem(scopes.own, 7)).toMatchObject({ item })
    })

    it('an empty whole list takes all of that user’s items, and nobody else’s', async () => {
      const { rooms, store, clock, stranger, keep, held } = await withUsers(open)
      await keep([1, 2])
      await addItems(rooms, stranger, 3)
      clock.advance(3_000)

      await keep([])

      expect(await held()).toEqual([])
      expect(await store.listItems(stranger.id)).toHaveLength(1)
    })

    it('a part of a list takes nothing', async () => {
      const { clock, keep, held } = await withUsers(open)
      await keep([1, 2])
      clock.advance(3_000)

      await keep([1], { complete: false })

      expect(await held()).toEqual([1, 2])
    })

    it('an item stored while the list was on its way is not taken for gone', async () => {
      const { clock, keep, held } = await withUsers(open)
      await keep([1])
      clock.advance(1_000)
      const asked = clock.now()
      clock.advance(300)
      await keep([2], { complete: false })

      await keep([1], { at: asked })

      expect(await held()).toEqual([1, 2])
    })

    it('an item heard of just before the list was asked for is not taken for gone', async () => {
      const { clock, keep, held } = await withUsers(open)
      await keep([1, 2])
      clock.advance(2_000)

      await keep([1])
      expect(await held()).toEqual([1, 2])
      clock.advance(1)
      await keep([1])
      expect(await held()).toEqual([1])
    })

    it('a 404 marks an item once and takes nothing; the next good word clears the mark', async () => {
      const { store, keep, scopes } = await withUsers(open)
      await keep([7])
      const mark = async () => (await store.findItem(scopes.own, 7))?.item.unreachableAt

      await store.noteItem(7, notFound(10))
      await store.noteItem(7, notFound(20))
      expect(await mark()).toBe(10)

      await keep([7])
      expect(await mark()).toBeNull()
    })

    it('a deleted item is gone with its accounts, and on record', async () => {
      const { store, keep, scopes } = await withUsers(open)
      await keep([7, 8])
      await store.keepAccounts(
        [
          { id: 71, itemId: 7 },
          { id: 72, itemId: 7 },
          { id: 81, itemId: 8 },
        ],
        testNow,
      )

      expect(await store.deleteItem(7, testBy)).toEqual({ accounts: 2 })

      expect(await store.findItem(scopes.own, 7)).toBeUndefined()
      expect(await store.findItem(scopes.own, { accountId: 71 })).toBeUndefined()
      expect(await store.findItem(scopes.own, { accountId: 81 })).toBeDefined()
      expect(await store.listAudit({ limit: 1 })).toMatchObject([
        { action: 'item.deleted', actor: 'test', subject: '7' },
      ])
      expect(await store.deleteItem(7, testBy)).toEqual({ accounts: 0 })
    })
  })

  describe(`a user who is gone at Bridge, ${name}`, () => {
    const withTold = async () => {
      const made = await withUsers(open)
      const { rooms, store, ann, scopes, clock } = made
      const announce = (itemId: number) =>
        anAnnouncement(rooms, ann, { type: 'item.deleted', itemId })
      const told = async () => {
        const part = { after: null, limit: 99 }
        const rows = await store.listForExport(scopes.own.tenantId, 'events', part)
        return rows.map(({ row }) => row['itemId'])
      }
      await made.keep([7, 8, 9])
      const gone = { kind: 'item-gone', userId: ann.id, itemId: 9, at: clock.now() } as const
      await store.applyEvent(gone)
      return { ...made, announce, told }
    }

    it('has no items any more, each of which is announced, also one heard of since the question', async () => {
      const { store, ann, clock, held, announce, told } = await withTold()
      const end = { at: clock.now() - 60_000, announce }

      await store.endUser(ann.id, { ...end, userUuid: 'uuid-of-another' })
      expect([await held(), await told()]).toEqual([[7, 8], []])

      await store.endUser(ann.id, { ...end, userUuid: ann.userUuid })
      await store.endUser(ann.id, { ...end, userUuid: ann.userUuid })

      expect([await held(), await told()]).toEqual([[], [7, 8]])
      expect(await store.findUserByUuid(ann.userUuid)).toBeUndefined()
    })

    it('with the last item takes along what was still held here, and it is announced', async () => {
      const { store, ann, held, announce, told } = await withTold()

      await store.deleteItem(7, testBy, { withUser: ann.userUuid, announce })

      expect([await held(), await told()]).toEqual([[], [8]])
      expect(await store.findUserByUuid(ann.userUuid)).toBeUndefined()
    })

    it('made anew since with another uuid, keeps it, its address and its other items', async () => {
      const { rooms, store, ann, held, announce, told } = await withTold()
      await store.setUserUuid(ann.id, 'uuid-made-anew')
      const email = Buffer.from('sealed')
      await aRequest(rooms, ann, { email })

      await store.deleteItem(7, testBy, { withUser: ann.userUuid, announce })

      expect([await held(), await told()]).toEqual([[8], []])
      expect(await store.readUser(ann.id)).toEqual({ userUuid: 'uuid-made-anew', email })
    })

    it('and has no uuid any more loses its address with what is left, unless it was made anew', async () => {
      const { rooms, store, ann, announce } = await withTold()
      const email = Buffer.from('sealed')
      await aRequest(rooms, ann, { email })

      await store.deleteItem(7, testBy, { withUser: null })
      expect(await store.readUser(ann.id)).toEqual({ userUuid: ann.userUuid, email })

      await store.endUser(ann.id, { userUuid: ann.userUuid, at: testNow, announce })
      await store.deleteItem(8, testBy, { withUser: null })
      expect(await store.readUser(ann.id)).toEqual({ userUuid: null, email: null })
    })

    it('stays with its other items when only one is deleted', async () => {
      const { store, held, announce, told } = await withTold()

      await store.deleteItem(7, testBy, { announce })

      expect([await held(), await told()]).toEqual([[8], []])
    })
  })

  describe(`what is new of an item, ${name}`, () => {
    it('is stored for its user alone, and a missing item is not made', async () => {
      const { store, ann, stranger, keep, scopes } = await withUsers(open)
      await keep([7])
      const changed = itemFacts({ id: 7, status: 402 })

      await store.updateItem(stranger.id, changed, testNow + 1)
      expect((await store.findItem(scopes.own, 7))?.item.status).toBe(0)
      await store.updateItem(ann.id, changed, testNow + 1)
      await store.updateItem(ann.id, itemFacts({ id: 8 }), testNow + 1)

      expect((await store.findItem(scopes.own, 7))?.item).toMatchObject({
        status: 402,
        updatedAt: testNow + 1,
      })
      expect(await store.findItem(scopes.own, 8)).toBeUndefined()
    })
  })

  describe(`the item of a renewal link, ${name}`, () => {
    it('an item is found by its id alone, for its link was checked', async () => {
      const { store, ann, keep } = await withUser(open)
      await keep({ id: 7 })

      expect(await store.listConnections({ id: 7, ofServed: true })).toMatchObject([
        { item: { id: 7 }, user: ann },
      ])
      expect(await store.listConnections({ id: 8, ofServed: true })).toEqual([])
    })

    it.each(hiding)('not for items %s', async (_, how) => {
      const rooms = await withUser(open)
      await rooms.keep({ id: 7 })

      await hide(rooms, how)

      expect(await rooms.store.listConnections({ id: 7, ofServed: true })).toEqual([])
    })
  })

  describe(`a site’s items, ${name}`, () => {
    it('those that ask for something come first, then the consent that ends first, part by part', async () => {
      const { store, acme, keep, ann } = await withUser(open)
      await keep({ id: 7 })
      await keep({ id: 8, authenticationExpiresAt: testNow + 2 })
      await keep({ id: 9, authenticationExpiresAt: testNow + 1 })
      await keep({ id: 10, status: 1010, authenticationExpiresAt: testNow + 3 })
      await keep({ id: 11, status: 1007, authenticationExpiresAt: testNow + 4 })
      const of = { ...acme.scope, siteId: acme.site.id }
      const page = { first: [402, 1010], limit: 10, offset: 0 }

      const all = await store.listConnections(of, page)

      expect(idsOf(all)).toEqual([10, 9, 8, 11, 7])
      expect(all[0]?.user).toMatchObject(ann)
      const part = await store.listConnections(of, { ...page, limit: 2, offset: 1 })
      expect(idsOf(part)).toEqual([9, 8])
    })

    it('nobody else’s are among them, nor what is gone', async () => {
      const { store, scopes, keep } = await withUsers(open)
      await keep([7, 8])
      await keep([8], { at: testNow + 24 * 60 * 60_000 })
      const page = { first: [402], limit: 10, offset: 0 }
      const listed = async ({ tenantId, siteId }: (typeof scopes)['mixed']) =>
        idsOf(await store.listConnections({ tenantId, siteId }, page))

      expect(await listed({ ...scopes.own, siteId: scopes.site.siteId! })).toEqual([8])
      expect(await listed(scopes.sister)).toEqual([])
      expect(await listed(scopes.mixed)).toEqual([])
    })
  })

  describe(`connections as an operator lists them, ${name}`, () => {
    it('the consent that ends first comes first, those without an end last', async () => {
      const { store, acme, keep, ann, ...rooms } = await withUser(open)
      await keep({ id: 7 })
      await keep({ id: 8, authenticationExpiresAt: testNow + 2 })
      await keep({ id: 9, authenticationExpiresAt: testNow + 1 })
      const other = await aTenant({ store, ...rooms }, { name: 'other' })
      const eve = await aUser({ store, ...rooms }, other.site)
      const facts = itemFacts({ id: 10, authenticationExpiresAt: testNow })
      await store.keepItems(eve.id, [facts], { at: testNow, complete: false })

      const listed = await store.listConnections({})

      expect(idsOf(listed)).toEqual([10, 9, 8, 7])
      expect(listed[1]).toMatchObject({ tenant: 'acme', user: ann, site: { name: acme.site.name } })
      expect(idsOf(await store.listConnections({ tenantId: acme.tenant.id }))).toEqual([9, 8, 7])
      expect(idsOf(await store.listConnections({ endsUntil: testNow + 1 }))).toEqual([10, 9])
      expect(idsOf(await store.listConnections({ endsFrom: testNow + 1 }))).toEqual([9, 8])
      expect(idsOf(await store.listConnections({ siteId: other.site.id }))).toEqual([10])
      const behind = async (after: number, limit = 9) =>
        idsOf(await store.listConnections({}, { after, limit }))
      expect(await behind(10, 2)).toEqual([9, 8])
      expect(await behind(8)).toEqual([7])
      expect(await behind(7)).toEqual([])
    })

    it('those in some status can be left out, and those that brought something lately', async () => {
      const { store, keep } = await withUser(open)
      await keep({ id: 7, status: 1003, lastSuccessAt: 100 })
      await keep({ id: 8, status: 0, lastSuccessAt: 100 })
      await keep({ id: 9, status: 1003, lastSuccessAt: 200 })
      await keep({ id: 10, status: 1003 }, 150)

      const ids = async (filter: Parameters<typeof store.listConnections>[0]) =>
        idsOf(await store.listConnections(filter)).toSorted((a, b) => a - b)

      expect(await ids({ statusNot: [0, 1010] })).toEqual([7, 9, 10])
      expect(await ids({ noSuccessSince: 151 })).toEqual([7, 8, 10])
      expect(await ids({ statusNot: [0], noSuccessSince: 150 })).toEqual([7])
    })

    it('what is gone is not listed', async () => {
      const rooms = await withUser(open)
      await rooms.keep({ id: 7 })

      await hide(rooms, 'gone')

      expect(await rooms.store.listConnections({})).toEqual([])
    })
  })
}
