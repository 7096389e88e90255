import type { AuditEntry } from '../db/ports/audit.ts'
import { hourOf } from '../durations.ts'

/** Counts what callers can cause at will, so that they fill neither the disk nor the commit queue. */
export interface AuditCounter {
  count(entry: AuditEntry & { bucket: number }): void
  /** Writes what was counted since the last time. When a write fails, what is unwritten is kept for the next. */
  flush(): Promise<void>
}

/** How many different things are told apart between two flushes; the rest is one row. */
const limit = 1_000

interface Bound {
  /** Whose rows are bounded together. */
  group: string
  /** How many an hour get a row of their own. */
  most: number
  /** What the row of all others tells. */
  rest: Partial<AuditEntry>
}

/**
 * How many rows all strangers together, each key, all who call with one key in vain, all neighbours that nobody trusts, and
 * what the server notes of one tenant's sites may add in an hour: a year of their trying is some hundred megabytes, not the whole disk. Undefined: nobody outside causes it at will.
 */
function boundOf({ action, actor, subject, tenantId }: AuditEntry): Bound | undefined {
  const whose = tenantId === undefined ? {} : { tenantId }
  if (actor.startsWith('key:')) return { group: actor, most: 20, rest: { ...whose, actor } }
  // Within one IPv6 network, one host has as many addresses as it likes.
  if (action === 'proxy.untrusted') return { group: 'proxies', most: 20, rest: { actor } }
  if (actor === 'server' && tenantId !== undefined) {
    // One row is told from another by its subject alone: two tenants' must differ.
    return { group: `server: ${tenantId}`, most: 100, rest: { tenantId, actor, subject: tenantId } }
  }
  if (!actor.startsWith('address:')) return undefined
  if (tenantId === undefined) return { group: 'strangers', most: 100, rest: {} }
  // Perhaps it is the key's site, with a secret of before: the noise of the internet must not drown that.
  return { group: `in vain: ${subject}`, most: 20, rest: { ...whose, subject } }
}

/** An audit counter in memory: a crash forgets the counts since the last flush, nothing else. */
export function createAuditCounter(write: (entry: AuditEntry) => Promise<void>): AuditCounter {
  const counted = new Map<string, AuditEntry & { count: number }>()
  let told = { hour: 0, by: new Map<string, Set<string>>() }

  /** Whether this thing gets a row of its own. */
  const isApart = (name: string, at: number, bound: Bound | undefined): boolean => {
    if (counted.size >= limit) return false
    if (bound === undefined) return true
    const { group, most } = bound
    if (told.hour !== hourOf(at)) told = { hour: hourOf(at), by: new Map() }
    const names = told.by.get(group) ?? new Set()
    told.by.set(group, names)
    if (names.size < most) names.add(name)
    return names.has(name)
  }

  async function writeCounted(): Promise<void> {
    const batch = Array.from(counted) // what is counted meanwhile is the next flush's
    for (const [name, entry] of batch) {
      counted.delete(name)
      try {
        await write(entry)
      } catch (error) {
        const since = counted.get(name)?.count ?? 0
        counted.set(name, { ...entry, count: entry.count + since })
        throw error
      }
    }
  }

  /** One after the other: two at once would count the same twice. */
  let flushed = Promise.resolve()

  return {
    count(entry) {
      const { action, at, actor, subject } = entry
      const name = [action, actor, subject, entry.bucket].join('\0')
      const bound = boundOf(entry)
      const known = counted.get(name)
      if (known) {
        known.count += 1
        known.at = at
      } else if (isApart(name, at, bound)) {
        counted.set(name, { ...entry, count: 1 })
      } else {
        const bucket = hourOf(entry.bucket)
        const rest = { action, at, bucket, actor: 'many', subject: 'many', ...bound?.rest }
        const restName = [action, rest.actor, rest.subject].join(' ')
        counted.set(restName, { ...rest, count: (counted.get(restName)?.count ?? 0) + 1 })
      }
    },
    flush() {
      flushed = flushed.catch(() => {}).then(writeCounted)
      return flushed
    },
  }
}
