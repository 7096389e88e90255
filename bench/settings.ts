import type { ProcessIdentity } from './gateway.ts'
import type { Holdings } from './seed.ts'
import type { Row } from './side-by-side.ts'

/** How a run measures: where, how long, and beside which holdings. */
export interface Settings extends ProcessIdentity {
  /** How often each side takes its turn, at least five to be believed. */
  rounds: number
  /** How long a round of load lasts. */
  roundMs: number
  /** An installation in its first week, and one after years. */
  small: Holdings
  kept: Holdings
  /** Deliveries to drain, and to how many endpoints. */
  drain: { due: number; endpoints: number }
  soakMinutes: number
}

/** One bench: measures, and says what it found as rows of the table. */
export type Bench = (settings: Settings) => Promise<Row[]>
