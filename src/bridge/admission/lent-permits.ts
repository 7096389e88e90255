import type { Clock } from '../../clock.ts'
import {
  lentWindowMs,
  permitLifeMs,
  shareOf,
  type LendQuota,
  type QuotaAnswer,
  type QuotaAsk,
  type QuotaWant,
  type UnusedPermits,
} from '../../quota-lending.ts'
import { createPermitBlocks, nameOf } from './permit-blocks.ts'
import {
  createKeyWindows,
  limitOfKey,
  type Counted,
  type PermitLimits,
  type Permits,
} from './permits.ts'
import { createBucket, type Bucket } from './rate-limits.ts'

/** Who lends, and to whom. */
export interface Lender {
  lend: LendQuota
  /** Names the borrower among the others. */
  by: string
  onError(error: unknown): void
}

/** What a request that makes several calls for a user wants to have at hand after the first. */
const spareOfUser = 3

/** What was not used goes back a moment later, together. */
const returnMs = 500

/** How often whoever waits asks again, and how long what is known then is good. */
const leastPauseMs = 100
const longestPauseMs = 1_000

/**
 * Permits of an application that several processes share: lent in small blocks, asked for when somebody waits, and before
 * the last of a block is spent. Whoever has one at hand asks nobody. `inTurn` are the first of the calls that wait; `onAnswer`
 * is called after each answer, and each failure.
 */
