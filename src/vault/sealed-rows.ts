import type { SealedColumn } from '../db/ports/sealed.ts'

/**
 * The name of the row that a value is bound to when it is sealed; elsewhere it does not open. They stand in what is stored:
 * none may ever change.
 */
export const eventRow = (eventId: string): string => `events/${eventId}`
export const deliveryRow = (deliveryId: string): string => `deliveries/${deliveryId}`
export const secretRow = (siteId: string): string => `sites/${siteId}/webhook_secret`
export const emailRow = (userId: string): string => `bridge_users/${userId}/email`

/** The same for each kind of sealed value. */
export const sealedRow: Record<SealedColumn, (id: string) => string> = {
  'webhook-secret': secretRow,
  'previous-webhook-secret': secretRow,
  'user-email': emailRow,
  'event-body': eventRow,
  response: deliveryRow,
}
