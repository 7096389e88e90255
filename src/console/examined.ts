import type { Clock } from '../clock.ts'
import type { Finding } from '../doctor/finding.ts'
import { withLastTurns } from '../doctor/sites.ts'
import { minuteMs, secondMs } from '../durations.ts'

/** What doctor found last, and whether it is looking now. */
export interface Examined {
  at: number
  /** What is not well, the worst first. */
  findings: Finding[]
}

export interface Examiner {
  /** The last result; looks again when it is old. Waits for a first one a moment, for no later one. */
  latest(): Promise<Examined | undefined>
  /** Looks anew, and waits for it a moment. */
  anew(): Promise<Examined | undefined>
}

/** To ask each site's name and certificate takes a while, and a page is looked at again and again. */
const oldMs = 5 * minuteMs
const patienceMs = 3 * secondMs

/** Examines when somebody looks, once at a time. */
export function createExaminer({
  examine,
  clock,
  onError,
}: {
  examine: () => Promise<Finding[]>
  clock: Clock
  onError: (error: unknown) => void
}): Examiner {
  let last: Examined | undefined
  let looking: Promise<void> | undefined

  async function examineNow(): Promise<void> {
    try {
      const findings = withLastTurns(await examine(), last?.findings ?? [])
      last = { at: clock.now(), findings: worstFirst(findings) }
    } catch (error) {
      onError(error)
    }
    looking = undefined
  }

  const look = (): Promise<void> => (looking ??= examineNow())

  return {
    async latest() {
      if (!last) await soon(look())
      else if (Math.abs(clock.now() - last.at) >= oldMs) void look()
      return last
    },
    async anew() {
      await soon(look())
      return last
    },
  }
}

const worstFirst = (findings: readonly Finding[]): Finding[] => [
  ...findings.filter(({ level }) => level === 'critical'),
  ...findings.filter(({ level }) => level === 'warning'),
]

/** Resolves with the work, or when a reader has waited for long enough. */
function soon(work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patienceMs).unref()
    void work.finally(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
