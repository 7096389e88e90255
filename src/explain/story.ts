import type { Localized } from '../language.ts'
import type { AuditRow } from '../db/ports/audit.ts'
import type { EndpointHealth } from '../db/ports/endpoints.ts'
import type {
  ListedCall,
  ListedEvent,
  ListedRequest,
  ListedUser,
  Subject,
} from '../db/ports/history.ts'
import type { Connection, ConnectionFilter } from '../db/ports/items.ts'
import type { ApiKey } from '../db/ports/keys.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import type { Store } from '../db/store.ts'

/** An item, gone ones too, with the ids of its accounts. */
export type HeldItem = Connection & { accounts: number[] }

/** All that is known about what somebody asks for; lists are oldest first. */
export interface Story {
  subject: Subject
  tenant: Pick<Tenant, 'name' | 'disabledAt'> | null
  site: Site | null
  user: ListedUser['user'] | null
  /** The key that is asked for, or that made the call. */
  key: Omit<ApiKey, 'secretHash' | 'previousSecretHash'> | null
  endpoint: EndpointHealth | null
  items: HeldItem[]
  requests: ListedRequest[]
  events: ListedEvent[]
  calls: ListedCall[]
  audit: AuditRow[]
  /** What a refused call named, which its caller may not have been shown. */
  named: {
    what: Localized
    tenant: string
    site: Site
    user: string | null
    goneAt: number | null
  }[]
}

/** How many of each kind a story tells. */
const limit = 500

/** Gathers what is known about a subject. Ids, statuses and names; no link, no bank data, and nothing sealed is opened. */
export async function gatherStory(store: Store, subject: Subject): Promise<Story> {
  const gathered = await gatherers[subject.kind](store, subject.id)
  const siteId =
    gathered.siteId ??
    gathered.items?.[0]?.site.id ??
    gathered.requests?.[0]?.site.id ??
    gathered.events?.[0]?.siteId ??
    gathered.calls?.[0]?.siteId
  const found = siteId == null ? undefined : await store.readSite(siteId)
  const user = gathered.user ?? gathered.items?.[0]?.user ?? gathered.requests?.[0]?.user ?? null
  const audit = await store.listAudit({
    subjects: subjectsOfAudit(subject, gathered),
    limit,
    // Sites of other tenants may have its name.
    ...(subject.kind === 'site' && found && { tenantId: found.tenant.id }),
  })
  const tenant = found?.tenant ?? gathered.tenant ?? null
  return {
    subject,
    tenant,
    site: found?.site ?? null,
    user,
    key: gathered.key ?? null,
    endpoint: found ? await store.readEndpoint(found.site.id) : null,
    items: gathered.items ?? [],
    requests: oldestFirst(gathered.requests),
    events: oldestFirst(gathered.events),
    calls: oldestFirst(gathered.calls),
    audit: oldestFirst(audit),
    named: gathered.named ?? [],
  }
}

type Gathered = Partial<Pick<Story, 'items' | 'requests' | 'events' | 'calls' | 'named'>> & {
  siteId?: string | null
  /** Of the site that is asked for. */
  name?: string
  tenant?: Tenant
  user?: Story['user']
  key?: Story['key']
}

type Gather = (store: Store, id: string) => Promise<Gathered>

const oldestFirst = <T>(rows: readonly T[] | undefined): T[] => (rows ?? []).toReversed()

/** Under what the audit knows it: an item by its number, a site by its name. */
function subjectsOfAudit({ id }: Subject, { items = [], requests = [], name }: Gathered): string[] {
  return [
    id,
    ...(name === undefined ? [] : [name]),
    ...items.map(({ item }) => String(item.id)),
    ...requests.map(({ request }) => request.id),
  ]
}

