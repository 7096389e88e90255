import {
  createLinkSessions,
  type LinkSessions,
  type Offer,
  type OfferDeps,
} from '../auth/link-sessions.ts'
import type { By } from '../db/scope.ts'
import { hourMs, minuteMs } from '../durations.ts'

/** Who looks at the console. */
export interface Visitor {
  sessionId: string
  who: string
  /** What is done is written down under this. */
  actor: string
}

/** The operator's way in. */
export const consoleSessions: LinkSessions<Visitor> = createLinkSessions({
  prefix: 'ses',
  uses: { offer: 'console-offer', session: 'console-session' },
  boundTo: ({ who }) => [who],
  offeredMs: 5 * minuteMs,
  sessionMs: 12 * hourMs,
  toVisitor: ({ session: { id, who } }) =>
    who === null ? undefined : { sessionId: id, who, actor: `console:${who}` },
})

/** Makes an address that lets one person in, under a name. */
export const offerLogin = (deps: OfferDeps, who: string, by: By): Promise<Offer> =>
  consoleSessions.offer(deps, { who, tenantId: null, siteId: null, apiKey: null }, by)
