import { describe, expect, it } from 'vitest'
import { BridgeQuotaError } from '../../../src/bridge/bridge-errors.ts'
import { createQuota, type Against, type QuotaLimits } from '../../../src/bridge/admission/quota.ts'
import { testClock } from '../../support/clock.ts'

/** A quota whose timer is pulled by hand, and a record of who was served in which order. */
function testQuota(limits: Partial<QuotaLimits> = {}, saved?: { available: number; at: number }) {
  const clock = testClock()
  let timers = 0
  const quota = createQuota({
    clock,
    limits,
    saved,
    every: () => {
      timers += 1
      return () => void (timers -= 1)
    },
  })
  const served: string[] = []
  const refused: [string, unknown][] = []
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  function ask(name: string, tenant: string, site = 'site', against?: Against): void {
    quota.take({ payer: { tenant, site }, against }).then(
      () => served.push(name),
      (error: unknown) => refused.push([name, error]),
    )
  }
  async function pass(ms: number): Promise<void> {
    clock.advance(ms)
    quota.tick()
    await settled()
  }
  return { quota, clock, served, refused, ask, pass, settled, timers: () => timers }
}

const many = (count: number, work: (index: number) => void): void => {
  for (let index = 0; index < count; index += 1) work(index)
}

it('a wait is named behind those of the same user who wait already', async () => {
  const { ask, quota, clock, settled } = testQuota({ userPerMinute: 2, longestWaitMs: 120_000 })
  const against = { kind: 'user', user: 'ann' } as const
  ask('first', 'a', 'site', against)
  clock.advance(1_000)
  ask('second', 'a', 'site', against)
  ask('third', 'a', 'site', against)
  await settled()

  expect(quota.waitFor({ payer: { tenant: 'a', site: 'site' }, against }, 1)).toBe(61_000)
})

describe('the bucket', () => {
  it('lets a tenant take half of the burst at once and no more', async () => {
    const { ask, served, settled } = testQuota()

    many(250, (index) => ask(`a${index}`, 'a'))
    await settled()

    expect(served).toHaveLength(200)
  })

  it('keeps the other half for the others', async () => {
    const { ask, served, settled } = testQuota()
    many(250, () => ask('a', 'a'))

    many(200, () => ask('b', 'b'))
    await settled()

    expect(served.filter((name) => name === 'b')).toHaveLength(200)
  })

  it('never spends more than Bridge allows in five minutes, however many tenants ask', async () => {
    const { ask, served, pass, settled } = testQuota({ longestWaitMs: Infinity })
    many(20, (tenant) => many(300, () => ask('call', `tenant ${tenant}`)))
    await settled()

    for (let seconds = 0; seconds < 300; seconds += 1) await pass(1_000)

    expect(served.length).toBe(400 + 5 * 300)
    expect(served.length).toBeLessThanOrEqual(2_000)
  })

  it('fills up by five a second', async () => {
    const { ask, served, pass, settled } = testQuota()
    many(220, (index) => ask(`${index}`, 'a'))
    await settled()

    await pass(1_000)
    expect(served).toHaveLength(205)
    await pass(2_000)
    expect(served).toHaveLength(215)
  })

  it('starts after a restart with what was left, plus what came since', async () => {
    const { quota } = testQuota({}, { available: 10, at: testClock().now() - 4_000 })

    expect(quota.state().available).toBe(30)
  })

  it('is not emptied for days by a saved time that lies ahead', async () => {
    const { quota, clock } = testQuota({}, { available: 0, at: testClock().now() + 86_400_000 })
    expect(quota.state().available).toBe(0)

    clock.advance(10_000)

    expect(quota.state().available).toBe(50)
  })
})

