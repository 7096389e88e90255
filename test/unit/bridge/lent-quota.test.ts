import { describe, expect, it, onTestFinished } from 'vitest'
import { BridgeQuotaError } from '../../../src/bridge/bridge-errors.ts'
import { createQuota, type Against, type QuotaLimits } from '../../../src/bridge/admission/quota.ts'
import { lendQuota, untouchedQuota } from '../../../src/db/rules/quota-lending.ts'
import type { QuotaAsk } from '../../../src/quota-lending.ts'
import { testClock } from '../../support/clock.ts'

/** Servers that share one quota, as they share a row of a database; and a record of what their calls came to. */
function sharing(changed: Partial<QuotaLimits> = {}) {
  const clock = testClock()
  let state = structuredClone(untouchedQuota)
  let isAway = false
  const asked: QuotaAsk[] = []
  const served: { name: string; at: number; key: string }[] = []
  const refused: { name: string; error: unknown }[] = []
  const settled = async () => {
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve))
  }

  function server(by: string) {
    const errors: unknown[] = []
    let timers = 0
    const quota = createQuota({
      clock,
      limits: changed,
      lender: {
        by,
        onError: (error) => errors.push(error),
        async lend(ask) {
          await Promise.resolve()
          if (isAway) throw new Error('away')
          asked.push(structuredClone(ask))
          const { state: after, answer } = lendQuota(state, ask)
          state = after
          return answer
        },
      },
      every: () => {
        timers += 1
        return () => void (timers -= 1)
      },
    })
    onTestFinished(() => quota.close())
    function call(name: string, tenant: string, against?: Against): void {
      quota.take({ payer: { tenant, site: 'site' }, against }).then(
        () => served.push({ name, at: clock.now(), key: against?.user ?? '' }),
        (error: unknown) => refused.push({ name, error }),
      )
    }
    return { quota, call, errors, timers: () => timers }
  }
  const servers = ['srv_1', 'srv_2', 'srv_3'].map(server)
  async function pass(ms: number, among = servers): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50)
      for (const { quota } of among) quota.tick()
      await settled()
    }
  }
  const away = (yes: boolean) => void (isAway = yes)
  return { clock, servers, server, asked, served, refused, settled, pass, away }
}

const many = (count: number, work: (index: number) => void): void => {
  for (let index = 0; index < count; index += 1) work(index)
}

const ann: Against = { kind: 'user', user: 'ann' }

