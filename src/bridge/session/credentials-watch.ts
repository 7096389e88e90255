import type { Clock } from '../../clock.ts'
import { kindOf, type Where } from '../bridge-errors.ts'
import { hourMs } from '../../durations.ts'

interface CredentialsState {
  refused: boolean
  /** Epoch milliseconds; null while Bridge takes our credentials. */
  refusedSince: number | null
  /** How often they were refused since the start. */
  refusals: number
}

/** Notices when Bridge refuses the application itself, which no site can mend. */
export interface CredentialsWatch {
  /** Hears the status of every call that carries our credentials alone. */
  note(where: Where, status: number): void
  state(): CredentialsState
}

/**
 * `onRefused` is called once when it begins and then hourly, however many calls fail in between; `onProven` once, when
 * Bridge first takes them.
 */
export function createCredentialsWatch({
  clock,
  onRefused,
  onAccepted,
  onProven = () => {},
}: {
  clock: Clock
  onRefused: (where: Where, status: number) => void
  onAccepted: () => void
  onProven?: (() => void) | undefined
}): CredentialsWatch {
  let refusedSince: number | null = null
  let isProven = false
  let toldAt = 0
  let refusals = 0
  return {
    note(where, status) {
      if (kindOf(status) === 'credentials') {
        refusals += 1
        const now = clock.now()
        const isNew = refusedSince === null
        refusedSince ??= now
        if (!isNew && now < toldAt + hourMs) return
        toldAt = now
        onRefused(where, status)
      } else if (status < 300) {
        if (!isProven) onProven()
        isProven = true
        if (refusedSince !== null) onAccepted()
        refusedSince = null
      }
    },
    state: () => ({ refused: refusedSince !== null, refusedSince, refusals }),
  }
}
