import { describe, expect, it } from 'vitest'
import { testNow } from '../support/clock.ts'
import { withUser, withUsers } from './rooms.ts'
import type { OpenRooms } from './store.ts'

export function allowanceContract(name: string, open: OpenRooms): void {
  describe(`refreshes, ${name}`, () => {
    const hour = 60 * 60_000
    const limit = (at: number) => ({ at, since: at - 24 * hour, limit: 4 })

    it('of many at once no more are granted than allowed', async () => {
      const { store, keep } = await withUsers(open)
      await keep([7])

      const claims = await Promise.all(
        Array.from({ length: 6 }, () => store.claimAllowance('refresh', 7, limit(testNow))),
      )

      expect(claims.filter((claim) => 'claim' in claim)).toHaveLength(4)
      const refused = claims.filter((claim) => 'oldestAt' in claim)
      expect(refused).toEqual([{ oldestAt: testNow }, { oldestAt: testNow }])
    })

    it('the next is free when the oldest is a day old', async () => {
      const { store, keep } = await withUsers(open)
      await keep([7])
      for (const hours of [0, 1, 2, 3])
        await store.claimAllowance('refresh', 7, limit(testNow + hours * hour))

      expect(await store.claimAllowance('refresh', 7, limit(testNow + 24 * hour - 1))).toEqual({
        oldestAt: testNow,
      })
      expect(await store.claimAllowance('refresh', 7, limit(testNow + 24 * hour))).toHaveProperty(
        'claim',
      )
      expect(await store.claimAllowance('refresh', 7, limit(testNow + 24 * hour))).toEqual({
        oldestAt: testNow + hour,
      })
    })

    it('one that did not take place is given back; another item has its own', async () => {
      const { store, keep } = await withUsers(open)
      await keep([7, 8])
      const once = { at: testNow, since: 0, limit: 1 }
      const granted = await store.claimAllowance('refresh', 7, once)

      expect(await store.claimAllowance('refresh', 7, once)).toEqual({ oldestAt: testNow })
      expect(await store.claimAllowance('refresh', 8, once)).toHaveProperty('claim')
      if ('claim' in granted) await store.releaseAllowance('refresh', granted.claim)

      expect(await store.claimAllowance('refresh', 7, once)).toHaveProperty('claim')
    })
  })

  describe(`refreshes and renewals, ${name}`, () => {
    it.each(['refresh', 'renewal'] as const)(
      'of a %s there are as many as there may be in a time, also for those who come at once',
      async (kind) => {
        const { store, keep } = await withUser(open)
        await keep({ id: 7 })
        await keep({ id: 8 })
        const take = (at: number, itemId = 7) =>
          store.claimAllowance(kind, itemId, { at, since: at - 100, limit: 2 })

        const taken = await Promise.all([take(1_000), take(1_000), take(1_000)])

        expect(taken.filter((one) => 'claim' in one)).toHaveLength(2)
        expect(taken.filter((one) => 'oldestAt' in one)).toEqual([{ oldestAt: 1_000 }])
        expect(await take(1_003, 8)).toHaveProperty('claim')
        expect(await take(1_099)).toEqual({ oldestAt: 1_000 })
        expect(await take(1_100)).toHaveProperty('claim')
      },
    )

    it.each(['refresh', 'renewal'] as const)(
      'a %s that did not take place is given back',
      async (kind) => {
        const { store, keep } = await withUser(open)
        await keep({ id: 7 })
        const take = () => store.claimAllowance(kind, 7, { at: 10, since: 0, limit: 1 })
        const taken = await take()
        expect(await take()).toEqual({ oldestAt: 10 })

        await store.releaseAllowance(kind, 'claim' in taken ? taken.claim : -1)

        expect(await take()).toHaveProperty('claim')
      },
    )
  })
}
