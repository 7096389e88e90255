import { ownEvent, type OwnEventDeps } from '../../vault/own-event.ts'
import { testEventType, type NewEvent } from '../../db/ports/events.ts'
import type { Site } from '../../db/ports/sites.ts'

/** An event that says nothing, for one site: whoever runs the site sees that webhooks arrive. It is tried once. */
export const testEvent = (
  deps: OwnEventDeps,
  site: Pick<Site, 'id' | 'name'>,
  at: number,
): NewEvent => {
  const about = { userId: null, siteId: site.id, itemId: null }
  return ownEvent(deps, { type: testEventType, content: { site: site.name }, ...about }, at)
}