export function createLentPermits(
  limits: PermitLimits,
  {
    clock,
    lender: { lend, by, onError },
    inTurn,
    onAnswer,
  }: {
    clock: Clock
    lender: Lender
    inTurn: (most: number) => Iterable<Counted>
    onAnswer: () => void
  },
): Permits {
  const { burst, perSecond } = limits
  const share = shareOf(burst)
  const blocks = createPermitBlocks()
  const soon = new Map<string, Counted>()
  let unused: UnusedPermits[] = []
  let holds: { key: string; until: number }[] = []
  let asking: Promise<void> | undefined
  let askAt = Number.NEGATIVE_INFINITY
  let isFailing = false
  /** Somebody came who may be lent something, while an answer to others was on its way. */
  let hasJoined = false

  // As far as we know what lies with the lender.
  let knownAt = Number.NEGATIVE_INFINITY
  let app: Bucket = createBucket({ size: burst, perSecond, since: clock.now() })
  let tenants = new Map<string, Bucket>()
  let elsewhere: QuotaAnswer['waiting'] = {}
  const windowsOf = createKeyWindows(limits, lentWindowMs)

  const { usable } = blocks

  const isKnown = (now: number): boolean => now - knownAt < longestPauseMs

  const waits: Permits['waits'] = (call, { all, ofTenant, ofKey }, now) => {
    const { tenant, key } = call
    const here = usable(call, now)
    const isHere = here >= ofKey
    const ofShare = tenants.get(tenant)?.waitFor(ofTenant - here, now) ?? 0
    const ofWindow = key === '' ? 0 : windowsOf(key).waitFor(key, ofKey - here - 1, now)
    return [
      ['application', isHere ? 0 : app.waitFor(all - here, now)],
      ['tenant_share', isHere ? 0 : ofShare],
      [limitOfKey(key), isHere ? 0 : ofWindow],
    ]
  }

  const waitOfOne = (call: Counted, now: number): number => {
    const ahead = usable(call, now) + 1
    const one = { all: ahead, ofTenant: ahead, ofKey: ahead }
    return Math.max(...waits(call, one, now).map(([, wait]) => wait))
  }

  /** What those who wait need, who is next in turn first; and what is about to be used up. */
  function wantsAt(now: number): QuotaWant[] {
    const wants = new Map<string, QuotaWant>()
    function wantOf(call: Counted): QuotaWant {
      const name = nameOf(call)
      const spare = call.key.startsWith('user ') ? spareOfUser : 0
      const want = wants.get(name) ?? { ...call, count: 0, spare }
      wants.set(name, want)
      return want
    }
    for (const call of inTurn(burst)) wantOf(call).count += 1
    for (const want of wants.values()) want.count = Math.max(0, want.count - usable(want, now))
    for (const call of soon.values()) wantOf(call)
    return [...wants.values()].filter((want) => want.count > 0 || soon.has(nameOf(want)))
  }

  function learn(answer: QuotaAnswer, at: number): void {
    knownAt = at
    const { available, rivals } = answer
    // Of what comes each who waits gets as much.
    const speed = perSecond / (1 + rivals)
    app = createBucket({ size: burst, perSecond: speed, since: at, start: available })
    tenants = new Map(
      Object.entries(answer.tenants).map(([tenant, start]) => [
        tenant,
        createBucket({ size: share, perSecond, since: at, start }),
      ]),
    )
    for (const [key, { times, heldUntil }] of Object.entries(answer.keys)) {
      windowsOf(key).learn(key, times)
      windowsOf(key).hold(key, heldUntil)
    }
    elsewhere = answer.waiting
  }

  /** Those who got nothing ask again when there may be something. */
  function pauseAfter(wants: readonly QuotaWant[], { lent }: QuotaAnswer): number {
    const now = clock.now()
    const waiting = wantsAt(now)
    if (waiting.length === 0 || hasJoined) return 0
    const pause = Math.min(...waiting.map((want) => waitOfOne(want, now)))
    const isInVain = wants.length > 0 && lent.every((count) => count === 0)
    return pause <= 0 && !isInVain ? 0 : between(pause, leastPauseMs, longestPauseMs)
  }

  async function ask(now: number, wants: QuotaWant[]): Promise<void> {
    const told: Pick<QuotaAsk, 'unused' | 'holds'> = { unused, holds }
    unused = []
    holds = []
    soon.clear()
    hasJoined = false
    try {
      const answer = await lend({ by, at: now, limits, wants, ...told })
      isFailing = false
      learn(answer, now)
      for (const [index, want] of wants.entries()) {
        const lent = answer.lent[index] ?? 0
        if (lent > 0) blocks.add(want, { at: now, lent })
      }
      askAt = clock.now() + pauseAfter(wants, answer)
    } catch (error) {
      // What was to go back may have gone: given back twice it would be lent twice.
      holds.push(...told.holds)
      isFailing = true
      askAt = clock.now() + longestPauseMs
      onError(error)
    }
  }

  async function askAndServe(now: number, wants: QuotaWant[]): Promise<void> {
    await ask(now, wants)
    asking = undefined
    onAnswer()
  }

  function tick(now: number): void {
    unused.push(...blocks.drop((_call, at) => at + permitLifeMs <= now))
    if (asking || now < askAt) return
    const wants = wantsAt(now)
    const isReturnDue = unused.some(({ at }) => at + permitLifeMs + returnMs <= now)
    if (wants.length > 0 || holds.length > 0 || isReturnDue) asking = askAndServe(now, wants)
  }

  return {
    any: (now) => blocks.anyUsable(now),
    has: (call, now) => usable(call, now) > 0,
    admits: ({ tenant, key }, now) =>
      key === undefined
        ? blocks.anyUsable(now, (call) => call.tenant === tenant)
        : usable({ tenant, key }, now) > 0,
    spend(call, now) {
      const { until, isNearEnd } = blocks.use(call, now)
      if (isNearEnd) {
        soon.set(nameOf(call), call)
        tick(now)
      }
      return until
    },
    waits,
    hold(key, until) {
      windowsOf(key).hold(key, until)
      unused.push(...blocks.drop((call) => call.key === key))
      holds.push({ key, until })
      tick(clock.now())
    },
    available: (now) => app.tokens(now),
    tenants: (now) => new Map([...tenants].map(([tenant, one]) => [tenant, one.tokens(now)])),
    waitingElsewhere: () => elsewhere,
    isKnown,
    isBusy: () => blocks.size > 0 || unused.length > 0 || holds.length > 0,
    joined(call, now) {
      if (!isFailing && (!isKnown(now) || waitOfOne(call, now) <= 0)) {
        hasJoined = true
        askAt = now
      }
      tick(now)
    },
    tick,
    async refresh() {
      const now = clock.now()
      await (asking ??= askAndServe(now, wantsAt(now)))
    },
    async close() {
      await asking
      unused.push(...blocks.drop(() => true))
      if (unused.length > 0 || holds.length > 0) await ask(clock.now(), [])
    },
  }
}

const between = (value: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, value))
