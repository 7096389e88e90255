import type { CallCount } from '../ports/usage.ts'

/** The month that usage of a time belongs to, by UTC for all sites: `2027-01`. */
export const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7)

export const isMonth = (text: string): boolean => /^\d{4}-(?:0[1-9]|1[0-2])$/.test(text)

/** Whether a call counts as usage: one that was refused, or that failed, does not. */
export const isAnswered = ({ status }: { status: number }): boolean => status < 400

/** Adds to what is counted for the same month and whom. */
export function addCount(counts: Map<string, CallCount>, more: CallCount): void {
  const key = `${more.month} ${more.tenantId} ${more.siteId}`
  counts.set(key, { ...more, calls: more.calls + (counts.get(key)?.calls ?? 0) })
}
