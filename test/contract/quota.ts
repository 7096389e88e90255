import { describe, expect, it, onTestFinished } from 'vitest'
import type { QuotaAsk, QuotaWant } from '../../src/quota-lending.ts'
import { testNow } from '../support/clock.ts'
import type { OpenStores } from './races.ts'

const limits = { burst: 40, perSecond: 5, userPerMinute: 12, tokensPerMinute: 10 }

/** What an engine promises where several servers share Bridge's quota. */
export function quotaContract(name: string, open: OpenStores): void {
  const withServers = async (count: number) => {
    const stores = await open(count)
    onTestFinished(async () => {
      await Promise.all(stores.map((store) => store.close()))
    })
    return stores.map((store, nth) => (ask: Partial<QuotaAsk>) => {
      const whole = { by: `srv_${nth}`, at: testNow, limits, wants: [], unused: [], holds: [] }
      return store.quota!.lendQuota({ ...whole, ...ask })
    })
  }
  const calls = (count: number, tenant: string, key: string): QuotaWant[] => [
    { tenant, key, count, spare: 0 },
  ]
  const sum = (lent: readonly number[]): number => lent.reduce((all, one) => all + one, 0)

  describe(`Bridge’s quota, ${name}`, () => {
    it('of servers that ask at once all together get no more than there is', async () => {
      const servers = await withServers(3)
      const asked = servers.flatMap((ask, nth) =>
        ['ann', 'ben', 'cat', 'dan'].map((user) =>
          ask({ by: user + nth, wants: calls(9, `ten_${nth}`, `user ${user}`) }),
        ),
      )

      const answers = await Promise.all(asked)

      expect(sum(answers.flatMap(({ lent }) => lent))).toBe(limits.burst)
      expect((await servers[0]!({})).available).toBe(0)
    })

    it('of servers that call for one user all together get no more than it may have', async () => {
      const servers = await withServers(3)
      const asked = servers.map((ask) => ask({ wants: calls(9, 'ten_a', 'user ann') }))

      const answers = await Promise.all(asked)

      expect(sum(answers.flatMap(({ lent }) => lent))).toBe(limits.userPerMinute)
    })

    it('what one gives back, and what Bridge told one, all know', async () => {
      const [one, two] = await withServers(2)
      await one!({ wants: calls(12, 'ten_a', 'user ann') })
      const unused = [{ tenant: 'ten_a', key: 'user ann', at: testNow, count: 5 }]
      await one!({ unused, holds: [{ key: 'user ben', until: testNow + 30_000 }] })

      const ann = await two!({ wants: calls(12, 'ten_a', 'user ann') })
      const ben = await two!({ wants: calls(1, 'ten_a', 'user ben') })

      expect(ann.lent).toEqual([5])
      expect(ben).toMatchObject({ lent: [0], rivals: 0 })
      expect(ben.keys['user ben']?.heldUntil).toBe(testNow + 30_000)
    })
  })
}
