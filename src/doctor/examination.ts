import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Store } from '../db/store.ts'
import type { Probes } from './probes.ts'
import { dayMs } from '../durations.ts'

/** What the doctor looks at, and with what. */
export interface Examination {
  config: Config
  store: Store
  /** The one that everything goes by: the database's, where servers share one. */
  clock: Clock
  machineClock: Clock
  probes: Probes
  /** Of a server that examines itself: leaves out what would hold up its calls. */
  isBrief?: boolean
  /** Where Bridge is: of a sandbox in the box, its own port. */
  bridgeOrigin: string
  credentials: { clientId: string; clientSecret: string }
}

/** Whole days between now and then, as people count them. */
export const daysUntil = (at: number, now: number): number => Math.floor((at - now) / dayMs)

/** The word a failed connection has for itself. */
export const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : error.message
