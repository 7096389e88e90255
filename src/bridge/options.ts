import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import type { Breaker } from './admission/breaker.ts'
import type { Quota } from './admission/quota.ts'
import type { BridgeTime } from './session/bridge-time.ts'
import type { CredentialsWatch } from './session/credentials-watch.ts'

export interface BridgeOptions {
  /** An origin, without `/v3`. */
  baseUrl: string
  clientId: string
  clientSecret: string
  /** undici's: a Pool in production, a double in tests. Whoever made it closes it. */
  dispatcher: Dispatcher
  clock: Clock
  /** A number in [0, 1), for the jitter between tries. */
  random?: () => number
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Hears of each attempt, for log and metrics: never a token, never a query. */
  onCall?: (call: BridgeCall) => void
  /** For one attempt, body included. Default 10,000. */
  timeoutMs?: number
  /** Whose turn it is; without one, calls go out as they come. */
  quota?: Quota
  /** Without one, Bridge is tried however often it failed. */
  breaker?: Breaker
  /** Hears whether Bridge takes our credentials. */
  credentials?: CredentialsWatch
  /** Hears what time it is at Bridge. */
  time?: Pick<BridgeTime, 'heard'>
}

export interface BridgeCall {
  method: string
  /** With `{id}` for ids, so that metrics can group by it. */
  route: string
  /** Undefined when no answer came. */
  status: number | undefined
  durationMs: number
  /** 1 for the first try. */
  attempt: number
  /** The error's name, when the attempt failed. */
  error?: string
}