describe('those who wait', () => {
  it('are served by tenant in turn: 10,000 queued calls of one hold up another by one call of its own', async () => {
    const { quota, ask, served, pass, settled } = testQuota({ longestWaitMs: Infinity })
    many(200, () => ask('burst', 'b'))
    many(10_200, () => ask('a', 'a'))
    await settled()
    expect(quota.state()).toMatchObject({ available: 0, waiting: 10_000 })
    served.length = 0

    many(3, () => ask('b', 'b'))
    for (let calls = 0; calls < 6; calls += 1) await pass(200)

    expect(served).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  it('hold up a newcomer whose bucket is full by one call each', async () => {
    const { ask, served, pass, settled } = testQuota({ burst: 2, longestWaitMs: Infinity })
    for (const tenant of ['a', 'b', 'c']) many(1_000, () => ask(tenant, tenant))
    await settled()
    served.length = 0

    ask('new', 'd')
    for (let calls = 0; calls < 4; calls += 1) await pass(200)

    expect(served.indexOf('new')).toBeLessThanOrEqual(3)
    expect(new Set(served).size).toBe(served.length)
  })

  it('are served by site in turn within a tenant', async () => {
    const { ask, served, pass, settled } = testQuota({ burst: 2, longestWaitMs: Infinity })
    ask('burst', 'a', 'big')
    await settled()
    served.length = 0
    many(1_000, () => ask('big', 'a', 'big'))

    many(2, () => ask('small', 'a', 'small'))
    for (let calls = 0; calls < 5; calls += 1) await pass(200)

    expect(served).toEqual(['big', 'small', 'big', 'small', 'big'])
  })

  it('do not wait behind one whose own limit is spent', async () => {
    const { ask, served, settled } = testQuota({ longestWaitMs: Infinity })
    many(100, () => ask('ann', 'a', 'site', { kind: 'user', user: 'ann' }))

    ask('ben', 'a', 'site', { kind: 'user', user: 'ben' })
    ask('other', 'b')
    await settled()

    expect(served.filter((name) => name === 'ann')).toHaveLength(60)
    expect(served.slice(-2)).toEqual(['ben', 'other'])
  })

  it('are given up by a caller whose time is over, and take no token', async () => {
    const { quota, ask, settled } = testQuota({ burst: 2 })
    ask('first', 'a')
    const caller = new AbortController()
    const waiting = quota.take({
      payer: { tenant: 'a', site: 's' },
      against: undefined,
      signal: caller.signal,
    })

    caller.abort(new Error('enough'))

    await expect(waiting).rejects.toThrow('enough')
    await settled()
    expect(quota.state()).toMatchObject({ waiting: 0, granted: 1 })
  })

  it('need a timer only while there are any', async () => {
    const { ask, pass, timers } = testQuota({ burst: 2 })
    expect(timers()).toBe(0)

    many(2, () => ask('a', 'a'))
    expect(timers()).toBe(1)
    await pass(1_000)

    expect(timers()).toBe(0)
  })
})

describe('the bounded wait', () => {
  const retryAfter = (error: unknown): number | undefined =>
    error instanceof BridgeQuotaError ? error.retryAfter : undefined

  it('refuses at once whose turn is further away than ten seconds, and says when it is', async () => {
    const { ask, refused, clock, settled } = testQuota()
    many(200, () => ask('burst', 'a'))
    many(50, () => ask('waits', 'a'))
    ask('late', 'a')
    await settled()

    expect(refused).toHaveLength(1)
    expect(retryAfter(refused[0]?.[1])).toBe(11)
    expect(refused[0]?.[1]).toMatchObject({ status: 429, excType: 'TooManyRequestsError' })
    expect(clock.now()).toBe(testClock().now())
  })

  it('names a reset that is true: then a call goes out', async () => {
    const { ask, refused, served, pass, settled } = testQuota()
    many(250, () => ask('a', 'a'))
    ask('late', 'a')
    await settled()
    const seconds = retryAfter(refused[0]?.[1])!
    for (let second = 0; second < seconds; second += 1) await pass(1_000)

    ask('again', 'a')
    await settled()

    expect(served).toContain('again')
    expect(refused).toHaveLength(1)
  })

  it('ends after ten seconds for whom others overtook', async () => {
    const { ask, refused, served, pass, settled } = testQuota({ burst: 2, perSecond: 1 })
    many(11, (index) => ask(`a${index}`, 'a'))
    await settled()
    expect(refused).toEqual([])

    for (const tenant of ['b', 'c', 'd']) many(9, () => ask(tenant, tenant))
    for (let second = 0; second < 10; second += 1) await pass(1_000)

    expect(refused.map(([name]) => name)).toContain('a10')
    expect(refused.every(([, error]) => retryAfter(error)! >= 1)).toBe(true)
    expect(served).toHaveLength(2 + 10)
  })
})

describe('the limits of one user', () => {
  const ann: Against = { kind: 'user', user: 'ann' }

  it('are sixty calls in any minute', async () => {
    const { ask, served, pass, settled } = testQuota({ longestWaitMs: Infinity })
    many(130, () => ask('ann', 'a', 'site', ann))
    await settled()
    expect(served).toHaveLength(60)

    await pass(60_000)
    expect(served).toHaveLength(60)
    await pass(1_500)
    expect(served).toHaveLength(120)
  })

  it('are refused at once with the time they are free again', async () => {
    const { ask, refused, pass, settled } = testQuota()
    many(60, () => ask('ann', 'a', 'site', ann))
    await settled()
    await pass(20_000)

    ask('late', 'a', 'site', ann)
    await settled()

    expect(refused.map(([name]) => name)).toEqual(['late'])
    expect(refused[0]?.[1]).toMatchObject({ retryAfter: 41 })
  })

  it('are ten access tokens in any minute, counted apart', async () => {
    const { ask, served, refused, settled } = testQuota()
    many(11, () => ask('token', 'a', 'site', { kind: 'token', user: 'ann' }))
    ask('call', 'a', 'site', ann)
    await settled()

    expect(served.filter((name) => name === 'token')).toHaveLength(10)
    expect(served).toContain('call')
    expect(refused).toHaveLength(1)
  })

  it('are what Bridge says, when it knows better', async () => {
    const { quota, ask, refused, served, settled } = testQuota()
    quota.hold(ann, 30)

    ask('ann', 'a', 'site', ann)
    ask('ben', 'a', 'site', { kind: 'user', user: 'ben' })
    await settled()

    expect(served).toEqual(['ben'])
    expect(refused[0]?.[1]).toMatchObject({ retryAfter: 30 })
  })
})

describe('a call that may wait longer', () => {
  const ann: Against = { kind: 'user', user: 'ann' }

  it('waits until it is told not to, and no longer', async () => {
    const { quota, pass, settled } = testQuota({ userPerMinute: 1 })
    const until = (ms: number) => {
      const payer = { tenant: 'a', site: 's', mayWaitMs: () => ms }
      return quota.take({ payer, against: ann })
    }
    await until(0)

    await expect(until(60_000)).rejects.toBeInstanceOf(BridgeQuotaError)
    const waiting = until(61_000)
    for (let second = 0; second < 61; second += 1) await pass(1_000)

    await expect(waiting).resolves.toBeDefined()
    await settled()
    expect(quota.state().waiting).toBe(0)
  })

  it('keeps nobody behind it waiting for longer than that', async () => {
    const { quota, ask, refused, pass, settled } = testQuota({
      burst: 2,
      perSecond: 1,
      userPerMinute: 1,
    })
    const payer = { tenant: 'z', site: 's', mayWaitMs: () => 100_000 }
    await quota.take({ payer, against: ann })
    void quota.take({ payer, against: ann })
    many(10, (index) => ask(`a${index}`, 'a'))
    await settled()
    for (const tenant of ['b', 'c', 'd']) many(9, () => ask(tenant, tenant))

    for (let second = 0; second < 10; second += 1) await pass(1_000)

    expect(refused.map(([name]) => name)).toContain('a9')
    expect(quota.state().waiting).toBe(1)
  })

  it('can be told how long so many calls would take', async () => {
    const { quota, ask, clock, settled } = testQuota()
    const call = { payer: { tenant: 'a', site: 'site' }, against: ann }
    many(40, () => ask('ann', 'a', 'site', ann))
    await settled()
    clock.advance(10_000)

    expect(quota.waitFor(call, 20)).toBe(0)
    expect(quota.waitFor(call, 21)).toBe(51_000)
    expect(quota.waitFor(call, 60)).toBe(51_000)
    expect(quota.waitFor({ ...call, against: undefined }, 200)).toBe(0)
  })
})

it('refuses whoever waits when the server stops', async () => {
  const { quota, ask, refused, settled, timers } = testQuota({ burst: 2 })
  many(2, () => ask('a', 'a'))

  void quota.close()
  await settled()

  expect(refused).toHaveLength(1)
  expect(timers()).toBe(0)
})
