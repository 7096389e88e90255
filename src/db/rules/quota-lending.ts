import {
  lentWindowMs,
  permitLifeMs,
  shareOf,
  type QuotaAnswer,
  type QuotaAsk,
  type QuotaWant,
} from '../../quota-lending.ts'

/** How many calls were lent at a time. */
type Lent = [at: number, count: number][]

/** What is spent of Bridge's quota by all who share it. */
export interface QuotaLedger {
  /** The time that was last reckoned with; an earlier version wrote none. */
  at?: number
  /** When the bucket of the application, and of each tenant, is full again if nothing more is lent. */
  fullAt: number
  tenants: Record<string, number>
  /** What was lent in advance and may not be used yet. It makes the bucket smaller: else more than `burst` calls could go out at once. */
  spare: Lent
  keys: Record<string, { lent: Lent; heldUntil: number }>
  /** Who got less than it wanted, and what it still wants, by tenant. */
  waiting: Record<string, { at: number; lentAt: number; calls: Record<string, number> }>
}

export const untouchedQuota: QuotaLedger = {
  fullAt: 0,
  tenants: {},
  spare: [],
  keys: {},
  waiting: {},
}

/** Longer than a permit lives: clocks may differ a little. */
const inHandMs = permitLifeMs + 1_000

/** Who still waits asks again within a second. */
const waitsMs = 3_000

/**
 * Lends what is asked for, as far as it goes: one call to each in turn, again and again, then what each wants to spare, of
 * what is more than half. What is lent is spent: a dead member's share comes back with time. Calls that are lent in any
 * time never exceed `burst` and what fills up meanwhile, also when they are used as late as they may be.
 */
export function lendQuota(
  before: QuotaLedger,
  asked: QuotaAsk,
): { state: QuotaLedger; answer: QuotaAnswer } {
  const ask = { ...asked, at: reckonedAt(before, asked) }
  const { by, at, limits, wants } = ask
  const state = current(before, ask)
  takeBack(state, ask)
  for (const { key, until } of ask.holds) {
    const known = keyOf(state, key)
    known.heldUntil = Math.max(known.heldUntil, until)
  }
  const { burst } = limits
  const share = shareOf(burst)
  const left = (fullAt: number, size: number) => size - (fullAt - at) * perMs(ask)
  const { [by]: waited, ...others } = state.waiting
  const rivals = Object.keys(others).length
  // Whoever asks first would have it all: who was lent some a moment ago leaves one to each of the others.
  const isSated = waited !== undefined && at - waited.lentAt < (1 + rivals) / perMs(ask)
  const reserved = isSated ? rivals : 0
  const lent = wants.map(() => 0)

  /** How many calls may still be lent to a want, when this part of each limit is to stay. */
  function room({ tenant, key }: QuotaWant, part: number): number {
    return Math.min(
      left(state.fullAt, burst) - reserved - burst * part,
      left(state.tenants[tenant] ?? at, share) - share * part,
      key === '' ? burst : roomOfKey(state, key, ask) - limitOf(key, ask) * part,
    )
  }
  function lend(index: number): void {
    const { tenant, key } = wants[index]!
    lent[index]! += 1
    state.fullAt += 1 / perMs(ask)
    state.tenants[tenant] = (state.tenants[tenant] ?? at) + 1 / perMs(ask)
    if (key !== '') count(keyOf(state, key).lent, asked.at)
  }
  const wanting = new Set(wants.keys())
  while (wanting.size > 0) {
    for (const index of wanting) {
      const want = wants[index]!
      if (lent[index]! < want.count && room(want, 0) >= whole) lend(index)
      else wanting.delete(index)
    }
  }
  for (const [index, want] of wants.entries()) {
    for (let spare = 0; spare < want.spare && room(want, 1 / 2) >= whole; spare += 1) {
      lend(index)
      count(state.spare, asked.at)
    }
  }

  const unserved: Record<string, number> = {}
  for (const [index, { tenant, count: wanted }] of wants.entries()) {
    if (wanted > lent[index]!) unserved[tenant] = (unserved[tenant] ?? 0) + wanted - lent[index]!
  }
  const lentAt = lent.some((calls) => calls > 0) ? at : (waited?.lentAt ?? 0)
  const isWaiting = Object.keys(unserved).length > 0
  state.waiting = isWaiting ? { ...others, [by]: { at, lentAt, calls: unserved } } : others

  const answer = {
    lent,
    available: left(state.fullAt, burst),
    tenants: mapped(state.tenants, (fullAt) => left(fullAt, share)),
    keys: Object.fromEntries(
      wants.filter(({ key }) => key !== '').map(({ key }) => [key, timesOf(state.keys[key])]),
    ),
    rivals,
    waiting: summed(Object.values(others).map(({ calls }) => calls)),
  }
  return { state, answer }
}

