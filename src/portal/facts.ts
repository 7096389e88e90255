import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { askingAt, askingStatuses, whatNext, type NextStep } from '../connect/item-status.ts'
import { cursor, cursorIn, cursorOf } from '../console/facts/lists.ts'
import type { EndpointHealth } from '../db/ports/endpoints.ts'
import type { ListedEvent } from '../db/ports/history.ts'
import { bankOf, type Item } from '../db/ports/items.ts'
import type { SiteState } from '../db/ports/overview.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import type { Scope } from '../db/scope.ts'
import type { Store } from '../db/store.ts'
import { dayMs } from '../durations.ts'
import { graceMs, renewalToken } from '../connect/renewal-token.ts'
import type { Keyring } from '../vault/keyring.ts'
import { openTries, type OpenTry } from '../webhooks/relay/tries.ts'

/** What a page holds, so that it stays small. */
const connectionsPerPage = 15
const eventsPerPage = 20
const sitesPerPage = 30

const page = z.coerce.number().int().min(1).max(10_000).catch(1)

/** What the page is asked for; what is nonsense is not asked. */
export const siteQuery = z.object({
  site: z.string().max(200).catch(''),
  page,
  after: cursor,
})
type SiteQuery = z.output<typeof siteQuery>

interface Deps {
  store: Store
  clock: Clock
  keyring: Keyring
}

/** How a connection is, in the terms of who has to do something about it. */
export type ConnectionState =
  | 'ended'
  | 'ending'
  | 'missing'
  | 'never'
  | Exclude<NextStep, 'none'>
  | 'works'

export interface ConnectionView {
  item: Item
  /** Empty: the site's default user. */
  user: string
  state: ConnectionState
  /** The path of the page that renews it, where that helps. */
  renewal: string | undefined
}

/** A part of a list, and whether there is another behind it. */
export interface Part<T> {
  rows: T[]
  page: number
  hasMore: boolean
}

export interface SiteView {
  now: number
  site: Site
  endpoint: Pick<EndpointHealth, 'failingSince' | 'disabledAt'>
  connections: Part<ConnectionView>
  events: ListedEvent[]
  /** The banks of the connections that those events concern, by the connection. */
  banks: ReadonlyMap<number, string>
  /** Which part of the events this is; empty for the newest. */
  after: string
  /** Where the next part of the events begins; empty when this is the last. */
  next: string
}

/** All that a site's page shows. */
export async function readSite(
  { store, clock, keyring, eventsDays }: Deps & { eventsDays: number },
  site: Site,
  { page, after }: SiteQuery,
): Promise<SiteView> {
  const now = clock.now()
  const scope = { tenantId: site.tenantId, siteId: site.id }
  const items = await store.listConnections(scope, {
    first: askingStatuses,
    ...partOf(page, connectionsPerPage),
  })
  const feed = { feedOf: scope, since: now - eventsDays * dayMs }
  const from = cursorIn(after)
  const events = await store.listEvents(feed, {
    ...(from && { after: from }),
    limit: eventsPerPage + 1,
  })
  const last = events.length > eventsPerPage ? events[eventsPerPage - 1] : undefined
  const shown = events.slice(0, eventsPerPage)
  return {
    now,
    site,
    endpoint: await store.readEndpoint(site.id),
    connections: toPart(
      items.map(({ item, user }) => toView(keyring, item, { user: user.name, now })),
      page,
      connectionsPerPage,
    ),
    events: shown,
    banks: await banksOf(store, scope, shown),
    after,
    next: last ? cursorOf(last) : '',
  }
}

async function banksOf(
  store: Store,
  scope: Scope,
  events: readonly ListedEvent[],
): Promise<Map<number, string>> {
  const ids = new Set(events.flatMap(({ itemId }) => itemId ?? []))
  const found = await Promise.all([...ids].map((id) => store.findItem(scope, id)))
  return new Map(
    found.flatMap((owned) => {
      const bank = owned && bankOf(owned.item)
      return owned && bank != null ? [[owned.item.id, bank] as const] : []
    }),
  )
}

const partOf = (page: number, size: number) => ({ limit: size + 1, offset: (page - 1) * size })

const toPart = <T>(rows: readonly T[], page: number, size: number): Part<T> => ({
  rows: rows.slice(0, size),
  page,
  hasMore: rows.length > size,
})

function toView(
  keyring: Keyring,
  item: Item,
  { user, now }: { user: string; now: number },
): ConnectionView {
  const state = stateOf(item, now)
  const { id: itemId, authenticationExpiresAt: consentEnd } = item
  const helps = renewable.has(state) && consentEnd !== null && now <= consentEnd + graceMs
  const renewal = helps ? `/renew/${renewalToken(keyring, { itemId, consentEnd })}` : undefined
  return { item, user, state, renewal }
}

const renewable = new Set<ConnectionState>(['ended', 'ending', 'sca', 'edit'])

function stateOf(item: Item, now: number): ConnectionState {
  const { status, authenticationExpiresAt: end, lastSuccessAt, unreachableAt } = item
  if (unreachableAt !== null) return 'missing'
  if (end !== null && end <= now) return 'ended'
  const { next } = whatNext(item, now)
  if (next === 'none') return 'works'
  // An item that Bridge's events alone told of has neither either.
  const isDescribed = item.providerId !== null
  const wasNever = isDescribed && end === null && lastSuccessAt === null
  if ((next === 'sca' || next === 'edit') && wasNever) return 'never'
  return next === 'sca' && !askingStatuses.includes(status) ? 'ending' : next
}

export interface EventView {
  now: number
  site: Site
  event: ListedEvent
  /** With the beginning of what the site answered. */
  tries: OpenTry[]
}

/** An event that is within the scope, with the site whose it is. */
export async function readEvent(
  { store, clock, keyring }: Deps,
  scope: Scope,
  id: string,
): Promise<EventView | undefined> {
  const [event] = await store.listEvents({ feedOf: scope, id }, { limit: 1 })
  if (!event) return undefined
  const site = await store.findSite(scope, event.site)
  if (!site) return undefined
  const tries = openTries({ keyring }, await store.findDelivery(event.id))
  return { now: clock.now(), site, event, tries }
}

export interface SitesView extends Part<SiteState> {
  now: number
  tenant: string
}

/** A tenant's sites, the worst first. */
export async function readSites(
  { store, clock }: Deps,
  { id: tenantId, name }: Tenant,
  page: number,
): Promise<SitesView> {
  const now = clock.now()
  const rows = await store.listSiteStates(partOf(page, sitesPerPage), {
    tenantId,
    failedSince: now - dayMs,
    asking: askingAt(now),
  })
  return { now, tenant: name, ...toPart(rows, page, sitesPerPage) }
}
