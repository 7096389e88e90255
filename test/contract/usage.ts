import { describe, expect, it } from 'vitest'
import type { CallRecord } from '../../src/db/ports/history.ts'
import { addItems, aTenant, aUser, itemFacts, testBy, type TestRooms } from '../support/tenants.ts'
import { withWebhook } from './rooms.ts'
import type { OpenRooms } from './store.ts'

const june = '2026-06'
const july = '2026-07'
const endOfJune = Date.UTC(2026, 5, 30, 23, 59, 59, 999)
const startOfJuly = endOfJune + 1

let calls = 0
const aCall = (fields: Partial<CallRecord>): CallRecord => ({
  id: `req_of_usage_${(calls += 1)}`,
  at: endOfJune,
  method: 'ping',
  status: 200,
  excType: null,
  refusal: null,
  durationMs: 1,
  tenantId: null,
  siteId: null,
  apiKey: null,
  request: null,
  itemId: null,
  bridge: [],
  ...fields,
})

const nothing = { connections: 0, calls: 0, webhooks: 0, renewals: 0 }

/** Deletes a site or a tenant, whose users have nothing at Bridge. */
async function removeAll(
  { store, ids }: TestRooms,
  subject: { kind: 'site' | 'tenant'; tenantId: string; subjectId: string },
) {
  const order = { ...subject, id: ids.next('rem'), name: 'it', withBridgeUsers: false }
  const { id } = await store.startRemoval(order, testBy)
  const whose =
    subject.kind === 'site' ? { siteId: subject.subjectId } : { tenantId: subject.subjectId }
  for (const { item } of await store.listConnections({ ...whose, withGone: true })) {
    await store.removeRows(id, 'items', { key: item.id, atBridge: true })
  }
  for (const { user } of await store.listUsers(whose, { limit: 99 })) {
    await store.removeRows(id, 'users', { key: user.id, atBridge: false })
  }
  while ((await store.removeRows(id, 'events', { limit: 100 })) === 100);
  while ((await store.finishRemoval(id, testBy.at)) === 'more');
}

