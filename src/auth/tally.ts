import type { AuditEntry } from '../db/store.ts'

/** Counts what strangers can cause at will, so that they fill neither the disk nor the commit queue. */
export interface Tally {
  count(entry: AuditEntry & { bucket: number }): void
  /** Writes what was counted since the last time. */
  flush(): Promise<void>
}

/** How many different things are told apart between two flushes; the rest is one row. */
const most = 1_000

/** A tally in memory: a crash forgets the counts since the last flush, nothing else. */
export function createTally(write: (entry: AuditEntry) => Promise<void>): Tally {
  let counted = new Map<string, AuditEntry & { count: number }>()
  return {
    count(entry) {
      const name = [entry.action, entry.actor, entry.subject, entry.bucket].join('\0')
      const known = counted.get(name)
      if (known) {
        known.count += 1
        known.at = entry.at
      } else if (counted.size < most) {
        counted.set(name, { ...entry, count: 1 })
      } else {
        const { action, at, bucket } = entry
        const rest = { action, at, bucket, actor: 'many', subject: 'many' }
        const sum = counted.get(action) ?? { ...rest, count: 0 }
        counted.set(action, { ...sum, at, count: sum.count + 1 })
      }
    },
    async flush() {
      const batch = counted
      counted = new Map()
      for (const entry of batch.values()) await write(entry)
    },
  }
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** The start of the minute, or the hour, that a time lies in. */
export const minuteOf = (at: number): number => at - (at % minuteMs)
export const hourOf = (at: number): number => at - (at % hourMs)