/** A call is there a little before its time: sums of fractions are not exact. */
const whole = 1 - 1e-6

const perMs = ({ limits }: QuotaAsk): number => limits.perSecond / 1_000

const limitOf = (key: string, { limits }: QuotaAsk): number =>
  key.startsWith('token ') ? limits.tokensPerMinute : limits.userPerMinute

/**
 * The asking server's time, or the last one reckoned with when that is a little later: clocks differ, and an ask that met another
 * is repeated. Time that went back would fill an empty bucket by as much, each time.
 */
function reckonedAt({ at: last = 0 }: QuotaLedger, { at }: QuotaAsk): number {
  return at < last && last - at < inHandMs ? last : at
}

/** What is left of the state at a time, and a bucket that is neither fuller than full nor emptier than empty. */
function current(state: QuotaLedger, ask: QuotaAsk): QuotaLedger {
  const { at, limits } = ask
  // Either way: what a clock that was put back has yet to reach must not count until its date.
  const recent = (lent: Lent, ms: number): Lent =>
    lent.filter(([then]) => Math.abs(at - then) < ms).map(([then, calls]) => [then, calls])
  const filled = (fullAt: number, size: number, inHand: number) =>
    Math.min(Math.max(fullAt, at + inHand / perMs(ask)), at + size / perMs(ask))

  const spare = recent(state.spare, inHandMs)
  const inHand = spare.reduce((sum, [, calls]) => sum + calls, 0)
  const keys = mapped(state.keys, ({ lent: ofKey, heldUntil }) => ({
    lent: recent(ofKey, lentWindowMs),
    heldUntil,
  }))
  return {
    at,
    fullAt: filled(state.fullAt, limits.burst, inHand),
    spare,
    tenants: mapped(
      kept(state.tenants, (fullAt) => fullAt > at),
      (fullAt) => filled(fullAt, shareOf(limits.burst), 0),
    ),
    keys: kept(keys, (key) => key.lent.length > 0 || key.heldUntil > at),
    waiting: kept(state.waiting, (one) => Math.abs(at - one.at) < waitsMs),
  }
}

/** What was lent and not used, as if it had not been lent. */
function takeBack(state: QuotaLedger, ask: QuotaAsk): void {
  for (const { tenant, key, at, count: unused } of ask.unused) {
    state.fullAt -= unused / perMs(ask)
    const ofTenant = state.tenants[tenant]
    if (ofTenant !== undefined) state.tenants[tenant] = ofTenant - unused / perMs(ask)
    for (const lent of [state.spare, state.keys[key]?.lent]) {
      const then = lent?.find(([lentAt]) => lentAt === at)
      if (then) then[1] = Math.max(0, then[1] - unused)
    }
  }
  Object.assign(state, current(state, ask))
}

const keyOf = (state: QuotaLedger, key: string) => (state.keys[key] ??= { lent: [], heldUntil: 0 })

function roomOfKey({ keys }: QuotaLedger, key: string, ask: QuotaAsk): number {
  const known = keys[key]
  if (!known) return limitOf(key, ask)
  if (known.heldUntil > ask.at) return 0
  return limitOf(key, ask) - known.lent.reduce((sum, [, calls]) => sum + calls, 0)
}

function count(lent: Lent, at: number): void {
  const last = lent.at(-1)
  if (last?.[0] === at) last[1] += 1
  else lent.push([at, 1])
}

const timesOf = (known: QuotaLedger['keys'][string] | undefined) => ({
  times: (known?.lent ?? [])
    .flatMap(([at, calls]) => Array.from({ length: calls }, () => at))
    .toSorted((one, other) => one - other),
  heldUntil: known?.heldUntil ?? 0,
})

const kept = <T>(record: Record<string, T>, isKept: (value: T) => boolean): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => isKept(value)))

const mapped = <T, U>(record: Record<string, T>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))

function summed(records: readonly Record<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + value
  }
  return sums
}