export function usageContract(name: string, open: OpenRooms): void {
  const withTwo = async () => {
    const rooms = open()
    const acme = await aTenant(rooms, { sites: ['one', 'two'] })
    const other = await aTenant(rooms, { name: 'other', sites: ['one'] })
    const [one, two] = acme.sites.map(({ id }) => ({ tenantId: acme.tenant.id, siteId: id }))
    return { ...rooms, acme, other, one: one!, two: two! }
  }

  describe(`usage, ${name}`, () => {
    it('answered calls count for their site and month, each once, refused ones never', async () => {
      const { store, acme, other, one, two } = await withTwo()
      const first = aCall(one)
      await store.addCalls([
        first,
        aCall(one),
        aCall({ ...one, status: 404 }),
        aCall({ ...one, at: startOfJuly }),
        aCall(two),
        aCall({ tenantId: acme.tenant.id }),
        aCall({ tenantId: other.tenant.id, siteId: other.site.id }),
        aCall({}),
        aCall({ ...one, siteId: 'sit_of_nobody' }),
      ])
      await store.addCalls([first, aCall(one)])

      const ofAcme = { tenantId: acme.tenant.id }
      expect(await store.listUsage(june, ofAcme)).toEqual([
        { ...nothing, tenant: 'acme', site: null, calls: 1 },
        { ...nothing, tenant: 'acme', site: 'one', calls: 3 },
        { ...nothing, tenant: 'acme', site: 'two', calls: 1 },
      ])
      expect(await store.listUsage(july, ofAcme)).toEqual([
        { ...nothing, tenant: 'acme', site: 'one', calls: 1 },
      ])
      expect(await store.listUsage(june, {})).toHaveLength(4)
      expect(await store.listUsage(june, { tenantId: other.tenant.id })).toEqual([
        { ...nothing, tenant: 'other', site: 'one', calls: 1 },
      ])
      expect(await store.listUsage('2026-05', {})).toEqual([])
    })

    it('calls that are stored nowhere count on top, while what they count for is there', async () => {
      const { store, acme, one, two } = await withTwo()
      await store.addCalls([aCall(one)])

      const more = { month: june, calls: 2 }
      await store.countCalls([
        { ...more, ...one },
        { ...more, ...one, calls: 3 },
        { ...more, ...one, month: july },
        { ...more, ...two },
        { ...more, ...one, siteId: null },
        { ...more, ...one, siteId: 'sit_of_nobody' },
        { ...more, tenantId: 'ten_of_nobody', siteId: null },
      ])
      await store.countCalls([{ ...more, ...two }])
      await store.countCalls([])

      const ofAcme = { tenantId: acme.tenant.id }
      expect(await store.listUsage(june, {})).toEqual([
        { ...nothing, tenant: 'acme', site: null, calls: 2 },
        { ...nothing, tenant: 'acme', site: 'one', calls: 6 },
        { ...nothing, tenant: 'acme', site: 'two', calls: 4 },
      ])
      expect(await store.listUsage(july, ofAcme)).toEqual([
        { ...nothing, tenant: 'acme', site: 'one', calls: 2 },
      ])
    })

    it('a webhook counts when the site takes it, and again when it takes a replay', async () => {
      const rooms = await withWebhook(open)
      const { store, clock, ids, acme, ann, claim, settle } = rooms
      const month = new Date(clock.now()).toISOString().slice(0, 7)
      const at = clock.now()
      for (const of of [1, 2]) {
        await store.acceptEvent({
          id: `evt_${of}`,
          deliveryId: ids.next('dlv'),
          dedupeKey: `evt_${of}`,
          type: 'item.refreshed',
          userId: ann.id,
          siteId: acme.site.id,
          itemId: of,
          body: Buffer.from('sealed'),
          occurredAt: at,
          receivedAt: at,
          handledAt: at,
        })
      }
      const [taken, refused] = await claim()
      await settle(taken!, 'delivered')
      await settle(taken!, 'delivered')
      await settle(refused!, 'dead')

      const one = { ...nothing, tenant: 'acme', site: 'one' }
      expect(await store.listUsage(month, {})).toEqual([{ ...one, webhooks: 1 }])

      await store.replayEvents(['evt_1'], () => ids.next('dlv'), { ...testBy, at })
      const [again] = await claim()
      await settle(again!, 'delivered')

      expect(await store.listUsage(month, {})).toEqual([{ ...one, webhooks: 2 }])
    })

    it('a connection counts once in each month in which it lived', async () => {
      const rooms = await withTwo()
      const { store, acme } = rooms
      const ann = await aUser(rooms, acme.sites[0]!, { name: 'ann' })
      const bob = await aUser(rooms, acme.sites[1]!, { name: 'bob' })
      await addItems(rooms, ann, 1, 2, 3)
      await addItems(rooms, bob, 4)

      expect(await store.countConnections(june, 3)).toBe(3)
      expect(await store.countConnections(june, 3)).toBe(1)
      expect(await store.countConnections(june, 3)).toBe(0)
      await store.keepItems(ann.id, [itemFacts({ id: 1 }), itemFacts({ id: 5 })], {
        at: startOfJuly - 1,
        complete: true,
      })
      expect(await store.countConnections(june, 9)).toBe(1)
      await store.deleteItem(1, testBy)
      expect(await store.countConnections(july, 9)).toBe(2)
      expect(await store.countConnections(june, 9)).toBe(0)

      const figures = async (month: string) =>
        (await store.listUsage(month, {})).map(({ site, connections }) => [site, connections])
      expect(await figures(june)).toEqual([
        ['one', 4],
        ['two', 1],
      ])
      expect(await figures(july)).toEqual([
        ['one', 1],
        ['two', 1],
      ])
    })

    it('a consent that is renewed before its end counts once, for its site and the month', async () => {
      const rooms = await withTwo()
      const { store, acme } = rooms
      const ann = await aUser(rooms, acme.sites[0]!, { name: 'ann' })
      const bob = await aUser(rooms, acme.sites[1]!, { name: 'bob' })
      const ends = (user: typeof ann, ...consents: [id: number, end: number | null][]) =>
        store.keepItems(
          user.id,
          consents.map(([id, end]) => itemFacts({ id, authenticationExpiresAt: end })),
          { at: testBy.at, complete: false },
        )
      const day = 24 * 60 * 60_000
      const [end, renewed] = [endOfJune, endOfJune + 180 * day]
      await ends(ann, [1, end], [2, end], [3, end], [4, null], [5, end])
      await ends(bob, [6, end])
      expect(await store.countRenewals(end - day, 3)).toEqual({ looked: 3, before: 0, after: 0 })
      expect(await store.countRenewals(end - day, 9)).toEqual({ looked: 2, before: 0, after: 0 })
      expect(await store.countRenewals(end - day, 9)).toEqual({ looked: 0, before: 0, after: 0 })

      await ends(ann, [1, renewed], [2, end + 900], [3, end - 30 * day], [4, renewed], [5, renewed])
      await ends(bob, [6, renewed])
      await store.deleteItem(5, testBy)
      expect(await store.countRenewals(end, 9)).toEqual({ looked: 5, before: 2, after: 0 })
      expect(await store.countRenewals(end, 9)).toEqual({ looked: 0, before: 0, after: 0 })
      await ends(ann, [2, renewed])
      expect(await store.countRenewals(startOfJuly + day, 9)).toMatchObject({ after: 1 })

      expect(await store.listUsage(june, {})).toEqual([
        { ...nothing, tenant: 'acme', site: 'one', renewals: 1 },
        { ...nothing, tenant: 'acme', site: 'two', renewals: 1 },
      ])
      expect(await store.listUsage(july, {})).toEqual([])
    })

    it('outlives the site, and its namesake counts with it; not the tenant', async () => {
      const rooms = await withTwo()
      const { store, acme, other, one } = rooms
      const ann = await aUser(rooms, acme.site, { name: 'ann' })
      await addItems(rooms, ann, 1)
      await store.countConnections(june, 9)
      await store.addCalls([aCall(one), aCall({ tenantId: other.tenant.id })])
      const used = [{ ...nothing, tenant: 'acme', site: 'one', connections: 1, calls: 1 }]
      const { tenant } = acme

      const site = { kind: 'site', tenantId: tenant.id, subjectId: acme.site.id } as const
      await removeAll(rooms, site)
      expect(await store.listUsage(june, { tenantId: tenant.id })).toEqual(used)

      const again = { id: 'sit_again', tenantId: tenant.id, name: 'one' }
      await store.ensureSite({ ...again, webhookSecret: Buffer.from('sealed') }, testBy)
      await store.addCalls([aCall({ tenantId: tenant.id, siteId: 'sit_again' })])
      expect(await store.listUsage(june, { tenantId: tenant.id })).toEqual([
        { ...used[0], calls: 2 },
      ])

      await removeAll(rooms, { kind: 'tenant', tenantId: tenant.id, subjectId: tenant.id })
      expect(await store.listUsage(june, {})).toEqual([
        { ...nothing, tenant: 'other', site: null, calls: 1 },
      ])
    })
  })
}
