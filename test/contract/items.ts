import { describe, expect, it } from 'vitest'
import { testNow } from '../support/clock.ts'
import { aTenant, aUser, addItems, itemFacts, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

export function itemContract(name: string, open: OpenRooms): void {
  /** Ann on the first of two sites, and a stranger of another tenant. */
  const withUsers = async () => {
    const rooms = open()
    const acme = await aTenant(rooms, { name: 'acme', sites: ['one', 'two'] })
    const other = await aTenant(rooms, { name: 'other' })
    const ann = await aUser(rooms, acme.site, { name: 'ann' })
    const stranger = await aUser(rooms, other.site, { name: 'ann' })
    const { store, clock } = rooms
    const keep = (ids: number[], { at = clock.now(), complete = true } = {}) =>
      store.keepItems(
        ann.id,
        ids.map((id) => itemFacts({ id })),
        { at, complete },
      )
    const held = async () => (await store.listItems(ann.id)).map(({ id }) => id)
    const scopes = {
      own: acme.scope,
      site: acme.siteKey.caller.scope,
      sister: { ...acme.scope, siteId: acme.sites[1]?.id ?? '' },
      other: other.scope,
      mixed: { tenantId: other.tenant.id, siteId: acme.site.id },
    }
    return { rooms, store, clock, ann, stranger, keep, held, scopes }
  }

  describe(`items, ${name}`, () => {
    it('an item is stored as Bridge described it', async () => {
      const { store, ann, scopes } = await withUsers()
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
      const { store, scopes, keep } = await withUsers()
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
      const { store, ann, clock, scopes } = await withUsers()
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

    describe('an event that only says that there is an item', () => {
      const heard = async () => {
        const { store, ann, scopes } = await withUsers()
        await store.keepItems(ann.id, [itemFacts({ id: 7 })], { at: testNow, complete: false })
        const hear = (at: number, accountId = 70) =>
          store.applyEvent({ kind: 'account', userId: ann.id, itemId: 7, accountId, at })
        return { store, hear, item: async () => (await store.findItem(scopes.own, 7))?.item }
      }

      it('counts as hearing of it, and as nothing new within two seconds', async () => {
        const { hear, item } = await heard()

        expect(await hear(testNow + 2_000)).toBe(true)
        expect(await item()).toMatchObject({ updatedAt: testNow })
        expect(await hear(testNow + 2_001)).toBe(true)
        expect(await item()).toMatchObject({ updatedAt: testNow + 2_001 })
      })

      it('still names its account, and reaches again what could not be reached', async () => {
        const { store, hear, item } = await heard()
        await store.markUnreachable(7, testNow)

        await hear(testNow + 1_000, 71)

        expect(await store.listAccounts(7)).toMatchObject([{ id: 71 }])
        expect(await item()).toMatchObject({ unreachableAt: null, updatedAt: testNow + 1_000 })
      })
    })

    it('an item of another user is left alone', async () => {
      const { store, stranger, keep, scopes } = await withUsers()
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
      const { store, clock, keep, held, scopes } = await withUsers()
      await keep([1, 2, 3])
      clock.advance(3_000)

      await keep([1, 3])
      expect(await held()).toEqual([1, 3])
      expect(await store.findItem(scopes.own, 2)).toBeUndefined()

      await keep([1, 2, 3])
      expect(await held()).toEqual([1, 2, 3])
      expect((await store.findItem(scopes.own, 2))?.item).toMatchObject({ createdAt: testNow })
    })

    it('an empty whole list takes all of that user’s items, and nobody else’s', async () => {
      const { rooms, store, clock, stranger, keep, held } = await withUsers()
      await keep([1, 2])
      await addItems(rooms, stranger, 3)
      clock.advance(3_000)

      await keep([])

      expect(await held()).toEqual([])
      expect(await store.listItems(stranger.id)).toHaveLength(1)
    })

    it('a part of a list takes nothing', async () => {
      const { clock, keep, held } = await withUsers()
      await keep([1, 2])
      clock.advance(3_000)

      await keep([1], { complete: false })

      expect(await held()).toEqual([1, 2])
    })

    it('an item stored while the list was on its way is not taken for gone', async () => {
      const { clock, keep, held } = await withUsers()
      await keep([1])
      clock.advance(1_000)
      const asked = clock.now()
      clock.advance(300)
      await keep([2], { complete: false })

      await keep([1], { at: asked })

      expect(await held()).toEqual([1, 2])
    })

    it('an item heard of just before the list was asked for is not taken for gone', async () => {
      const { clock, keep, held } = await withUsers()
      await keep([1, 2])
      clock.advance(2_000)

      await keep([1])
      expect(await held()).toEqual([1, 2])
      clock.advance(1)
      await keep([1])
      expect(await held()).toEqual([1])
    })

    it('a 404 marks an item once and takes nothing; the next good word clears the mark', async () => {
      const { store, keep, scopes } = await withUsers()
      await keep([7])
      const mark = async () => (await store.findItem(scopes.own, 7))?.item.unreachableAt

      await store.markUnreachable(7, 10)
      await store.markUnreachable(7, 20)
      expect(await mark()).toBe(10)

      await keep([7])
      expect(await mark()).toBeNull()
    })

    it('a deleted item is gone with its accounts, and on record', async () => {
      const { store, keep, scopes } = await withUsers()
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
      expect(await store.findAccount(scopes.own, 71)).toBeUndefined()
      expect(await store.findAccount(scopes.own, 81)).toBeDefined()
      expect(await store.listAudit({ limit: 1 })).toMatchObject([
        { action: 'item.deleted', actor: 'test', subject: '7' },
      ])
      expect(await store.deleteItem(7, testBy)).toEqual({ accounts: 0 })
    })
  })

  describe(`accounts, ${name}`, () => {
    it('an account is seen where its item is', async () => {
      const { store, keep, scopes } = await withUsers()
      await keep([7])

      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)

      expect((await store.findAccount(scopes.own, 71))?.item.id).toBe(7)
      expect(await store.findAccount(scopes.site, 71)).toBeDefined()
      expect(await store.findAccount(scopes.sister, 71)).toBeUndefined()
      expect(await store.findAccount(scopes.other, 71)).toBeUndefined()
      expect(await store.findAccount(scopes.mixed, 71)).toBeUndefined()
      expect(await store.findAccount(scopes.own, 72)).toBeUndefined()
    })

    it('an account of an item we do not hold is left alone', async () => {
      const { store, keep, scopes } = await withUsers()

      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)
      await keep([7])

      expect(await store.findAccount(scopes.own, 71)).toBeUndefined()
    })

    it('an account that moved follows its item', async () => {
      const { store, keep, scopes } = await withUsers()
      await keep([7, 8])
      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)

      await store.keepAccounts([{ id: 71, itemId: 8 }], testNow)

      expect((await store.findAccount(scopes.own, 71))?.item.id).toBe(8)
    })

    it('the accounts of a gone item are gone until it comes back', async () => {
      const { store, clock, keep, scopes } = await withUsers()
      await keep([7])
      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)
      clock.advance(3_000)

      await keep([])
      expect(await store.findAccount(scopes.own, 71)).toBeUndefined()

      await keep([7])
      expect(await store.findAccount(scopes.own, 71)).toBeDefined()
    })
  })

  describe(`what is new of an item, ${name}`, () => {
    it('is stored for its user alone, and a missing item is not made', async () => {
      const { store, ann, stranger, keep, scopes } = await withUsers()
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

    it('accounts are news when they are unknown, another item’s, or lack their IBAN', async () => {
      const { store, keep } = await withUsers()
      await keep([7, 8])
      const ibanFingerprint = Buffer.from('print')
      await store.keepAccounts(
        [
          { id: 70, itemId: 7 },
          { id: 71, itemId: 7, ibanFingerprint },
        ],
        testNow,
      )
      const news = (id: number, itemId: number, hasIban: boolean) =>
        store.listNewAccounts([{ id, itemId, hasIban }])

      expect(await news(70, 7, false)).toEqual([])
      expect(await news(70, 7, true)).toEqual([70])
      expect(await news(71, 7, true)).toEqual([])
      expect(await news(71, 8, true)).toEqual([71])
      expect(await news(72, 7, false)).toEqual([72])
    })
  })

  describe(`refreshes, ${name}`, () => {
    const hour = 60 * 60_000
    const limit = (at: number) => ({ at, since: at - 24 * hour, most: 4 })

    it('of many at once no more are granted than allowed', async () => {
      const { store, keep } = await withUsers()
      await keep([7])

      const claims = await Promise.all(
        Array.from({ length: 6 }, () => store.claimRefresh(7, limit(testNow))),
      )

      expect(claims.filter((claim) => 'claim' in claim)).toHaveLength(4)
      const refused = claims.filter((claim) => 'oldestAt' in claim)
      expect(refused).toEqual([{ oldestAt: testNow }, { oldestAt: testNow }])
    })

    it('the next is free when the oldest is a day old', async () => {
      const { store, keep } = await withUsers()
      await keep([7])
      for (const hours of [0, 1, 2, 3]) await store.claimRefresh(7, limit(testNow + hours * hour))

      expect(await store.claimRefresh(7, limit(testNow + 24 * hour - 1))).toEqual({
        oldestAt: testNow,
      })
      expect(await store.claimRefresh(7, limit(testNow + 24 * hour))).toHaveProperty('claim')
      expect(await store.claimRefresh(7, limit(testNow + 24 * hour))).toEqual({
        oldestAt: testNow + hour,
      })
    })

    it('one that did not take place is given back; another item has its own', async () => {
      const { store, keep } = await withUsers()
      await keep([7, 8])
      const once = { at: testNow, since: 0, most: 1 }
      const granted = await store.claimRefresh(7, once)

      expect(await store.claimRefresh(7, once)).toEqual({ oldestAt: testNow })
      expect(await store.claimRefresh(8, once)).toHaveProperty('claim')
      if ('claim' in granted) await store.releaseRefresh(granted.claim)

      expect(await store.claimRefresh(7, once)).toHaveProperty('claim')
    })
  })
}