/** Each with all that belongs to it. */
const gatherers: Record<Subject['kind'], Gather> = {
  async call(store, id) {
    const calls = await store.listCalls({ id }, { limit: 1 })
    const [call] = calls
    if (!call) return {}
    const holder = call.apiKey === null ? undefined : await store.findKey(call.apiKey)
    const requests =
      call.request === null ? [] : await store.listRequests({ id: call.request }, { limit: 1 })
    return {
      calls,
      requests,
      siteId: call.siteId,
      ...(holder && { key: holder.key, tenant: holder.tenant }),
      named: await namedIn(store, call),
    }
  },

  async request(store, id) {
    const requests = await store.listRequests({ id }, { limit: 1 })
    const itemId = requests[0]?.request.itemId
    const ofItem = itemId == null ? {} : await around(store, itemId)
    const calls = [...(ofItem.calls ?? []), ...(await store.listCalls({ request: id }, { limit }))]
    return { ...ofItem, requests, calls: newestFirst(calls) }
  },

  async item(store, id) {
    const requests = await store.listRequests({ itemId: Number(id) }, { limit })
    const { calls = [], ...ofItem } = await around(store, Number(id))
    const ofRequests = await Promise.all(
      requests.map(({ request }) => store.listCalls({ request: request.id }, { limit })),
    )
    return { ...ofItem, requests, calls: newestFirst([...calls, ...ofRequests.flat()]) }
  },

  async account(store, id) {
    const [held] = await heldItems(store, { accountId: Number(id) })
    return held ? gatherers.item(store, String(held.item.id)) : {}
  },

  async event(store, id) {
    const events = await store.listEvents({ id }, { limit: 1 })
    return { events, items: await itemsOf(store, events[0]?.itemId) }
  },

  async delivery(store, id) {
    const events = await store.listEvents({ deliveryId: id }, { limit: 1 })
    return { events, items: await itemsOf(store, events[0]?.itemId) }
  },

  async key(store, id) {
    const holder = await store.findKey(id)
    if (!holder) return {}
    const { tenantId, siteId } = holder.key
    // By the site or the tenant, which an index knows.
    const whose = siteId === null ? { tenantId } : { siteId }
    const calls = await store.listCalls({ ...whose, apiKey: id }, { limit })
    return { calls, siteId, key: holder.key, tenant: holder.tenant }
  },

  async user(store, id) {
    const [listed] = await store.listUsers({ id }, { limit: 1 })
    if (!listed) return {}
    const items = await heldItems(store, { userId: id })
    const around = await Promise.all(
      items.map(({ item }) => store.listEvents({ itemId: item.id }, { limit })),
    )
    const events = around.flat().toSorted((a, b) => b.seq - a.seq)
    const requests = await store.listRequests({ userId: id }, { limit })
    return {
      items,
      events: events.slice(0, limit),
      requests,
      user: listed.user,
      siteId: listed.site.id,
    }
  },

  async site(store, id) {
    const found = await store.readSite(id)
    const calls = await store.listCalls({ siteId: id }, { limit })
    const events = await store.listEvents({ siteId: id }, { limit })
    return {
      calls,
      events,
      siteId: id,
      ...(found && { tenant: found.tenant, name: found.site.name }),
    }
  },
}

const itemsOf = async (store: Store, itemId: number | null | undefined): Promise<HeldItem[]> =>
  itemId == null ? [] : heldItems(store, { id: itemId })

async function heldItems(store: Store, which: ConnectionFilter): Promise<HeldItem[]> {
  const held = await store.listConnections({ ...which, withGone: true })
  const accounts = await Promise.all(held.map(({ item }) => store.listAccounts(item.id)))
  return held.map((one, nth) => ({ ...one, accounts: accounts[nth]!.map(({ id }) => id) }))
}

async function around(store: Store, itemId: number): Promise<Gathered> {
  return {
    items: await heldItems(store, { id: itemId }),
    events: await store.listEvents({ itemId }, { limit }),
    calls: await store.listCalls({ itemId }, { limit }),
  }
}

/** Each once: a call may belong to a request and to its item. */
function newestFirst(calls: readonly ListedCall[]): ListedCall[] {
  const each = [...new Map(calls.map((call) => [call.id, call])).values()]
  return each.toSorted((a, b) => b.at - a.at).slice(0, limit)
}

/** What the refusal of a call is about, looked up without its caller's bounds. */
async function namedIn(store: Store, { refusal }: ListedCall): Promise<Story['named']> {
  const { id, name } = refusal?.named ?? {}
  const ofItem = ({ item, user, site, tenant }: HeldItem, what: Localized) => ({
    what,
    tenant,
    site,
    user: user.name,
    goneAt: item.goneAt,
  })
  switch (refusal?.code ?? '') {
    case 'item_not_found':
      return (await heldItems(store, { id: Number(id) })).map((held) =>
        ofItem(held, { en: `Item ${id}`, fr: `La connexion ${id}` }),
      )
    case 'account_not_found':
      return (await heldItems(store, { accountId: Number(id) })).map((held) =>
        ofItem(held, {
          en: `Account ${id} of item ${held.item.id}`,
          fr: `Le compte ${id} de la connexion ${held.item.id}`,
        }),
      )
    case 'connect_request_not_found':
      return (await store.listRequests({ id: String(id) }, { limit: 1 })).map(
        ({ user, site, tenant }) => ({
          what: { en: `Request ${id}`, fr: `Le lien ${id}` },
          tenant,
          site,
          user: user.name,
          goneAt: null,
        }),
      )
    case 'user_not_found':
      return (await store.listUsers({ name: String(name) }, { limit: 3 })).map(
        ({ user, site, tenant }) => ({
          what: { en: `User ${user.name}`, fr: `L’utilisateur ${user.name}` },
          tenant,
          site,
          user: user.name,
          goneAt: null,
        }),
      )
    case 'site_not_found': {
      const subjects = await store.findSubjects(String(name), 3)
      const sites = subjects.filter(({ kind }) => kind === 'site')
      const found = await Promise.all(sites.map(({ id: siteId }) => store.readSite(siteId)))
      return found.flatMap((one) =>
        one
          ? [
              {
                what: { en: `Site ${one.site.name}`, fr: `Le site ${one.site.name}` },
                tenant: one.tenant.name,
                site: one.site,
                user: null,
                goneAt: one.site.removedAt,
              },
            ]
          : [],
      )
    }
    default:
      return []
  }
}