describe('servers that share the quota', () => {
  it('spend no more than one alone would, and nearly all of it', async () => {
    const { servers, served, pass, settled } = sharing({ longestWaitMs: Infinity })
    for (const { call } of servers) {
      for (const tenant of ['a', 'b', 'c', 'd']) many(300, () => call('call', tenant))
    }
    await settled()

    expect(served).toHaveLength(400)
    await pass(60_000)

    expect(served.length).toBeLessThanOrEqual(400 + 5 * 60)
    expect(served.length).toBeGreaterThanOrEqual(0.95 * (400 + 5 * 60))
  })

  it('let a call go out for two seconds from when it was lent: a server that hung has nothing left', async () => {
    const { servers, clock } = sharing()
    const { quota } = servers[0]!
    const take = () => quota.take({ payer: { tenant: 'a', site: 'site' }, against: ann })
    const first = await take()
    clock.advance(1_500)
    const second = await take() // of what was lent with the first, to spare

    expect([first.isOver(), second.isOver()]).toEqual([false, false])
    clock.advance(500)

    expect([first.isOver(), second.isOver()]).toEqual([true, true])
    const third = await take()
    expect(third.isOver()).toBe(false)
  })

  it('leave a tenant half of the burst together', async () => {
    const { servers, served, pass, settled } = sharing()
    for (const { call } of servers) many(100, () => call('a', 'a'))
    await settled()

    expect(served).toHaveLength(200)
    servers[2]!.call('b', 'b')
    await pass(0)
    await settled()

    expect(served.at(-1)?.name).toBe('b')
  })

  it('make sixty calls of a user in any minute together, and nearly all of them', async () => {
    const { servers, served, pass } = sharing({ longestWaitMs: Infinity })
    for (const { call } of servers) many(60, () => call('ann', 'a', ann))

    await pass(130_000)

    for (const { at: from } of served) {
      const minute = served.filter(({ at }) => at >= from && at < from + 60_000)
      expect(minute.length).toBeLessThanOrEqual(60)
    }
    expect(served).toHaveLength(180)
  })

  it('serve each of those who wait as much, whichever server has more', async () => {
    const { servers, served, pass, settled } = sharing({ burst: 2, longestWaitMs: Infinity })
    const [one, two] = servers
    many(300, () => one!.call('one', 'a'))
    many(30, () => two!.call('two', 'b'))
    await settled()
    served.length = 0

    await pass(10_000)

    const count = (name: string) => served.filter((call) => call.name === name).length
    expect(count('two')).toBeGreaterThanOrEqual(15)
    expect(count('one')).toBeGreaterThanOrEqual(15)
  })

  it('all leave a user alone whom Bridge told one of them to', async () => {
    const { servers, served, refused, settled } = sharing()
    const [one, two] = servers
    one!.quota.hold(ann, 30)
    await settled()

    two!.call('ann', 'a', ann)
    two!.call('ben', 'a', { kind: 'user', user: 'ben' })
    await settled()

    expect(served.map(({ name }) => name)).toEqual(['ben'])
    expect(refused[0]?.error).toMatchObject({ retryAfter: 30, limit: 'bridge_user' })
  })

  it('refuse at once whose turn is too far away, though others have spent what there was', async () => {
    const { servers, served, refused, settled, clock } = sharing()
    const [one, two] = servers
    for (const tenant of ['a', 'b']) many(200, () => one!.call('burst', tenant))
    await settled()

    many(51, () => two!.call('waits', 'c'))
    await settled()

    expect(served).toHaveLength(400)
    expect(refused).toHaveLength(1)
    expect(refused[0]?.error).toBeInstanceOf(BridgeQuotaError)
    expect(refused[0]?.error).toMatchObject({ retryAfter: 11, limit: 'application' })
    expect(clock.now()).toBe(testClock().now())
  })

  it('count on as much as they get while others wait', async () => {
    const { servers, refused, settled } = sharing()
    const [one, two] = servers
    for (const tenant of ['a', 'b']) many(220, () => one!.call('one', tenant))
    await settled()
    many(40, () => two!.call('two', 'c'))
    await settled()

    // Two and a half a second are half of what comes.
    expect(refused.length).toBeGreaterThanOrEqual(14)
    expect(refused.every(({ name }) => name === 'two')).toBe(true)
  })

  it('know of each other’s calls for a user how many it has left', async () => {
    const { servers, settled } = sharing()
    const [one, two] = servers
    many(40, () => one!.call('ann', 'a', ann))
    await settled()
    two!.call('ann', 'a', ann)
    await settled()
    const call = { payer: { tenant: 'a', site: 'site' }, against: ann }

    expect(two!.quota.waitFor(call, 19)).toBe(0)
    expect(two!.quota.waitFor(call, 20)).toBe(63_000)
  })

  it('show what is left and who waits with all of them', async () => {
    const { servers, pass, settled } = sharing({ longestWaitMs: Infinity })
    const [one, two, three] = servers
    many(250, () => one!.call('a', 'a'))
    many(10, () => two!.call('a', 'a'))
    await settled()
    await pass(0)

    await three!.quota.refresh()

    expect(three!.quota.state()).toMatchObject({
      available: 200,
      waiting: 60,
      granted: 0,
      tenants: [{ tenant: 'a', waiting: 60, available: 0 }],
    })
  })
})

