import type { Delivery } from '../ports/deliveries.ts'
import type { Site } from '../ports/sites.ts'

/** What puts a delivery back on its way: its schedule begins anew. */
export const anew = ({ attempts }: Pick<Delivery, 'attempts'>, at: number) => ({
  state: 'pending' as const,
  dueAt: at,
  claimedUntil: null,
  claimedBy: null,
  settledAt: null,
  scheduleFrom: attempts,
})

/** The same for many at once: those that were tried as often change alike. */
export const anewTogether = (
  deliveries: readonly (Pick<Delivery, 'attempts'> & { id: string })[],
  at: number,
) =>
  [...Map.groupBy(deliveries, ({ attempts }) => attempts)].map(([attempts, alike]) => ({
    ids: alike.map(({ id }) => id),
    change: anew({ attempts }, at),
  }))

/** Whether webhooks are sent to a site. */
export const takesWebhooks = (site: Pick<Site, 'webhookUrl'> & { removedAt: number | null }) =>
  site.webhookUrl !== null && site.removedAt === null

/**
 * What becomes of an event that is to be sent again: impossible without its body or a place to send it, under way while a
 * worker has it or its first try is to come; else its delivery changes, and one that is missing is made.
 */
export function replay(
  event: { hasBody: boolean; delivery: Delivery | null },
  site: Parameters<typeof takesWebhooks>[0],
  at: number,
) {
  const { hasBody, delivery } = event
  if (!hasBody || !takesWebhooks(site)) return { became: 'impossible' as const, change: undefined }
  // No first try, in the sense of the order between deliveries: nothing waits for a replay.
  if (!delivery) {
    const change = { ...anew({ attempts: 0 }, at), firstEndedAt: at }
    return { became: 'replayed' as const, change }
  }
  const isUntried = delivery.state === 'pending' && delivery.firstEndedAt === null
  if (isUntried || (delivery.claimedUntil !== null && delivery.claimedUntil > at)) {
    return { became: 'underway' as const, change: undefined }
  }
  return { became: 'replayed' as const, change: anew(delivery, at) }
}
