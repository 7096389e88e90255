import { minuteMs, secondMs } from './durations.ts'

/** Bridge's minute, and a second more: a call may reach it sooner after its start than the one it is counted with. */
export const windowMs = minuteMs + secondMs

/** For how long what was lent may be used: a call that goes out later needs another permit. */
export const permitLifeMs = 2 * secondMs

/** For how long calls count that were lent: a permit may be used that much later. */
export const lentWindowMs = windowMs + permitLifeMs

/** A tenant may have half of what may go out at once. */
export const shareOf = (burst: number): number => Math.max(1, Math.floor(burst / 2))

/** Calls that somebody would make: the tenant's, and against a key of a Bridge user; `''` is no key. */
export interface QuotaWant {
  tenant: string
  key: string
  /** Those that wait. */
  count: number
  /** What would be good to have at hand besides, while there is plenty. */
  spare: number
}

/** Permits that were not used: of how many that were lent at a time. */
export interface UnusedPermits {
  tenant: string
  key: string
  at: number
  count: number
}

/** A member asks for permits; and says what it learned, and has left. */
export interface QuotaAsk {
  by: string
  at: number
  limits: { burst: number; perSecond: number; userPerMinute: number; tokensPerMinute: number }
  /** Who is next in turn first. */
  wants: readonly QuotaWant[]
  unused: readonly UnusedPermits[]
  /** Keys that may not call until then: Bridge said so. */
  holds: readonly { key: string; until: number }[]
}

/** What is lent, and how it stands afterwards. */
export interface QuotaAnswer {
  /** By want: usable for `permitLifeMs` from when it was asked for. */
  lent: number[]
  /** Calls of the application that could go out now. */
  available: number
  /** The same of tenants that spent lately. */
  tenants: Record<string, number>
  /** When calls against the keys that were asked for counted, and until when they may make none. */
  keys: Record<string, { times: number[]; heldUntil: number }>
  /** How many others got less than they wanted, lately. */
  rivals: number
  /** How many calls wait with them, by tenant. */
  waiting: Record<string, number>
}

/** Lends Bridge's quota to those who share it. Rejects when nothing can be lent now. */
export type LendQuota = (ask: QuotaAsk) => Promise<QuotaAnswer>
