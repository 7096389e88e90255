import { describe, expect, it } from 'vitest'
import type { Replacement } from '../../src/db/ports/accounts.ts'
import { retentionKinds } from '../../src/db/ports/retention.ts'
import { notFound } from '../../src/db/rules/item-notes.ts'
import { testNow } from '../support/clock.ts'
import { aRequest, aUser, anAnnouncement, itemFacts, testBy } from '../support/tenants.ts'
import { withUser } from './rooms.ts'
import type { OpenRooms } from './store.ts'

const lastSuccessAt = testNow - 5_000

/** What every engine promises of accounts that come back under another id. */
export function accountReturnContract(name: string, open: OpenRooms): void {
  const withOld = async () => {
    const rooms = await withUser(open)
    const { store, clock, ann, acme } = rooms
    const told: Replacement[] = []
    /** Reads the accounts of an item: a print for each id. */
    const see = async (itemId: number, prints: Record<number, string>, user = ann) => {
      const seen = Object.entries(prints).map(([id, text]) => ({
        id: Number(id),
        itemId,
        ibanFingerprint: Buffer.from(`${itemId} ${text}`),
        ownerPrint: Buffer.from(text),
      }))
      const known = seen.map(({ id }) => ({ id, itemId, hasIban: true }))
      const { news, replacements } = await store.lookAtAccounts(known)
      const found = await store.keepAccounts(
        seen.filter(({ id }) => news.includes(id)),
        clock.now(),
        {
          userId: user.id,
          announce(replacement) {
            told.push(replacement)
            return anAnnouncement(rooms, user, { type: 'account.replaced' })
          },
        },
      )
      return [...replacements, ...found]
    }
    const hold = async (id: number, user = ann) =>
      store.keepItems(user.id, [itemFacts({ id, lastSuccessAt })], {
        at: clock.now(),
        complete: false,
      })
    await hold(7)
    await see(7, { 70: 'a', 71: 'b' })
    await hold(8)
    const gone = (itemId: number) =>
      store.applyEvent({ kind: 'item-gone', userId: ann.id, itemId, at: clock.now() })
    return { ...rooms, told, see, hold, gone, acme }
  }
  const came = {
    accountId: 80,
    itemId: 8,
    replacedAccountId: 70,
    replacedItemId: 7,
    dataUntil: lastSuccessAt,
  }

  describe(`accounts that come back, ${name}`, () => {
    it.each([
      ['is gone', 'gone'],
      ['cannot be reached', 'unreachable'],
      ['was deleted here', 'deleted'],
    ] as const)('replace those of a connection that %s, and that is told once', async (_, how) => {
      const { store, see, gone, told, events } = await withOld()
      if (how === 'gone') await gone(7)
      if (how === 'unreachable') await store.noteItem(7, notFound(testNow))
      if (how === 'deleted') await store.deleteItem(7, testBy)

      expect(await see(8, { 80: 'a', 82: 'c' })).toEqual([came])
      expect(await see(8, { 80: 'a', 82: 'c' })).toEqual([came])
      expect(told).toEqual([came])
      expect(await events()).toHaveLength(1)
    })

    it('are none while the old connection lives, and are once it ended', async () => {
      const { see, gone } = await withOld()
      expect(await see(8, { 80: 'a' })).toEqual([])
      expect(await see(8, { 80: 'a' })).toEqual([])

      await gone(7)

      expect(await see(8, { 80: 'a' })).toEqual([came])
    })

    it('are none where one IBAN has several accounts, before or after', async () => {
      const { see, gone, hold, told, store } = await withOld()
      await see(7, { 70: 'a', 71: 'b', 72: 'a' })
      await gone(7)

      await see(8, { 80: 'a', 81: 'b', 83: 'b' })
      await hold(9)
      await see(9, { 90: 'a' })

      expect(told).toEqual([])
      // Nor is that asked again at each read.
      const known = { id: 90, itemId: 9, hasIban: true }
      expect(await store.lookAtAccounts([known])).toEqual({ news: [], replacements: [] })
    })

    it('are of their connection: under another one nothing of that is known', async () => {
      const { see, gone, hold, store, acme, clock, ...rooms } = await withOld()
      await gone(7)
      await see(8, { 80: 'a' })
      const bob = await aUser({ store, clock, ...rooms }, acme.site, { name: 'bob' })
      await hold(9, bob)
      const moved = { kind: 'account' as const, userId: bob.id, itemId: 9, accountId: 80 }

      await store.applyEvent({ ...moved, at: clock.now() })

      const known = { id: 80, itemId: 9, hasIban: true }
      expect((await store.lookAtAccounts([known])).replacements).toEqual([])
    })

    it('come back again and again, each in the place of the last', async () => {
      const { see, gone, hold, store } = await withOld()
      await gone(7)
      await see(8, { 80: 'a' })
      await store.deleteItem(8, testBy)
      await hold(9)

      expect(await see(9, { 90: 'a' })).toMatchObject([
        { accountId: 90, replacedAccountId: 80, replacedItemId: 8 },
      ])
    })

    it('are not their own successors when a deleted connection is heard of again', async () => {
      const { see, gone, hold, told, store, clock } = await withOld()
      await store.deleteItem(7, testBy)
      clock.advance(2 * 24 * 60 * 60_000)
      await hold(7)

      expect(await see(7, { 70: 'a' })).toEqual([])
      expect(await see(7, { 70: 'a' })).toEqual([])
      await gone(7)
      await see(8, { 80: 'a' })

      expect(told).toEqual([came])
    })

    it('are another user’s never, not even with the same print', async () => {
      const { see, gone, hold, told, acme, ...rooms } = await withOld()
      await gone(7)
      const bob = await aUser(rooms, acme.site, { name: 'bob' })
      await hold(9, bob)

      // Prints are keyed by user; and nothing is printed in another's name, or looked for among another's.
      await see(9, { 90: 'a' })
      await see(9, { 90: 'a' }, bob)

      expect(told).toEqual([])
    })

    it('are not known any more when the record of the deletion is past its time, or the site is gone', async () => {
      const { store, see, told } = await withOld()
      await store.deleteItem(7, { actor: 'test', at: testNow })
      expect(retentionKinds).toContain('lost-accounts')
      expect(await store.purge('lost-accounts', testNow, { limit: 9 })).toMatchObject({ count: 0 })

      expect(await store.purge('lost-accounts', testNow + 1, { limit: 9 })).toMatchObject({
        count: 2,
      })

      await see(8, { 80: 'a' })
      expect(told).toEqual([])
    })

    it('an account whose IBAN another took after a visit is not found by the old one', async () => {
      const { store, see, gone, told, item, ann, ...rooms } = await withOld()
      const request = await aRequest({ store, ...rooms }, ann, { managedItemId: 7 })
      const outcome = { state: 'completed' as const, step: null, item: itemFacts({ id: 7 }) }
      const at = rooms.clock.now()
      await store.settleRequest(request, { ...outcome, at }, rooms.event())
      const present = [{ id: 71, ibanFingerprint: Buffer.from('7 b') }]
      await store.settleComparison(await item(7), present, null, at)
      await gone(7)

      await see(8, { 80: 'a' })

      expect(told).toEqual([])
    })
  })
}
