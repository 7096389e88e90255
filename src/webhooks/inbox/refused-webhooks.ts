import type { AuditCounter } from '../../audit/counter.ts'
import { hourOf, minuteOf } from '../../durations.ts'
import { readBridgeEvent } from '../../bridge/events/webhook-events.ts'
import type { Clock } from '../../clock.ts'
import type { UserStore } from '../../db/ports/users.ts'

/** How the audit knows what came with a signature that no secret of ours makes. */
export const refusalOf = {
  action: 'webhook.refused',
  anybody: 'signature',
  /** It names a user whom Bridge made for us: nobody else knows one. */
  knownUser: "signature of Bridge's",
} as const

/** Counts refused webhooks, so that `doctor` can tell a secret that was rotated from a stranger, and from a silent Bridge. */
export interface RefusalWatch {
  /** Touches nothing but memory: strangers can make us do it. */
  note(rawBody: Buffer): void
  /** Looks whether those since the last look named a user of ours. */
  look(): Promise<boolean>
}

/** As large as a body may be that is looked into, in bytes: Bridge's events are a tenth of it, a stranger's JSON costs what it likes. */
const largestLookedInto = 4 * 1024

/** How many users are remembered until the next look. */
const remembered = 20

export function createRefusalWatch({
  store,
  clock,
  auditCounter,
}: {
  store: Pick<UserStore, 'findUserByUuid'>
  clock: Clock
  auditCounter: AuditCounter
}): RefusalWatch {
  const named = new Map<string, number>()

  return {
    note(rawBody) {
      const at = clock.now()
      const { action, anybody: subject } = refusalOf
      auditCounter.count({ at, actor: 'bridge', action, subject, bucket: hourOf(at) })
      const uuid = userIn(rawBody)
      if (uuid === undefined) return
      named.delete(uuid)
      named.set(uuid, at)
      const [oldest] = named.keys()
      if (named.size > remembered && oldest !== undefined) named.delete(oldest)
    },
    async look() {
      for (const [uuid, at] of named) {
        named.delete(uuid)
        if (!(await store.findUserByUuid(uuid))) continue
        const { action, knownUser: subject } = refusalOf
        auditCounter.count({ at, actor: 'bridge', action, subject, bucket: minuteOf(at) })
      }
      return false
    },
  }
}

function userIn(rawBody: Buffer): string | undefined {
  if (rawBody.length > largestLookedInto) return undefined
  try {
    const { content } = readBridgeEvent(rawBody)
    const uuid = content['user_uuid']
    return typeof uuid === 'string' ? uuid : undefined
  } catch {
    return undefined // nothing of Bridge's
  }
}