describe('what was lent', () => {
  it('serves the calls that follow for the same user without asking, and is asked for before it ends', async () => {
    const { servers, asked, served, settled } = sharing()
    const [one] = servers
    one!.call('first', 'a', ann)
    await settled()
    expect(asked).toHaveLength(1)

    one!.call('second', 'a', ann)
    one!.call('third', 'a', ann)
    await Promise.resolve()

    expect(served).toHaveLength(3)
    await settled()
    expect(asked).toHaveLength(2)
    one!.call('fourth', 'a', ann)
    one!.call('fifth', 'a', ann)
    await Promise.resolve()
    expect(served).toHaveLength(5)
  })

  it('goes back when it was not used in two seconds, and needs no timer after that', async () => {
    const { servers, pass, settled } = sharing()
    const [one, two] = servers
    one!.call('first', 'a', ann)
    await settled()
    expect(one!.timers()).toBe(1)

    await pass(3_000)
    await two!.quota.refresh()

    const call = { payer: { tenant: 'a', site: 'site' }, against: ann }
    two!.call('other', 'a', ann)
    await settled()
    expect(two!.quota.waitFor(call, 58)).toBe(0)
    expect(two!.quota.waitFor(call, 59)).toBeGreaterThan(0)
    expect(one!.timers()).toBe(0)
  })

  it('goes back at once when its server stops', async () => {
    const { servers, settled } = sharing()
    const [one, two] = servers
    one!.call('first', 'a', ann)
    await settled()

    await one!.quota.close()
    await two!.quota.refresh()

    expect(two!.quota.state().available).toBe(399)
  })

  it('comes back by time when its server dies', async () => {
    const { servers, pass, settled } = sharing({ burst: 40, longestWaitMs: Infinity })
    const [dead, ...living] = servers
    many(10, (index) => dead!.call('dead', `t${index}`, { kind: 'user', user: `u${index}` }))
    await settled()
    await pass(20_000, living)

    await living[0]!.quota.refresh()

    expect(living[0]!.quota.state().available).toBe(40)
  })

  it('is not used after its time, however long the server was frozen', async () => {
    const { servers, clock, served, asked, settled } = sharing()
    const [one] = servers
    one!.call('first', 'a', ann)
    await settled()
    clock.advance(120_000)

    one!.call('second', 'a', ann)
    await settled()

    expect(served).toHaveLength(2)
    expect(asked).toHaveLength(2)
  })
})

describe('while nobody lends', () => {
  it('calls wait for their turn and are refused as by a spent quota; none goes out', async () => {
    const { servers, served, refused, pass, away } = sharing()
    const [one] = servers
    away(true)
    many(5, () => one!.call('call', 'a', ann))

    await pass(9_900)
    expect(refused).toEqual([])
    await pass(200)

    expect(served).toEqual([])
    expect(refused).toHaveLength(5)
    expect(refused[0]?.error).toBeInstanceOf(BridgeQuotaError)
    expect(one!.errors.length).toBeLessThan(15)
  })

  it('it is asked for once a second, however many come', async () => {
    const { servers, pass, away } = sharing()
    const [one] = servers
    away(true)

    for (let second = 0; second < 5; second += 1) {
      many(10, () => one!.call('call', 'a', ann))
      await pass(500)
      many(10, () => one!.call('call', 'b', ann))
      await pass(500)
    }

    expect(one!.errors.length).toBeLessThanOrEqual(6)
  })

  it('for a moment only, those who wait are served after it', async () => {
    const { servers, served, refused, pass, away } = sharing()
    away(true)
    many(5, () => servers[0]!.call('call', 'a', ann))
    await pass(3_000)
    away(false)

    await pass(1_100)

    expect(served).toHaveLength(5)
    expect(refused).toEqual([])
  })

  it('what is known is shown', async () => {
    const { servers, away } = sharing()
    away(true)

    await servers[0]!.quota.refresh()

    expect(servers[0]!.quota.state().available).toBe(400)
  })
})

describe('a server that joins while all are busy', () => {
  it('has its share, and all together no more than before', async () => {
    const { servers, server, served, pass, settled } = sharing({ longestWaitMs: Infinity })
    for (const { call } of servers)
      for (const tenant of ['a', 'b']) many(400, () => call('old', tenant))
    await settled()
    await pass(5_000)
    const fourth = server('srv_4')
    many(100, () => fourth.call('new', 'c'))

    await pass(20_000, [...servers, fourth])

    const news = served.filter(({ name }) => name === 'new').length
    expect(news).toBeGreaterThanOrEqual(15)
    expect(served.length).toBeLessThanOrEqual(400 + 5 * 25)
    expect(served.length).toBeGreaterThanOrEqual(0.95 * (400 + 5 * 25))
  })
})
