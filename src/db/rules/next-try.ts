import type { DeliveryState } from '../ports/deliveries.ts'

/** A delivery, and what of its endpoint, site and tenant keeps it from being tried. */
interface Waiting {
  state: DeliveryState | null
  dueAt: number | null
  /** Until when its endpoint rests. */
  holdUntil: number | null
  endpointDisabledAt: number | null
  tenantDisabledAt: number | null
  siteRemovedAt: number | null
}

/** When a delivery is tried next, at the earliest; null while nothing will be tried by itself. */
export function nextTryAt(waiting: Waiting): number | null {
  const { state, dueAt, holdUntil } = waiting
  const { endpointDisabledAt, tenantDisabledAt, siteRemovedAt } = waiting
  const isStopped = (endpointDisabledAt ?? tenantDisabledAt ?? siteRemovedAt) !== null
  if (state !== 'pending' || dueAt === null || isStopped) return null
  return Math.max(dueAt, holdUntil ?? 0)
}
