import { testEventType } from '../../db/ports/events.ts'
import type { Site } from '../../db/ports/sites.ts'
import type { By } from '../../db/scope.ts'
import type { Store } from '../../db/store.ts'
import { sealOwnEvent, type OwnEventDeps } from '../../vault/seal-own-event.ts'
import type { Relay } from './relay.ts'

/**
 * Stores an event that says nothing for one site, and tries it at once, if only once: whoever runs the site sees that webhooks
 * arrive. Returns its id.
 */
export async function sendTest(
  deps: OwnEventDeps & {
    store: Pick<Store, 'acceptEvent' | 'audit'>
    relay: Pick<Relay, 'tryNow'>
  },
  site: Pick<Site, 'id' | 'name' | 'tenantId'>,
  { actor, at }: By,
): Promise<string> {
  const { store, relay } = deps
  const { tenantId, name: subject } = site
  const about = { userId: null, siteId: site.id, itemId: null }
  const event = sealOwnEvent(
    deps,
    { type: testEventType, content: { site: subject }, ...about },
    at,
  )
  await store.acceptEvent(event)
  await store.audit({ actor, at, tenantId, action: 'endpoint.tested', subject })
  await relay.tryNow(event.id, site)
  return event.id
}
