import { describe, expect, it } from 'vitest'
import type { ConnectRequest, RequestCursor } from '../../src/db/ports/requests.ts'
import type { BridgeUser } from '../../src/db/ports/users.ts'
import { mostOpen } from '../../src/db/rules/request-claim.ts'
import { ConflictError, SiteConflictError } from '../../src/db/store-errors.ts'
import { testNow } from '../support/clock.ts'
import {
  aRequest,
  aTenant,
  aUser,
  addItems,
  anAnnouncement,
  itemFacts,
  testBy,
} from '../support/tenants.ts'
import { withUser as userRooms } from './rooms.ts'
import type { Made, OpenRooms } from './store.ts'

const dayMs = 24 * 60 * 60_000

export function requestContract(name: string, open: OpenRooms, { forOneServer }: Made): void {
  const withUser = async () => {
    const rooms = open()
    const tenant = await aTenant(rooms)
    const user = await aUser(rooms, tenant.site, { name: 'ann' })
    const request = (fields?: Parameters<typeof aRequest>[2]) => aRequest(rooms, user, fields)
    const find = async (id: string): Promise<ConnectRequest | undefined> =>
      (await rooms.store.findRequestForCallback(id))?.request
    const settle = (
      id: string,
      itemId: number,
      state: 'completed' | 'pending' | 'failed' = 'completed',
      {
        of = user,
        at = testNow,
        step = null,
        status = 0,
        matched = false,
      }: {
        of?: BridgeUser
        at?: number
        step?: string | null
        status?: number
        matched?: boolean
      } = {},
    ) =>
      rooms.store.settleRequest(
        id,
        { state, step, item: itemFacts({ id: itemId, status }), at, matched },
        anAnnouncement(rooms, of, { dedupeKey: `connect:${id}` }),
      )
    /** What events alone say. */
    const match = (id: string, item: number, at: number) =>
      rooms.store.settleRequest(
        id,
        { state: 'completed', step: null, item, at, matched: true },
        anAnnouncement(rooms, user, { dedupeKey: `connect:${id}` }),
      )
    return { ...rooms, ...tenant, rooms, user, request, find, settle, match }
  }

  if (forOneServer) {
    describe(`the machine’s clock, set by 160 days and back, ${name}`, () => {
      const far = 160 * dayMs

      it('leaves an open request as it was, though it was over by the wrong one', async () => {
        const { store, clock, request, find } = await withUser()
        const id = await request()
        const before = await find(id)

        clock.advance(far)
        await store.expireRequests(clock.now(), 9) // before anybody noticed
        await store.clockJumped(far, clock.now())
        clock.advance(-far)
        await store.clockJumped(-far, clock.now())

        expect(await find(id)).toEqual(before)
      })

      it('makes no link last longer than its day, and no item deaf to news', async () => {
        const { store, clock, request, find, user, scope, rooms } = await withUser()
        clock.advance(far)
        const id = await request()
        await addItems(rooms, user, 7)
        const { claim } = (await store.claimAllowance('refresh', 7, {
          at: clock.now(),
          since: 0,
          limit: 1,
        })) as {
          claim: number
        }
        expect(claim).toBeGreaterThan(0)
        clock.advance(-far)
        await store.clockJumped(-far, clock.now())

        const now = clock.now()
        expect(await find(id)).toMatchObject({ openedAt: now, expiresAt: now + dayMs })
        expect((await store.findItem(scope, 7))?.item.updatedAt).toBe(now)
        expect(
          await store.claimAllowance('refresh', 7, { at: now, since: now - dayMs, limit: 1 }),
        ).toEqual({
          oldestAt: now,
        })
      })
    })
  }

  describe(`the requests around an item, ${name}`, () => {
    it('are the one that made it, and those of its user that are open and hold it or none', async () => {
      const { store, clock, request, settle } = await withUser()
      const maker = await request()
      await settle(maker, 7)
      const other = await request()
      await settle(other, 8)
      clock.advance(10)
      const younger = await request({ managedItemId: 7 })
      clock.advance(-5)
      const older = await request()
      clock.advance(10)
      const left = await request()
      await store.changeRequest(left, { kind: 'left', step: 'cancel' })
      const over = await request({ expiresAt: clock.now() })
      await store.expireRequests(clock.now(), 9)

      const found = await store.findRequestsForItem(7)

      expect(found?.item.id).toBe(7)
      expect(found?.holder?.request.id).toBe(maker)
      expect(found?.open.map((one) => one.request.id)).toEqual([older, younger, left])
      expect(found?.open.map((one) => one.request.id)).not.toContain(over)
      expect(await store.findRequestsForItem(9)).toBeUndefined()
    })

    it('are the newest where there are too many, and the one that made it all the same', async () => {
      const { store, clock, request, settle } = await withUser()
      const maker = await request()
      await settle(maker, 7, 'pending')
      const others: string[] = []
      while (others.length <= mostOpen) {
        clock.advance(1)
        others.push(await request())
      }

      const found = await store.findRequestsForItem(7)

      const newest = others.slice(1 - mostOpen)
      expect(found?.open.map((one) => one.request.id)).toEqual([...newest, maker])
    })

    it('an item that Bridge listed has no holder', async () => {
      const { store, rooms, user } = await withUser()
      await addItems(rooms, user, 7)

      expect(await store.findRequestsForItem(7)).toMatchObject({ holder: null, open: [] })
    })
  })

  describe(`opening a connect request, ${name}`, () => {
    it('the request is pending, and the site’s origin and webhook URL are pinned with it', async () => {
      const { store, request, scope, user, site } = await withUser()

      const id = await request({
        bank: 'Demo Bank',
        origin: 'https://erp.acme.test',
        webhookUrl: 'https://erp.acme.test/hook',
      })

      expect(await store.findRequest(scope, id)).toMatchObject({
        request: { id, userId: user.id, state: 'pending', bank: 'Demo Bank', callbacks: 0 },
        user: { id: user.id },
        site: { origin: 'https://erp.acme.test', webhookUrl: 'https://erp.acme.test/hook' },
        item: null,
      })
      expect(await store.listAudit({ limit: 1 })).toMatchObject([
        { action: 'site.pinned', subject: site.name, tenantId: site.tenantId },
      ])
    })

    it('another origin than the pinned one is refused, and nothing is stored', async () => {
      const { store, request, find, scope } = await withUser()
      await request({ origin: 'https://erp.acme.test' })

      const moved = request({
        id: 'moved',
        origin: 'https://evil.test',
        webhookUrl: 'https://evil.test/',
      })

      await expect(moved).rejects.toThrow(SiteConflictError)
      await expect(moved).rejects.toMatchObject({ refusal: { text: { key: 'site_changed' } } })
      expect(await find('moved')).toBeUndefined()
      expect(await store.listSites(scope)).toMatchObject([
        { origin: 'https://erp.acme.test', webhookUrl: null },
      ])
    })

    it('a site that is being deleted, or whose tenant is disabled, is gone', async () => {
      const { store, request, tenant, site } = await withUser()
      const gone = { refusal: { text: { key: 'site_gone' } } }

      await store.setTenantDisabled(tenant.id, true, testBy)
      await expect(request()).rejects.toMatchObject(gone)
      await store.setTenantDisabled(tenant.id, false, testBy)
      await request()

      const order = { id: 'rem_1', kind: 'site' as const, tenantId: tenant.id, subjectId: site.id }
      await store.startRemoval({ ...order, name: site.name, withBridgeUsers: false }, testBy)
      await expect(request()).rejects.toThrow(SiteConflictError)
      await expect(request()).rejects.toMatchObject(gone)
    })

    it('of two first calls at once, one pins the origin', async () => {
      const { store, request, scope } = await withUser()

      const outcomes = await Promise.allSettled([
        request({ origin: 'https://one.test' }),
        request({ origin: 'https://two.test' }),
      ])

      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
      expect(await store.listSites(scope)).toMatchObject([{ origin: 'https://one.test' }])
    })

    it('a call without a webhook URL keeps the one there is, a new one replaces it', async () => {
      const { store, request, scope } = await withUser()
      await request({ webhookUrl: 'https://erp.acme.test/a' })
      await request({})
      expect(await store.listSites(scope)).toMatchObject([
        { webhookUrl: 'https://erp.acme.test/a' },
      ])

      await request({ webhookUrl: 'https://erp.acme.test/b' })

      expect(await store.listSites(scope)).toMatchObject([
        { webhookUrl: 'https://erp.acme.test/b' },
      ])
    })

    it('what changes nothing is not audited', async () => {
      const { store, request } = await withUser()
      await request({ origin: 'https://erp.acme.test' })
      await request({ origin: 'https://erp.acme.test' })

      const pinned = (await store.listAudit({ limit: 99 })).filter(
        ({ action }) => action === 'site.pinned',
      )

      expect(pinned).toHaveLength(1)
    })
  })

  describe(`finding a connect request, ${name}`, () => {
    it('another tenant and a sister site do not see it', async () => {
      const rooms = open()
      const acme = await aTenant(rooms, { name: 'acme', sites: ['one', 'two'] })
      const other = await aTenant(rooms, { name: 'other' })
      const user = await aUser(rooms, acme.site)
      const id = await aRequest(rooms, user)
      const { store } = rooms
      const sister = { ...acme.scope, siteId: acme.sites[1]?.id ?? '' }

      expect(await store.findRequest(acme.scope, id)).toBeDefined()
      expect(await store.findRequest(acme.siteKey.caller.scope, id)).toBeDefined()
      expect(await store.findRequest(sister, id)).toBeUndefined()
      expect(await store.findRequest(other.scope, id)).toBeUndefined()
      expect(
        await store.findRequest({ tenantId: other.tenant.id, siteId: acme.site.id }, id),
      ).toBeUndefined()
    })
  })

  describe(`callbacks of a connect request, ${name}`, () => {
    it('no more are counted than allowed, also when they come at once', async () => {
      const { store, request, find } = await withUser()
      const id = await request()

      const counted = await Promise.all(
        Array.from({ length: 12 }, () => store.countCallback(id, 10)),
      )

      expect(counted.filter(Boolean)).toHaveLength(10)
      expect((await find(id))?.callbacks).toBe(10)
      expect(await store.countCallback('none', 10)).toBe(false)
    })

    it('a claim is remembered until it is forgotten', async () => {
      const { store, request } = await withUser()
      const id = await request()

      await store.changeRequest(id, { kind: 'claimed', itemId: 42, step: 'bank' })
      expect(
        await store.claimCallbacks({ by: 'srv_test', at: 0, until: 1, limit: 9 }),
      ).toMatchObject([{ request: { id, claimedItemId: 42, claimedStep: 'bank' } }])

      await store.changeRequest(id, { kind: 'given-up', itemId: 42 }, 'srv_test')
      expect(await store.claimCallbacks({ by: 'srv_test', at: 0, until: 1, limit: 9 })).toEqual([])
    })

    it('claims are listed oldest first, as many as asked for', async () => {
      const { store, request, clock } = await withUser()
      const ids: string[] = []
      for (const itemId of [1, 2, 3]) {
        const id = await request()
        ids.push(id)
        clock.advance(1_000)
        await store.changeRequest(id, { kind: 'claimed', itemId, step: null })
      }

      const claims = await store.claimCallbacks({ by: 'srv_test', at: 0, until: 1, limit: 2 })

      expect(claims.map((owned) => owned.request.id)).toEqual(ids.slice(0, 2))
    })

    it('claims behind a cursor are listed by when their requests were opened, those of one moment by id', async () => {
      const { store, request, clock } = await withUser()
      const opened: RequestCursor[] = []
      for (const moment of [1, 2]) {
        for (const itemId of [1, 2, 3]) {
          const id = await request()
          opened.push({ openedAt: clock.now(), id })
          await store.changeRequest(id, {
            kind: 'claimed',
            itemId: moment * 10 + itemId,
            step: null,
          })
        }
        clock.advance(1_000)
      }
      const claiming = { by: 'srv_test', at: 0, until: 1, limit: 2 }

      const turns: string[][] = []
      let after: RequestCursor | undefined
      do {
        const claims = await store.claimCallbacks({ ...claiming, after })
        turns.push(claims.map((owned) => owned.request.id))
        after = claims.at(-1)?.request
      } while (after)

      const ids = opened.map(({ id }) => id)
      const sorted = [...ids.slice(0, 3).toSorted(), ...ids.slice(3).toSorted()]
      expect(turns).toEqual([sorted.slice(0, 2), sorted.slice(2, 4), sorted.slice(4), []])
    })

    it('a completed request takes no claim', async () => {
      const { store, request, settle } = await withUser()
      const id = await request()
      await settle(id, 1)

      await store.changeRequest(id, { kind: 'claimed', itemId: 2, step: null })

      expect(await store.claimCallbacks({ by: 'srv_test', at: 0, until: 1, limit: 9 })).toEqual([])
    })
  })

  describe(`settling a connect request, ${name}`, () => {
    it('completing stores the request’s end and the item, under the site’s word for the bank', async () => {
      const { store, request, settle, scope } = await withUser()
      const id = await request({ bank: 'My bank' })
      await store.changeRequest(id, { kind: 'claimed', itemId: 1, step: null })

      const { outcome, request: settled } = await settle(id, 1, 'completed', { at: testNow + 5 })

      expect(outcome).toBe('settled')
      expect(settled).toMatchObject({
        state: 'completed',
        itemId: 1,
        completedAt: testNow + 5,
        claimedItemId: null,
      })
      expect(await store.findRequest(scope, id)).toMatchObject({
        request: settled,
        item: { id: 1, bank: 'My bank', createdAt: testNow + 5 },
      })
    })

    it('pending and failed requests keep their item and may complete later', async () => {
      const { request, settle } = await withUser()
      const id = await request()

      expect((await settle(id, 1, 'pending')).request).toMatchObject({
        state: 'pending',
        itemId: 1,
        completedAt: null,
      })
      expect((await settle(id, 1, 'failed')).request).toMatchObject({ state: 'failed', itemId: 1 })
      expect((await settle(id, 1)).request).toMatchObject({ state: 'completed', itemId: 1 })
    })

    it('an event that finds a failed request’s item in progress is stored, and undoes no failure', async () => {
      const { store, request, settle, find, scope } = await withUser()
      const [id, step] = [await request(), 'sync_error']
      await settle(id, 1, 'failed', { step, status: 402 })

      const { request: settled } = await settle(id, 1, 'pending', { matched: true, status: 1007 })

      expect(settled).toMatchObject({ state: 'failed', step, itemId: 1, matchedAt: null })
      expect((await store.findItem(scope, 1))?.item.status).toBe(1007)
      await store.expireRequests(testNow + 2 * dayMs, 9)
      expect(await find(id)).toEqual(settled)
      expect((await settle(id, 1, 'completed', { matched: true })).request).toMatchObject({
        state: 'completed',
        step: null,
      })
    })

    it('a callback that finds it in progress is of a user who tries again', async () => {
      const { request, settle } = await withUser()
      const id = await request()
      await settle(id, 1, 'failed', { step: 'sync_error', status: 402 })

      const { request: settled } = await settle(id, 1, 'pending', { status: -3 })

      expect(settled).toMatchObject({ state: 'pending', step: null, itemId: 1 })
    })

    it('a completed request stays as it is', async () => {
      const { store, request, settle, find, scope } = await withUser()
      const id = await request()
      await settle(id, 1)
      const before = await find(id)

      const again = await settle(id, 2, 'failed', { at: testNow + 99 })

      expect(again).toEqual({ outcome: 'settled', request: before })
      expect(await find(id)).toEqual(before)
      expect(await store.findItem(scope, 2)).toBeUndefined()
    })

    it('an item that another request holds is refused, and nothing changes', async () => {
      const { request, settle, find } = await withUser()
      const [first, second] = [await request(), await request()]
      await settle(first, 1)

      expect(await settle(second, 1)).toMatchObject({ outcome: 'held' })

      expect(await find(second)).toMatchObject({ state: 'pending', itemId: null })
    })

    it('of two requests naming one item at once, one gets it', async () => {
      const { request, settle } = await withUser()
      const [first, second] = [await request(), await request()]

      const outcomes = await Promise.all([settle(first, 1), settle(second, 1)])

      expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['held', 'settled'])
    })

    it('an item that another user holds is refused, and stays theirs', async () => {
      const { rooms, site, store, request, settle, find, scope } = await withUser()
      const bob = await aUser(rooms, site, { name: 'bob' })
      await addItems(rooms, bob, 1)
      const id = await request()

      expect(await settle(id, 1)).toMatchObject({ outcome: 'held' })

      expect(await find(id)).toMatchObject({ state: 'pending', itemId: null })
      expect((await store.findItem(scope, 1))?.user.id).toBe(bob.id)
    })

    it('requests that manage an item may end with it, however many', async () => {
      const { request, settle } = await withUser()
      await settle(await request(), 1)
      const [edit, sca] = [await request({ managedItemId: 1 }), await request({ managedItemId: 1 })]

      const outcomes = [await settle(edit, 1), await settle(sca, 1)]

      expect(outcomes).toMatchObject([
        { outcome: 'settled', request: { state: 'completed', itemId: 1 } },
        { outcome: 'settled', request: { state: 'completed', itemId: 1 } },
      ])
    })

    it('an item managed before it was ever connected here can still be connected', async () => {
      const { rooms, user, request, settle } = await withUser()
      await addItems(rooms, user, 1)
      await settle(await request({ managedItemId: 1 }), 1)

      expect(await settle(await request(), 1)).toMatchObject({ outcome: 'settled' })
    })

    it('an item that only events told of stays as they left it, under the site’s word for the bank', async () => {
      const { store, request, match, scope, rooms, user } = await withUser()
      const id = await request({ bank: 'My bank' })
      await addItems(rooms, user, 7)
      const before = (await store.findItem(scope, 7))!.item

      const { outcome, request: settled } = await match(id, 7, testNow + dayMs)

      expect(outcome).toBe('settled')
      expect(settled).toMatchObject({ itemId: 7, completedAt: testNow + dayMs })
      expect((await store.findItem(scope, 7))?.item).toEqual({ ...before, bank: 'My bank' })
    })

    it('an item that only events told of is not matched once it is gone, another user’s, or not here', async () => {
      const { store, request, match, find, site, rooms, user } = await withUser()
      const bob = await aUser(rooms, site, { name: 'bob' })
      await addItems(rooms, user, 7)
      await addItems(rooms, bob, 8)
      const gone = { kind: 'item-gone', userId: user.id, itemId: 7, at: testNow + 1 } as const
      await store.applyEvent(gone)
      const id = await request()

      for (const itemId of [7, 8, 9])
        expect(await match(id, itemId, testNow + dayMs)).toMatchObject({ outcome: 'held' })

      expect(await find(id)).toMatchObject({ state: 'pending', itemId: null })
      expect(await store.listConnections({ id: 7, withGone: true })).toMatchObject([
        { item: { goneAt: testNow + 1 } },
      ])
    })

    it('an item that was deleted here since Bridge was asked is nobody’s end', async () => {
      const { store, request, settle, find, clock, scope, rooms, user } = await withUser()
      await addItems(rooms, user, 7)
      const managing = await request({ managedItemId: 7 })
      const asked = clock.now()
      await store.deleteItem(7, { ...testBy, at: asked + 1 })

      expect(await settle(managing, 7, 'completed', { at: asked })).toMatchObject({
        outcome: 'held',
      })

      expect(await find(managing)).toMatchObject({ state: 'pending', itemId: null })
      expect(await store.findItem(scope, 7)).toBeUndefined()
      expect(await store.listEvents({}, { limit: 9 })).toEqual([])
    })

    it('a request that is not there cannot be settled', async () => {
      const { settle } = await withUser()

      await expect(settle('none', 1)).rejects.toThrow(ConflictError)
    })
  })

  describe(`requests that end without an item, ${name}`, () => {
    it('a user who left leaves a failed request with the step', async () => {
      const { store, request, find } = await withUser()
      const id = await request()

      await store.changeRequest(id, { kind: 'left', step: 'bank_selection' })

      expect(await find(id)).toMatchObject({ state: 'failed', step: 'bank_selection' })
    })

    it('neither a completed nor an expired request fails', async () => {
      const { store, request, settle, find } = await withUser()
      const completed = await request()
      await settle(completed, 1)
      const expired = await request({ expiresAt: testNow })
      await store.expireRequests(testNow, 9)

      await store.changeRequest(completed, { kind: 'left', step: 'late' })
      await store.changeRequest(expired, { kind: 'left', step: 'late' })

      expect(await find(completed)).toMatchObject({ state: 'completed', step: null })
      expect(await find(expired)).toMatchObject({ state: 'expired', step: null })
    })

    it('pending requests expire when their time is over, a batch at a time', async () => {
      const { store, request, find } = await withUser()
      const ids = [await request(), await request(), await request()]
      const later = await request({ expiresAt: testNow + 2 * dayMs })

      expect(await store.expireRequests(testNow + dayMs - 1, 2)).toBe(0)
      expect(await store.expireRequests(testNow + dayMs, 2)).toBe(2)
      expect(await store.expireRequests(testNow + dayMs, 2)).toBe(1)
      expect(await store.expireRequests(testNow + dayMs, 2)).toBe(0)

      for (const id of ids) expect((await find(id))?.state).toBe('expired')
      expect((await find(later))?.state).toBe('pending')
    })

    it('one waits on for the item that it made, until that is gone; one that manages it does not', async () => {
      const { store, request, settle, find, user } = await withUser()
      const [maker, manager] = [await request(), await request({ managedItemId: 7 })]
      for (const id of [maker, manager]) await settle(id, 7, 'pending', { status: 1007 })
      const at = testNow + 2 * dayMs

      expect(await store.expireRequests(at, 9)).toBe(1)
      expect((await find(manager))?.state).toBe('expired')
      expect((await find(maker))?.state).toBe('pending')

      await store.applyEvent({ kind: 'item-gone', userId: user.id, itemId: 7, at })
      expect(await store.expireRequests(at, 9)).toBe(1)
      expect((await find(maker))?.state).toBe('expired')
    })

    it('one with a claim has another day to be verified, unless the claim is given up', async () => {
      const { store, request, find } = await withUser()
      const [kept, refused] = [await request(), await request()]
      for (const id of [kept, refused])
        await store.changeRequest(id, { kind: 'claimed', itemId: 7, step: null })
      const expired = (at: number) => store.expireRequests(at, 9)

      expect(await expired(testNow + dayMs)).toBe(0)
      await store.changeRequest(refused, { kind: 'given-up', itemId: 7 })
      expect(await expired(testNow + dayMs)).toBe(1)
      expect((await find(refused))?.state).toBe('expired')
      expect(await expired(testNow + 2 * dayMs - 1)).toBe(0)
      expect(await expired(testNow + 2 * dayMs)).toBe(1)
      expect((await find(kept))?.state).toBe('expired')
    })
  })

  describe(`where a renewal ends, ${name}`, () => {
    it('is where the request that made the item ended, else the last that managed it', async () => {
      const { store, clock, ids, ann, keep, event } = await userRooms(open)
      const rooms = { store, clock, ids }
      await keep({ id: 7 })
      const ended = async (fields: { managedItemId: number | null }, redirectUrl: string) => {
        const id = ids.request()
        clock.advance(10)
        const at = clock.now()
        const request = { id, userId: ann.id, bank: null, accountTypes: 'all', redirectUrl }
        await rooms.store.openConnectRequest(
          { ...request, ...fields, openedAt: at, expiresAt: at + dayMs },
          { id: ann.siteId, origin: null, webhookUrl: null },
          testBy,
        )
        const outcome = { state: 'completed' as const, step: null, item: itemFacts({ id: 7 }), at }
        await store.settleRequest(id, outcome, event())
      }
      expect(await store.findReturnUrl(7)).toBeUndefined()

      await ended({ managedItemId: 7 }, 'https://erp.acme.test/first')
      await ended({ managedItemId: 7 }, 'https://erp.acme.test/second')
      expect(await store.findReturnUrl(7)).toBe('https://erp.acme.test/second')

      await ended({ managedItemId: null }, 'https://erp.acme.test/made')
      await ended({ managedItemId: 7 }, 'https://erp.acme.test/third')
      expect(await store.findReturnUrl(7)).toBe('https://erp.acme.test/made')
    })
  })
}
