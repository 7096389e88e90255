import type { AuditEntry } from '../db/ports/audit.ts'
import { hourMs, minuteMs } from '../durations.ts'

/** Counts what callers can cause at will, so that they fill neither the disk nor the commit queue. */
export interface AuditCounter {
  count(entry: AuditEntry & { bucket: number }): void
  /** Writes what was counted since the last time. When a write fails, what is unwritten is kept for the next. */
  flush(): Promise<void>
}

/** How many different things are told apart between two flushes; the rest is one row. */
const limit = 1_000

/**
 * How many rows all strangers together, and each key, may add in an hour: a year of their trying is some hundred megabytes,
 * not the whole disk. The rest is one row.
 */
const mostInAnHour = { strangers: 100, key: 20 }

/** An audit counter in memory: a crash forgets the counts since the last flush, nothing else. */
export function createAuditCounter(write: (entry: AuditEntry) => Promise<void>): AuditCounter {
  const counted = new Map<string, AuditEntry & { count: number }>()
  let told = { hour: 0, by: new Map<string, Set<string>>() }

  /** Whether this thing gets a row of its own. */
  const isApart = (name: string, { actor, at }: AuditEntry): boolean => {
    if (counted.size >= limit) return false
    const who = actor.startsWith('address:') ? 'strangers' : actor
    if (who !== 'strangers' && !who.startsWith('key:')) return true
    if (told.hour !== hourOf(at)) told = { hour: hourOf(at), by: new Map() }
    const names = told.by.get(who) ?? new Set()
    told.by.set(who, names)
    if (names.size < mostInAnHour[who === 'strangers' ? who : 'key']) names.add(name)
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
      const name = [entry.action, entry.actor, entry.subject, entry.bucket].join('\0')
      const known = counted.get(name)
      if (known) {
        known.count += 1
        known.at = entry.at
      } else if (isApart(name, entry)) {
        counted.set(name, { ...entry, count: 1 })
      } else {
        const { action, at, tenantId } = entry
        const isKeys = entry.actor.startsWith('key:')
        const actor = isKeys ? entry.actor : 'many'
        const rest = { action, at, bucket: hourOf(entry.bucket), actor, subject: 'many' }
        const sum = counted.get(`${action} ${actor}`) ?? {
          ...rest,
          ...(isKeys && tenantId !== undefined && { tenantId }),
          count: 0,
        }
        counted.set(`${action} ${actor}`, { ...sum, at, count: sum.count + 1 })
      }
    },
    flush() {
      flushed = flushed.catch(() => {}).then(writeCounted)
      return flushed
    },
  }
}

/** The start of the minute, or the hour, that a time lies in. */
export const minuteOf = (at: number): number => at - (at % minuteMs)
export const hourOf = (at: number): number => at - (at % hourMs)
