import { describe, expect, it } from 'vitest'
import { testNow } from '../support/clock.ts'
import { aRequest, itemFacts } from '../support/tenants.ts'
import { hide, hiding, idsOf, withUser, withUsers } from './rooms.ts'
import type { OpenRooms } from './store.ts'
import type { Store } from '../../src/db/store.ts'

const toCompare = (store: Store) =>
  store.listConnections({ toCompare: true, ofServed: true }, { by: 'compareFrom', limit: 9 })

export function accountContract(name: string, open: OpenRooms): void {
  describe(`accounts, ${name}`, () => {
    it('an account is seen where its item is', async () => {
      const { store, keep, scopes } = await withUsers(open)
      await keep([7])

      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)

      expect((await store.findItem(scopes.own, { accountId: 71 }))?.item.id).toBe(7)
      expect(await store.findItem(scopes.site, { accountId: 71 })).toBeDefined()
      expect(await store.findItem(scopes.sister, { accountId: 71 })).toBeUndefined()
      expect(await store.findItem(scopes.other, { accountId: 71 })).toBeUndefined()
      expect(await store.findItem(scopes.mixed, { accountId: 71 })).toBeUndefined()
      expect(await store.findItem(scopes.own, { accountId: 72 })).toBeUndefined()
    })

    it('an account of an item we do not hold is left alone', async () => {
      const { store, keep, scopes } = await withUsers(open)

      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)
      await keep([7])

      expect(await store.findItem(scopes.own, { accountId: 71 })).toBeUndefined()
    })

    it('an account that is told of twice is there once, with what was told of it at all', async () => {
      const { store, keep, ann } = await withUsers(open)
      await keep([7])
      const [ibanFingerprint, ownerPrint] = [Buffer.from('iban'), Buffer.from('owner')]
      const account = { id: 71, itemId: 7 }
      const twice = [{ ...account, ibanFingerprint, ownerPrint }, account]
      const returning = { userId: ann.id, announce: () => expect.unreachable() }

      expect(await store.keepAccounts(twice, testNow, returning)).toEqual([])

      expect(await store.listAccounts(7)).toMatchObject([{ id: 71, ibanFingerprint }])
      const { news } = await store.lookAtAccounts([{ ...account, hasIban: true }])
      expect(news).toEqual([]) // its print is there as well
    })

    it('an account that moved follows its item', async () => {
      const { store, keep, scopes } = await withUsers(open)
      await keep([7, 8])
      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)

      await store.keepAccounts([{ id: 71, itemId: 8 }], testNow)

      expect((await store.findItem(scopes.own, { accountId: 71 }))?.item.id).toBe(8)
    })

    it('an event about an account leaves what is known of it with its item, and takes nothing to another one', async () => {
      const { store, keep, ann } = await withUsers(open)
      await keep([7, 8])
      const ibanFingerprint = Buffer.from('of item 7')
      await store.keepAccounts([{ id: 71, itemId: 7, ibanFingerprint }], testNow)
      const told = { kind: 'account' as const, userId: ann.id, accountId: 71, at: testNow + 1 }

      await store.applyEvent({ ...told, itemId: 7 })
      expect(await store.listAccounts(7)).toMatchObject([{ id: 71, ibanFingerprint }])

      await store.applyEvent({ ...told, itemId: 8 })
      expect(await store.listAccounts(7)).toEqual([])
      expect(await store.listAccounts(8)).toMatchObject([{ id: 71, ibanFingerprint: null }])
    })

    it('the accounts of a gone item are gone until it comes back', async () => {
      const { store, clock, keep, scopes } = await withUsers(open)
      await keep([7])
      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)
      clock.advance(3_000)

      await keep([])
      expect(await store.findItem(scopes.own, { accountId: 71 })).toBeUndefined()

      clock.advance(2_001)
      await keep([7])
      expect(await store.findItem(scopes.own, { accountId: 71 })).toBeDefined()
    })
  })

  describe(`what is new of accounts, ${name}`, () => {
    it('accounts are news when they are unknown, another item’s, or lack their IBAN', async () => {
      const { store, keep, ann } = await withUsers(open)
      await keep([7, 8])
      const prints = { ibanFingerprint: Buffer.from('print'), ownerPrint: Buffer.from('owner') }
      await store.keepAccounts(
        [
          { id: 70, itemId: 7 },
          { id: 71, itemId: 7, ...prints },
        ],
        testNow,
        { userId: ann.id, announce: () => expect.unreachable() },
      )
      const news = async (id: number, itemId: number, hasIban: boolean) =>
        (await store.lookAtAccounts([{ id, itemId, hasIban }])).news

      expect(await news(70, 7, false)).toEqual([])
      expect(await news(70, 7, true)).toEqual([70])
      expect(await news(71, 7, true)).toEqual([])
      expect(await news(71, 8, true)).toEqual([71])
      expect(await news(72, 7, false)).toEqual([72])

      const later = { id: 70, itemId: 7, ownerPrint: Buffer.from('later') }
      const returning = { userId: ann.id, announce: () => expect.unreachable() }
      await store.keepAccounts(
        [{ ...later, ibanFingerprint: Buffer.from('its') }],
        testNow,
        returning,
      )
      expect(await news(70, 7, true)).toEqual([])
    })
  })

  describe(`comparing accounts after a visit, ${name}`, () => {
    const print = (text: string) => Buffer.from(text)
    /** An item whose managing request ended, so that its accounts are to be compared. */
    const visited = async () => {
      const rooms = await withUser(open)
      const { store, ann, keep } = rooms
      await keep({ id: 7 })
      await store.keepAccounts(
        [
          { id: 70, itemId: 7, ibanFingerprint: print('old 70') },
          { id: 71, itemId: 7, ibanFingerprint: print('old 71') },
        ],
        testNow,
      )
      const visit = async () => {
        const request = await aRequest(rooms, ann, { managedItemId: 7 })
        const outcome = { state: 'completed' as const, step: null, item: itemFacts({ id: 7 }) }
        await store.settleRequest(request, { ...outcome, at: rooms.clock.now() }, rooms.event())
      }
      await visit()
      return { ...rooms, visit }
    }

    it('ends with the accounts that are there now, and with what was found', async () => {
      const { store, item, event } = await visited()
      const [listed] = await toCompare(store)
      expect(listed?.item.id).toBe(7)
      const present = [
        { id: 70, ibanFingerprint: print('new 70') },
        { id: 72, ibanFingerprint: null },
      ]
      const audit = { at: testNow, actor: 'server', action: 'accounts.changed', subject: '7' }
      const found = event()

      const ended = await store.settleComparison(
        await item(7),
        present,
        { event: found, audit },
        testNow + 1,
      )

      expect(ended).toBe(true)
      expect(await toCompare(store)).toEqual([])
      expect(await store.listAccounts(7)).toEqual([
        { id: 70, ibanFingerprint: print('new 70'), createdAt: testNow },
        { id: 71, ibanFingerprint: null, createdAt: testNow },
        { id: 72, ibanFingerprint: null, createdAt: testNow + 1 },
      ])
      expect(await store.findDelivery(found.id)).toBeUndefined() // the site has no webhook URL
      expect(await store.listEvents({ id: found.id }, { limit: 9 })).toHaveLength(1)
      expect(await store.listAudit({ action: 'accounts.changed', limit: 9 })).toHaveLength(1)
    })

    it('an IBAN that Bridge withholds for now is still the one we knew', async () => {
      const { store, item } = await visited()

      const present = [70, 71].map((id) => ({ id, ibanFingerprint: null }))
      await store.settleComparison(await item(7), present, null, testNow + 1)

      expect((await store.listAccounts(7)).map((account) => account.ibanFingerprint)).toEqual([
        print('old 70'),
        print('old 71'),
      ])
    })

    it('the IBAN of an account that was another item’s is none that we knew', async () => {
      const { store, keep, item } = await visited()
      await keep({ id: 8 })
      const moved = { id: 80, itemId: 8, ibanFingerprint: print('of item 8') }
      await store.keepAccounts([moved], testNow)

      const present = [{ id: 80, ibanFingerprint: null }]
      await store.settleComparison(await item(7), present, null, testNow + 1)

      expect((await store.listAccounts(7)).find(({ id }) => id === 80)).toMatchObject({
        ibanFingerprint: null,
      })
    })

    it('an account that the list has twice is there once', async () => {
      const { store, item } = await visited()

      const twice = { id: 72, ibanFingerprint: print('72') }
      await store.settleComparison(await item(7), [twice, twice], null, testNow + 1)

      expect((await store.listAccounts(7)).map((one) => one.ibanFingerprint)).toEqual([
        null,
        null,
        print('72'),
      ])
    })

    it('does not end once another visit has', async () => {
      const { store, item, clock, visit } = await visited()
      const seen = await item(7)
      clock.advance(1_000)
      await store.settleComparison(seen, [], null, clock.now())
      await visit()

      expect(await store.settleComparison(seen, [], null, clock.now())).toBe(false)
      expect(idsOf(await toCompare(store))).toEqual([7])
    })

    it('does not end with accounts that were read before another visit ended', async () => {
      const { store, item, clock, ann, ...rooms } = await visited()
      const later = await aRequest({ store, clock, ...rooms }, ann, { managedItemId: 7 })
      const seen = await item(7)
      const outcome = { state: 'completed' as const, step: null, item: itemFacts({ id: 7 }) }
      await store.settleRequest(later, { ...outcome, at: clock.now() }, rooms.event())

      expect(await store.settleComparison(seen, [], null, clock.now())).toBe(false)
      expect(idsOf(await toCompare(store))).toEqual([7])
      expect(await store.settleComparison(await item(7), [], null, clock.now())).toBe(true)
    })

    it('accounts are listed without an IBAN until one was seen', async () => {
      const { store, keep } = await withUser(open)
      await keep({ id: 7 })
      await store.keepAccounts([{ id: 70, itemId: 7 }], testNow)
      expect(await store.listAccounts(7)).toMatchObject([{ id: 70, ibanFingerprint: null }])

      await store.keepAccounts([{ id: 71, itemId: 7, ibanFingerprint: print('iban') }], testNow)

      expect(await store.listAccounts(7)).toMatchObject([
        { id: 70, ibanFingerprint: null },
        { id: 71, ibanFingerprint: print('iban') },
      ])
    })

    it.each(hiding)('leaves out items %s', async (_, how) => {
      const rooms = await visited()

      await hide(rooms, how)

      expect(await toCompare(rooms.store)).toEqual([])
    })
  })
}
