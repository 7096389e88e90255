import { describe, expect, it } from 'vitest'
import { retentionKinds, type AgeCursor } from '../../src/db/ports/retention.ts'
import { SiteConflictError } from '../../src/db/store-errors.ts'
import { testNow } from '../support/clock.ts'
import { aRequest, aTenant, aUser, anAnnouncement, addItems, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

export function removalContract(name: string, open: OpenRooms): void {
  /** A site with a user, an item with two accounts, a request, two events of which one is to be delivered. */
  const withSites = async () => {
    const rooms = open()
    const { store } = rooms
    const acme = await aTenant(rooms, { sites: ['one', 'two'] })
    const other = await aTenant(rooms, { name: 'other' })
    await store.updateSite(acme.site.id, { webhookUrl: 'https://erp.acme.test/hook' }, testBy)
    const ann = await aUser(rooms, acme.site, { name: 'ann' })
    const bob = await aUser(rooms, other.site, { name: 'bob' })
    await addItems(rooms, ann, 7)
    await addItems(rooms, bob, 8)
    await store.keepAccounts(
      [70, 71].map((id) => ({ id, itemId: 7 })),
      testNow,
    )
    await aRequest(rooms, ann)
    await store.acceptEvent(anAnnouncement(rooms, ann, { itemId: 7 }))
    await store.acceptEvent(anAnnouncement(rooms, ann))
    await store.acceptEvent(anAnnouncement(rooms, bob))
    await store.addCalls([
      {
        id: 'req_1',
        at: testNow,
        method: 'ping',
        status: 200,
        excType: null,
        refusal: null,
        durationMs: 1,
        tenantId: acme.tenant.id,
        siteId: acme.site.id,
        apiKey: acme.siteKey.apiKey,
        request: null,
        itemId: null,
        bridge: [],
      },
    ])
    const removal = (kind: 'site' | 'tenant') => ({
      id: rooms.ids.next('rem'),
      kind,
      tenantId: acme.tenant.id,
      subjectId: kind === 'site' ? acme.site.id : acme.tenant.id,
      name: kind === 'site' ? acme.site.name : acme.tenant.name,
      withBridgeUsers: false,
    })
    return { ...rooms, acme, other, ann, bob, removal }
  }

  describe(`deletions, ${name}`, () => {
    it('what is being deleted is seen by nobody from the first step on', async () => {
      const { store, acme, ann, removal } = await withSites()

      await store.startRemoval(removal('site'), testBy)

      expect(await store.findSite(acme.scope, 'one')).toBeUndefined()
      expect(await store.findSite(acme.scope, 'two')).toBeDefined()
      expect(await store.findItem(acme.scope, 7)).toBeUndefined()
      expect(await store.listConnections({ id: 7, ofServed: true })).toEqual([])
      expect(await store.findUserByUuid(ann.userUuid)).toBeUndefined()
      const claim = { at: testNow, by: 'srv_test', leaseUntil: testNow + 1, limit: 9 }
      expect(await store.claimDeliveries(claim)).toEqual([])
      const anew = { id: 'sit_x', tenantId: acme.tenant.id, name: 'one' }
      const made = store.ensureSite({ ...anew, webhookSecret: Buffer.from('x') }, testBy)
      await expect(made).rejects.toThrow(SiteConflictError)
      await expect(made).rejects.toMatchObject({
        refusal: { text: { key: 'site_gone.being_deleted', values: { name: 'one' } } },
      })
    })

    it('one begun twice is the same, and is listed until it ends', async () => {
      const { store, removal } = await withSites()
      const first = await store.startRemoval(removal('site'), testBy)

      const second = await store.startRemoval(removal('site'), { ...testBy, at: testNow + 1 })

      expect(second).toEqual(first)
      expect(first).toMatchObject({ kind: 'site', name: 'one', actor: 'test', finishedAt: null })
      expect(await store.listOpenRemovals()).toEqual([first])
      expect(await store.listAudit({ action: 'site.deleting', limit: 9 })).toHaveLength(1)
    })

    it.each(['site', 'tenant'] as const)(
      'what the deletion of a %s would remove is counted beforehand, and is what the receipt says',
      async (kind) => {
        const { store, removal, ann } = await withSites()
        const order = removal(kind)

        const counted = await store.countToRemove({ ...order, withBridgeUsers: true })
        const here = await store.countToRemove(order)
        const { id } = await store.startRemoval(order, testBy)
        await store.removeRows(id, 'items', { key: 7, atBridge: true })
        await store.removeRows(id, 'users', { key: ann.id, atBridge: true })
        while ((await store.removeRows(id, 'events', { limit: 10 })) === 10);
        while ((await store.finishRemoval(id, testNow)) === 'more');

        expect(counted).toMatchObject({
          items: 1,
          accounts: 2,
          users: 1,
          events: 2,
          bridge_users: 1,
        })
        expect((await store.getRemoval(id)).receipt).toEqual(counted)
        expect(here).toEqual({ ...counted, bridge_users: 0 })
      },
    )

    it('of each kind that is forgotten with age as many are counted as go', async () => {
      const { store, acme } = await withSites()
      for (const { id } of await store.listEvents({}, { first: 'oldest', limit: 9 })) {
        const lease = { by: 'srv_test', at: testNow, leaseUntil: testNow + 1 }
        const claim = await store.claimDelivery(id, lease)
        if (!claim) continue
        const tried = { startedAt: testNow, durationMs: 1, status: 200, error: null }
        await store.settleDelivery({
          id: claim.id,
          attempt: claim.attempt,
          at: testNow,
          outcome: { kind: 'delivered' },
          try: { ...tried, response: Buffer.from('sealed') },
          endpoint: null,
        })
      }
      const late = testNow + 1_000 * 24 * 60 * 60_000
      await store.expireRequests(late, 10)

      const counted = new Map<string, number>()
      for (const kind of retentionKinds) {
        const count = await store.countPurgeable(kind, late)
        counted.set(kind, count)
        expect(await store.purge(kind, late, { limit: 1_000 }), kind).toMatchObject({ count })
        expect(await store.countPurgeable(kind, late), kind).toBe(0)
      }

      expect(acme.sites).toHaveLength(2)
      const some = [
        'event-bodies',
        'responses',
        'calls',
        'events',
        'requests-without-item',
        'audit',
      ]
      for (const kind of some) expect(counted.get(kind), kind).toBeGreaterThan(0)
    })

    it('goes step by step, counts what went once, and ends with a receipt', async () => {
      const { store, acme, ann, other, removal } = await withSites()
      const { id } = await store.startRemoval(removal('site'), testBy)

      expect(await store.finishRemoval(id, testNow)).toBe('again')
      const left = async () =>
        (await store.listUsers({ siteId: acme.site.id }, { limit: 9 })).map(({ user }) => user.id)
      expect(await left()).toEqual([ann.id])
      await store.removeRows(id, 'items', { key: 7, atBridge: true })
      await store.removeRows(id, 'users', { key: ann.id, atBridge: true })
      await store.removeRows(id, 'users', { key: ann.id, atBridge: true })
      expect(await left()).toEqual([])
      expect(await store.finishRemoval(id, testNow)).toBe('again')
      expect(await store.removeRows(id, 'events', { limit: 1 })).toBe(1)
      expect(await store.removeRows(id, 'events', { limit: 9 })).toBe(1)
      expect(await store.removeRows(id, 'events', { limit: 9 })).toBe(0)
      expect(await store.finishRemoval(id, testNow + 5)).toBe('done')
      expect(await store.finishRemoval(id, testNow + 6)).toBe('done')

      expect(await store.getRemoval(id)).toMatchObject({
        finishedAt: testNow + 5,
        receipt: {
          bridge_items: 1,
          bridge_users: 1,
          items: 1,
          accounts: 2,
          users: 1,
          requests: 1,
          events: 2,
          deliveries: 2,
          keys: 1,
          sites: 1,
        },
      })
      expect(await store.listOpenRemovals()).toEqual([])
      expect(await store.findKey(acme.siteKey.apiKey)).toBeUndefined()
      expect(await store.findKey(acme.tenantKey.apiKey)).toBeDefined()
      expect(await store.findItem(other.scope, 8)).toBeDefined()
      expect(await store.listCalls({ id: 'req_1' }, { limit: 1 })).toEqual([])
      const [entry] = await store.listAudit({ action: 'site.deleted', limit: 9 })
      expect(entry).toMatchObject({ subject: 'one', detail: { removal: id, items: 1 } })
    })

    it('an item that is another’s counts as gone at Bridge, and stays', async () => {
      const { store, other, removal } = await withSites()
      const { id } = await store.startRemoval(removal('site'), testBy)

      await store.removeRows(id, 'items', { key: 8, atBridge: true })

      expect((await store.getRemoval(id)).receipt).toMatchObject({ bridge_items: 1, items: 0 })
      expect(await store.findItem(other.scope, 8)).toBeDefined()
    })

    it.each([null, 'first'])(
      'a user that was %s at Bridge stays once it is another there, and goes once it is none',
      async (userUuid) => {
        const { acme, removal, ...rooms } = await withSites()
        const { store } = rooms
        const user = await aUser(rooms, acme.site, { name: 'late', uuid: null })
        const { id } = await store.startRemoval(removal('site'), testBy)
        const remove = (was: string | null) =>
          store.removeRows(id, 'users', { key: user.id, atBridge: was !== null, userUuid: was })
        await store.setUserUuid(user.id, 'another')

        expect(await remove(userUuid)).toBe(0)
        expect((await store.getRemoval(id)).receipt).toMatchObject({ users: 0, bridge_users: 0 })
        await store.applyEvent({ kind: 'user-gone', userId: user.id, userUuid: 'another', at: 1 })
        expect(await remove(userUuid)).toBe(1)
      },
    )

    it('a tenant takes its sites, its keys and their unfinished deletions along', async () => {
      const { store, acme, ann, removal } = await withSites()
      const ofSite = await store.startRemoval(removal('site'), testBy)
      const ofTenant = await store.startRemoval(removal('tenant'), testBy)

      expect((await store.findTenant('acme'))?.disabledAt).toBe(testBy.at)
      await store.removeRows(ofTenant.id, 'users', { key: ann.id, atBridge: false })
      await store.removeRows(ofTenant.id, 'events', { limit: 9 })
      while ((await store.finishRemoval(ofTenant.id, testNow)) === 'more');

      expect(await store.findTenant('acme')).toBeUndefined()
      expect(await store.findKey(acme.tenantKey.apiKey)).toBeUndefined()
      expect((await store.getRemoval(ofTenant.id)).receipt).toMatchObject({ keys: 2, sites: 2 })
      expect((await store.getRemoval(ofSite.id)).finishedAt).toBe(testNow)
      expect((await store.listTenants()).map((tenant) => tenant.name)).toEqual(['other'])
    })

    it('what has to stay is looked at once, and no more are looked at together than was said', async () => {
      const { bob, ...rooms } = await withSites()
      const { store } = rooms
      const accept = (fields: object) =>
        store.acceptEvent(anAnnouncement(rooms, bob, { receivedAt: 1, ...fields }))
      for (let nth = 0; nth < 5; nth += 1) await accept({ handledAt: null })
      for (let nth = 0; nth < 2; nth += 1) await accept({ handledAt: 1 })
      const counts: number[] = []

      let after: AgeCursor | undefined
      do {
        const { count, upTo } = await store.purge('event-bodies', 2, { limit: 3, after })
        counts.push(count)
        after = upTo
      } while (after)

      expect(counts).toEqual([0, 1, 1])
    })

    it('what is left of a tenant goes in pieces, of a site or a thousand calls, each counted once', async () => {
      const { store, acme, ann, removal } = await withSites()
      const call = (await store.listCalls({ id: 'req_1' }, { limit: 1 }))[0]!
      const more = Array.from({ length: 1_200 }, (_, nth) => ({ ...call, id: `req_more${nth}` }))
      await store.addCalls(more)
      const order = removal('tenant')
      const { id } = await store.startRemoval(order, testBy)
      await store.removeRows(id, 'users', { key: ann.id, atBridge: false })
      await store.removeRows(id, 'events', { limit: 9 })
      const left = async () => {
        const listed = await store.listCalls({ tenantId: acme.tenant.id }, { limit: 5_000 })
        return { sites: (await store.countToRemove(order)).sites, calls: listed.length }
      }

      const pieces = [await left()]
      while ((await store.finishRemoval(id, testNow)) === 'more') pieces.push(await left())

      expect(pieces).toEqual([
        { sites: 2, calls: 1_201 },
        { sites: 2, calls: 201 },
        { sites: 1, calls: 0 },
      ])
      expect(await left()).toEqual({ sites: 0, calls: 0 })
      expect((await store.getRemoval(id)).receipt).toMatchObject({ keys: 2, sites: 2 })
    })

    it('one that never began is not there', async () => {
      const { store } = await withSites()

      await expect(store.getRemoval('rem_none')).rejects.toThrow('rem_none')
    })
  })
}
