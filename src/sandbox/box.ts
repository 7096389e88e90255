import { createHash } from 'node:crypto'
import type { Clock, Ids } from '../clock.ts'
import type { Calls } from './calls.ts'
import type { Faults } from './faults.ts'
import type { Ledgers } from './ledgers.ts'
import type { Quotas } from './quotas.ts'
import type { State } from './state.ts'
import type { Switches } from './switches.ts'
import type { WebhookQueue } from './webhooks.ts'

/** What every part of one sandbox shares. */
export interface Box {
  clock: Clock
  ids: Ids
  origin: () => string
  credentials: { clientId: string; clientSecret: string } | undefined
  state: State
  /** Read it anew each time: a lever replaces it. */
  switches: Switches
  ledgers: Ledgers
  webhooks: WebhookQueue
  calls: Calls
  faults: Faults
  quotas: Quotas
  /** Call after a change that must survive a restart. */
  changed: () => void
  log: (event: object, text: string) => void
}

/** A random identifier in the shape of a version 4 UUID. */
export function createUuid(ids: Ids): string {
  const hex = createHash('sha256').update(ids.request()).digest('hex')
  const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) % 4] ?? '8'
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
