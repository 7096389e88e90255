import type { Settlement } from '../../src/db/ports/deliveries.ts'
import type { EndpointAnswer } from '../../src/db/ports/endpoints.ts'
import type { NewEvent } from '../../src/db/ports/events.ts'
import type { ItemFacts } from '../../src/db/ports/items.ts'
import { testNow } from '../support/clock.ts'
import { aTenant, aUser, anAnnouncement, itemFacts, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

const dayMs = 24 * 60 * 60_000
export const minuteMs = 60_000

export const webhookUrl = 'https://erp.acme.test/hook'

/** A user of a tenant, and what it takes to give it items. */
export async function withUser(open: OpenRooms) {
  const rooms = open()
  const { store, clock } = rooms
  const acme = await aTenant(rooms)
  const ann = await aUser(rooms, acme.site, { name: 'ann' })
  const keep = (fields: Partial<ItemFacts>, at = clock.now()) =>
    store.keepItems(ann.id, [itemFacts(fields)], { at, complete: false })
  const item = async (id: number) => (await store.findItem(acme.scope, id))!.item
  const event = () => anAnnouncement(rooms, ann)
  const events = async () =>
    (await store.listEvents({}, { first: 'oldest', limit: 9 })).map(({ id }) => id)
  return { ...rooms, acme, ann, keep, item, event, events }
}

export const idsOf = (owned: { item: { id: number } }[]) => owned.map(({ item }) => item.id)

/** What is listed for the worker leaves out what nobody is served any more. */
export const hiding = [
  ['whose tenant is disabled', 'disabled'],
  ['whose site is being deleted', 'removed'],
  ['that are gone', 'gone'],
] as const
type Hiding = (typeof hiding)[number][1]
export const hide = async (
  { store, acme, ann }: Pick<Awaited<ReturnType<typeof withUser>>, 'store' | 'acme' | 'ann'>,
  how: Hiding,
) => {
  const { tenant, site } = acme
  if (how === 'disabled') await store.setTenantDisabled(tenant.id, true, testBy)
  if (how === 'gone') {
    await store.keepItems(ann.id, [], { at: testNow + dayMs, complete: true })
  }
  if (how !== 'removed') return
  const subject = { tenantId: tenant.id, subjectId: site.id, name: site.name }
  const removal = { id: 'rem_1', kind: 'site' as const, ...subject, withBridgeUsers: false }
  await store.startRemoval(removal, testBy)
}

/** Ann on the first of two sites, and a stranger of another tenant. */
export async function withUsers(open: OpenRooms) {
  const rooms = open()
  const acme = await aTenant(rooms, { name: 'acme', sites: ['one', 'two'] })
  const other = await aTenant(rooms, { name: 'other' })
  const ann = await aUser(rooms, acme.site, { name: 'ann' })
  const stranger = await aUser(rooms, other.site, { name: 'ann' })
  const { store, clock } = rooms
  const keep = (ids: number[], { at = clock.now(), complete = true } = {}) =>
    store.keepItems(
      ann.id,
      ids.map((id) => itemFacts({ id })),
      { at, complete },
    )
  const held = async () => (await store.listItems(ann.id)).map(({ id }) => id)
  const scopes = {
    own: acme.scope,
    site: acme.siteKey.caller.scope,
    sister: { ...acme.scope, siteId: acme.sites[1]?.id ?? '' },
    other: other.scope,
    mixed: { tenantId: other.tenant.id, siteId: acme.site.id },
  }
  return { rooms, store, clock, ann, stranger, keep, held, scopes }
}

/** A site with a webhook URL, and its user; the other site has none. */
export async function withWebhook(open: OpenRooms) {
  const rooms = open()
  const { store, clock } = rooms
  await store.createInstance({
    mode: 'sandbox',
    wrappedPepper: Buffer.from('pepper'),
    dataKeys: [],
    at: 1,
  })
  const acme = await aTenant(rooms, { sites: ['one', 'two'] })
  const webhookUrl = 'https://one.acme.test/hook'
  await store.updateSite(acme.site.id, { webhookUrl }, testBy)
  const ann = await aUser(rooms, acme.site, { name: 'ann' })
  const claim = () =>
    store.claimDeliveries({
      by: 'srv_test',
      at: clock.now(),
      leaseUntil: clock.now() + 60_000,
      limit: 9,
    })
  const settle = ({ id, attempt }: { id: string; attempt: number }, kind: 'delivered' | 'dead') =>
    store.settleDelivery({
      id,
      attempt,
      at: clock.now(),
      outcome: { kind },
      try: {
        startedAt: clock.now(),
        durationMs: 3,
        status: kind === 'dead' ? 500 : 200,
        error: null,
        response: Buffer.from('sealed'),
      },
      endpoint: { webhookUrl, status: kind === 'dead' ? 500 : 200 },
    })
  return { ...rooms, acme, ann, claim, settle, webhookUrl }
}

/** Sites with a webhook URL, and events for them. */
export async function withSites(open: OpenRooms, names = ['one', 'two']) {
  const rooms = open()
  const { store, clock, ids } = rooms
  const tenant = await aTenant(rooms, { sites: names })
  for (const { id } of tenant.sites) {
    await store.updateSite(id, { webhookUrl }, testBy)
  }
  const event = (fields: Partial<NewEvent> = {}): NewEvent => {
    const id = ids.next('evt')
    const at = clock.now()
    return {
      id,
      deliveryId: ids.next('dlv'),
      dedupeKey: id,
      type: 'item.refreshed',
      userId: null,
      siteId: tenant.site.id,
      itemId: 1,
      body: Buffer.from('sealed'),
      occurredAt: at,
      receivedAt: at,
      handledAt: null,
      ...fields,
    }
  }
  const accept = async (fields: Partial<NewEvent> = {}): Promise<string> => {
    const made = event(fields)
    await store.acceptEvent(made)
    return made.id
  }
  const claim = (limit = 10, by = 'srv_test') =>
    store.claimDeliveries({
      by,
      at: clock.now(),
      leaseUntil: clock.now() + minuteMs,
      limit,
    })
  const claimIds = async (limit?: number) => (await claim(limit)).map((one) => one.event.id)
  const settle = (
    { id, attempt }: { id: string; attempt: number },
    outcome: Settlement['outcome'] = { kind: 'delivered' },
    endpoint: EndpointAnswer | null = null,
  ) => {
    const at = clock.now()
    const status = endpoint ? endpoint.status : 500
    const tried = { startedAt: at, durationMs: 0, status, error: null, response: null }
    return store.settleDelivery({ id, attempt, at, outcome, try: tried, endpoint })
  }
  return { ...rooms, ...tenant, event, accept, claim, claimIds, settle }
}
