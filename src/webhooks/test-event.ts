import type { Keyring } from '../auth/keyring.ts'
import type { Ids } from '../clock.ts'
import type { NewEvent, Site } from '../db/store.ts'

export const testEventType = 'webhook.test'

/** An event that says nothing, for one site, in Bridge's envelope: whoever runs the site sees that webhooks arrive. It is tried once. */
export function testEvent(
  { ids, keyring }: { ids: Ids; keyring: Keyring },
  site: Pick<Site, 'id' | 'name'>,
  at: number,
): NewEvent {
  const id = ids.next('evt')
  const body = { type: testEventType, content: { site: site.name }, timestamp: at }
  return {
    id,
    deliveryId: ids.next('dlv'),
    dedupeKey: id,
    type: testEventType,
    userId: null,
    siteId: site.id,
    itemId: null,
    body: keyring.seal(JSON.stringify(body), `events/${id}`),
    occurredAt: at,
    receivedAt: at,
    handledAt: at,
  }
}
