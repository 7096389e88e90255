import type { Store } from '../db/store.ts'
import type { Keyring } from '../vault/keyring.ts'
import { openTries } from '../webhooks/relay/tries.ts'
import { time } from './print.ts'

type Tried = Awaited<ReturnType<Store['findDelivery']>>

/** The tries of a delivery as they are shown, each with the beginning of the site's answer; of none there are none. */
export const triesOf = (deps: { keyring: Keyring }, delivery: Tried) =>
  openTries(deps, delivery).map(({ number, startedAt, durationMs, status, error, response }) => ({
    try: number,
    at: time(startedAt),
    ms: durationMs,
    status,
    error,
    response,
  }))

/** What a stranger's server said must not move the cursor, nor pass for our own lines. */
export const forTerminal = (text: string | null): string | null =>
  text === null ? null : text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ').trim()
