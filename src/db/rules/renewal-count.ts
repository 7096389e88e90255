import { isSameEnd } from './consent-end.ts'

/** Whether a consent with this end was renewed since another end was looked at, and whether before that one or after. */
export function renewalOf(
  counted: number | null,
  end: number,
  at: number,
): 'before' | 'after' | null {
  if (counted === null || end <= counted || isSameEnd(counted, end)) return null
  return at <= counted ? 'before' : 'after'
}
