import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mostTries } from '../../src/db/ports/deliveries.ts'
import { stateOfEvent } from '../../src/db/rules/event-state.ts'
import type { EndpointAnswer } from '../../src/db/ports/endpoints.ts'
import type { Site } from '../../src/db/ports/sites.ts'
import { aUser, itemFacts, testBy } from '../support/tenants.ts'
import { minuteMs, webhookUrl, withSites } from './rooms.ts'
import type { Made, OpenRooms } from './store.ts'
import { inForm } from '../support/form.ts'
import { unhandledIn } from '../support/store.ts'

/** What the site's address answered, when a try counts for it. */
const answered = (status: number | null, retryAfterMs?: number): EndpointAnswer => ({
  webhookUrl,
  status,
  retryAfterMs,
})

/** What every engine promises of deliveries. */
export function deliveryContract(
  name: string,
  open: OpenRooms,
  { forOneServer }: Made = { forOneServer: true },
): void {
  describe(`claiming deliveries, ${name}`, () => {
    it('a claimed delivery is nobody else’s until its lease ends', async () => {
      const { accept, claim, claimIds, clock } = await withSites(open)
      const id = await accept()

      expect(await claim()).toMatchObject([{ attempt: 1, tryNumber: 1, event: { id } }])
      expect(await claimIds()).toEqual([])
      clock.advance(minuteMs)
      expect(await claim()).toMatchObject([{ attempt: 2, event: { id } }])
    })

    it('claimers at once share what is due; what they had to leave comes next', async () => {
      const { accept, claimIds } = await withSites(open)
      const ids = await Promise.all([1, 2, 3, 4].map((itemId) => accept({ itemId })))

      const taken = await Promise.all([claimIds(2), claimIds(2), claimIds(2)])
      const left = await claimIds()

      expect(taken.flat()).not.toEqual([])
      expect([...taken.flat(), ...left].toSorted()).toEqual(ids.toSorted())
    })

    it('a worker that overslept its lease cannot settle', async () => {
      const { accept, claim, settle, store, clock } = await withSites(open)
      const id = await accept()
      const [overslept] = await claim()
      clock.advance(minuteMs)
      const [fresh] = await claim()

      expect(await settle(overslept!, { kind: 'dead' })).toMatchObject({ outcome: 'stale' })
      expect(await store.findDelivery(id)).toMatchObject({ state: 'pending' })
      expect(await settle(fresh!)).toMatchObject({ outcome: 'settled' })
      expect(await settle(fresh!)).toMatchObject({ outcome: 'stale' })
    })

    it('a released delivery was never tried', async () => {
      const { accept, claim, settle } = await withSites(open)
      await accept()
      await accept()
      const [first] = await claim()

      await settle(first!, { kind: 'released' })

      expect(await claim()).toMatchObject([{ id: first!.id, attempt: 2, tryNumber: 1 }])
    })

    it('the first try of one item’s delivery waits for the earlier first try, however it ends', async () => {
      const { accept, claim, claimIds, settle, clock } = await withSites(open)
      const [first, second, third] = [await accept(), await accept(), await accept()]
      const [one] = await claim()
      expect(one?.event.id).toBe(first)
      expect(await claimIds()).toEqual([])

      await settle(one!, { kind: 'failed', dueAt: clock.now() + 10 * minuteMs })
      const [two] = await claim()
      expect(two?.event.id).toBe(second)
      await settle(two!, { kind: 'dead' })

      expect(await claimIds()).toEqual([third])
    })

    it('what waits is never forgotten: not what is in flight, nor behind it, nor to be tried again', async () => {
      const { accept, claim, settle, claimIds, store, clock } = await withSites(open)
      const [flying, behind, failed, ended] = [
        await accept({ handledAt: 1 }),
        await accept({ handledAt: 1 }),
        await accept({ itemId: 2, handledAt: 1 }),
        await accept({ itemId: 3, handledAt: 1 }),
      ]
      for (const one of await claim()) {
        const dueAt = clock.now() + 1
        if (one.event.id === failed) await settle(one, { kind: 'failed', dueAt })
        if (one.event.id === ended) await settle(one, { kind: 'delivered' })
      }
      clock.advance(160 * 24 * 60 * minuteMs)

      expect(await store.purge('event-bodies', clock.now(), { limit: 10 })).toMatchObject({
        count: 1,
      })
      expect(await store.purge('events', clock.now(), { limit: 10 })).toMatchObject({ count: 1 })

      expect(await store.findDelivery(ended)).toBeUndefined()
      for (const id of [flying, behind, failed]) {
        expect(await store.findDelivery(id)).toMatchObject({ state: 'pending' })
      }
      expect((await claimIds()).toSorted()).toEqual([flying, failed].toSorted())
    })

    it('of events of one item that come at once, and of those without item, one may go first', async () => {
      const { accept, claim } = await withSites(open, ['one'])
      const itemIds = [7, 7, 7, 8, null, null, 8]
      const ids = await Promise.all(itemIds.map((itemId) => accept({ itemId })))

      const first = (await claim()).map(({ event }) => itemIds[ids.indexOf(event.id)])

      expect(first).toHaveLength(3)
      expect(new Set(first)).toEqual(new Set([7, 8, null]))
    })

    it('tries of one item and of none that end at once each let the next go', async () => {
      const { accept, claim, settle } = await withSites(open, ['one'])
      for (const itemId of [7, 8, null, 7, 8, null]) await accept({ itemId })
      const first = await claim()

      const ends = await Promise.all(first.map((one) => settle(one)))
      const next = await claim()

      expect(ends.map(({ outcome }) => outcome)).toEqual(['settled', 'settled', 'settled'])
      expect(next).toHaveLength(3)
    })

    it('a try that is settled twice at once is settled once', async () => {
      const { accept, claim, settle } = await withSites(open)
      await accept()
      const [claimed] = await claim()

      const ends = await Promise.all([settle(claimed!), settle(claimed!)])

      expect(ends.map(({ outcome }) => outcome).toSorted()).toEqual(['settled', 'stale'])
    })

    it('what waits of an item goes with it, in whichever turn; what was delivered, and others’, stays', async () => {
      const { store, accept, claim, settle, clock, ...rooms } = await withSites(open)
      const user = await aUser({ ...rooms, store, clock }, rooms.site)
      await store.keepItems(user.id, [itemFacts({ id: 1 })], { at: clock.now(), complete: false })
      const delivered = await accept()
      await settle((await claim())[0]!)
      const failed = await accept()
      await settle((await claim())[0]!, { kind: 'failed', dueAt: clock.now() + minuteMs })
      const inFlight = await accept()
      await claim()
      const behind = await accept()
      const others = await accept({ itemId: 2 })

      await store.deleteItem(1, testBy)

      const ids = [delivered, failed, inFlight, behind, others]
      const states = ids.map(async (id) => (await store.findDelivery(id))?.state)
      const gone = Array(3).fill(undefined)
      expect(await Promise.all(states)).toEqual(['delivered', ...gone, 'pending'])
      const listed = async (state?: 'kept' | 'forgotten') =>
        (await store.listEvents({ ...(state && { state }) }, { limit: 9 })).map((event) => [
          event.id,
          stateOfEvent(event),
        ])
      const forgotten = [behind, inFlight, failed].map((id) => [id, 'forgotten'])
      expect(await listed()).toEqual([[others, 'pending'], ...forgotten, [delivered, 'delivered']])
      expect(await listed('forgotten')).toEqual(forgotten)
      expect(await listed('kept')).toEqual([])
    })

    it('an item of another site, another item and events without item go their own way', async () => {
      const { accept, claimIds, sites } = await withSites(open)
      const [head] = [await accept(), await accept()]
      const others = [
        await accept({ itemId: 2 }),
        await accept({ itemId: null }),
        await accept({ siteId: sites[1]!.id }),
      ]
      await accept({ itemId: null })

      expect((await claimIds()).toSorted()).toEqual([head, ...others].toSorted())
    })

    it('an endpoint that is held, slowed down or disabled is left alone', async () => {
      const { accept, claim, claimIds, settle, clock } = await withSites(open, ['one'])
      for (const itemId of [1, 2, 3, 4, 5, 6]) await accept({ itemId })
      const [one, two] = await claim(2)

      const dueAt = clock.now() + 10 * minuteMs
      await settle(one!, { kind: 'failed', dueAt }, answered(429))
      expect(await claimIds()).toEqual([])
      clock.advance(minuteMs / 2)
      expect(await claimIds()).toEqual([]) // the other try of before has the one place
      await settle(two!)
      const [three, none] = await claim()
      expect(none).toBeUndefined()

      const disabling = settle(three!, { kind: 'failed', dueAt: clock.now() }, answered(410))
      expect(await disabling).toEqual({ outcome: 'settled', disabled: true })
      expect(await claimIds()).toEqual([])
    })

    it('one that somebody waits for is taken out of turn, from an endpoint that rests or is disabled too, once', async () => {
      const { accept, claim, claimIds, settle, store, clock } = await withSites(open, ['one'])
      const take = (eventId: string, by = 'cmd_test') =>
        store.claimDelivery(eventId, { by, at: clock.now(), leaseUntil: clock.now() + minuteMs })
      const dueAt = clock.now() + 60 * minuteMs
      const wanted = []
      for (const answer of [429, 410]) {
        await accept()
        for (const one of await claim()) {
          await settle(one, { kind: 'failed', dueAt }, answered(answer, 10 * minuteMs))
        }
        const id = await accept({ itemId: null })
        expect(await claimIds()).toEqual([])

        const taken = await take(id)

        expect(taken).toMatchObject({ attempt: 1, tryNumber: 1, event: { id } })
        expect(await take(id, 'another')).toBeUndefined()
        expect(await settle(taken!, { kind: 'dead' })).toMatchObject({ outcome: 'settled' })
        expect(await take(id)).toBeUndefined()
        expect(await store.findDelivery(id)).toMatchObject({ state: 'dead', claimedBy: null })
        wanted.push(id)
        clock.advance(15 * minuteMs)
      }
      expect(wanted).toHaveLength(2)
      expect(await take('evt_none')).toBeUndefined()
    })

    it('slots are dealt out in turn, the site that waits longest first, and none takes more than its own', async () => {
      const { accept, claim, clock, sites } = await withSites(open)
      for (const itemId of [1, 2, 3, 4, 5, 6]) await accept({ itemId, siteId: sites[1]!.id })
      clock.advance(1)
      for (const itemId of [1, 2, 3, 4, 5, 6]) await accept({ itemId, siteId: sites[0]!.id })

      const claims = await claim(6)

      expect(claims.map(({ site }) => (site as Pick<Site, 'name'>).name)).toEqual([
        'two',
        'two',
        'two',
        'one',
        'one',
        'one',
      ])
      expect(await claim(6)).toHaveLength(2)
    })

    it('a site with nothing in flight comes before one with a backlog, however long that waits', async () => {
      const { accept, claim, clock, sites } = await withSites(open)
      for (const itemId of [1, 2, 3, 4, 5]) await accept({ itemId, siteId: sites[1]!.id })
      await claim(2)
      clock.advance(minuteMs / 2)
      await accept({ siteId: sites[0]!.id })

      const [next] = await claim(1)

      expect(next?.site.name).toBe('one')
    })

    it('first tries come before retries and replays, which keep one place of the four', async () => {
      const { accept, claim, claimIds, settle, clock, store, ids: idMaker } = await withSites(open)
      const old: string[] = []
      for (let itemId = 1; itemId <= 8; itemId += 1) {
        old.push(await accept({ itemId }))
        for (const one of await claim()) await settle(one, { kind: 'dead' })
      }
      await store.replayEvents(old, () => idMaker.next('dlv'), { ...testBy, at: clock.now() })
      clock.advance(1)
      const fresh: string[] = []
      for (let itemId = 11; itemId <= 18; itemId += 1) fresh.push(await accept({ itemId }))

      expect(await claimIds()).toEqual([old[0], ...fresh.slice(0, 3)])
    })

    it('once so many are taken, a site gets only its first slot', async () => {
      const { accept, clock, store, sites } = await withSites(open, ['one', 'two', 'three'])
      for (const { id: siteId } of sites) {
        for (const itemId of [1, 2, 3, 4]) await accept({ siteId, itemId })
      }
      const claimFurther = async (spreadAfter: number) => {
        const at = clock.now()
        const times = { at, by: 'srv_test', leaseUntil: at + minuteMs }
        const claims = await store.claimDeliveries({ ...times, limit: 10, spreadAfter })
        return claims.map(({ site }) => site.name)
      }

      expect(await claimFurther(0)).toEqual(['one', 'two', 'three'])
      expect(await claimFurther(0)).toEqual([])
      expect(await claimFurther(2)).toEqual(['one', 'two'])
    })

    it('a site that was found down gets one place until it takes something', async () => {
      const { accept, claim, settle, clock } = await withSites(open, ['one'])
      for (const itemId of [1, 2, 3, 4, 5, 6]) await accept({ itemId })
      const [first] = await claim(1)
      await settle(first!, { kind: 'failed', dueAt: clock.now() + minuteMs }, answered(500))

      const [probe, none] = await claim()
      expect(none).toBeUndefined()
      await settle(probe!, { kind: 'delivered' }, answered(200))

      expect(await claim()).toHaveLength(4)
    })

    it('a disabled tenant gets nothing, and once enabled again all that waited', async () => {
      const { accept, claimIds, store, tenant } = await withSites(open)
      const id = await accept()

      await store.setTenantDisabled(tenant.id, true, testBy)
      expect(await claimIds()).toEqual([])
      await store.setTenantDisabled(tenant.id, false, testBy)

      expect(await claimIds()).toEqual([id])
    })

    if (forOneServer) {
      it('a clock that went back takes what it left ahead along', async () => {
        const { accept, claim, claimIds, settle, store, clock } = await withSites(open)
        const dayMs = 1_440 * minuteMs
        const [held, retried, fresh] = [
          await accept({ itemId: 1 }),
          await accept({ itemId: 2 }),
          await accept({ itemId: 3 }),
        ]
        const claims = await claim()
        const at = clock.now()
        await settle(claims[1]!, { kind: 'failed', dueAt: at + 5 * minuteMs })
        await settle(claims[2]!, { kind: 'released' })
        clock.advance(-dayMs)
        expect(await claimIds()).toEqual([])

        await store.clockJumped(-dayMs, clock.now())

        expect(await claimIds()).toEqual([fresh])
        clock.advance(minuteMs)
        expect(await claimIds()).toEqual(expect.arrayContaining([held]))
        clock.advance(4 * minuteMs)
        expect(await claimIds()).toContain(retried)
      })
    }
  })

  if (forOneServer) {
    describe(`when the clock is set, ${name}`, () => {
      const dayMs = 1_440 * minuteMs

      it('put forward, what is in flight stays its worker’s, and a hold lasts as long as before', async () => {
        const { accept, claim, claimIds, settle, store, clock, sites } = await withSites(open)
        await accept()
        const held = [1, 2].map((itemId) => accept({ siteId: sites[1]!.id, itemId }))
        const [, resting] = await Promise.all(held)
        const claims = await claim()
        const slow = claims.find(({ site }) => site.name === 'two')!
        const other = claims.find(({ event }) => event.id === resting)!
        await settle(slow, { kind: 'dead' }, answered(429, 2 * minuteMs))
        await settle(other, { kind: 'released' })

        clock.advance(dayMs)
        await store.clockJumped(dayMs, clock.now())

        expect(await claimIds()).toEqual([])
        clock.advance(minuteMs)
        expect(await claimIds()).toHaveLength(1) // its lease is over, the other's hold is not
        clock.advance(minuteMs)
        expect(await claimIds()).toContain(resting)
      })

      it('put forward and back, no time passed for an endpoint that fails', async () => {
        const { accept, claim, settle, store, clock, site } = await withSites(open)
        await accept()
        const [one] = await claim()
        const at = clock.now()
        const failing = { failingSince: at, lastFailureAt: at }
        await settle(one!, { kind: 'dead' }, answered(500))

        clock.advance(dayMs)
        await store.clockJumped(dayMs, clock.now())
        expect(await store.readEndpoint(site.id)).toMatchObject({ ...failing, jumpedMs: dayMs })

        clock.advance(-dayMs)
        await store.clockJumped(-dayMs, clock.now())
        expect(await store.readEndpoint(site.id)).toMatchObject({ ...failing, jumpedMs: 0 })
      })

      it('put back, nothing failed in the future', async () => {
        const { accept, claim, settle, store, clock, site } = await withSites(open)
        await accept({ itemId: 1 })
        await accept({ itemId: 2 })
        const [one, two] = await claim()
        await settle(one!, { kind: 'dead' }, answered(500))
        clock.advance(5)
        const at = clock.now()
        await settle(two!, { kind: 'dead' }, answered(500))

        clock.advance(10 - dayMs)
        await store.clockJumped(-dayMs, clock.now())

        expect(await store.readEndpoint(site.id)).toMatchObject({
          failingSince: at - 5 - dayMs,
          lastFailureAt: at - dayMs,
          jumpedMs: 0,
        })
      })

      it('put back, an event that was put off is handled as soon as it would have been', async () => {
        const { accept, store, clock } = await withSites(open)
        await accept()
        const [event] = await unhandledIn(store, clock.now(), 1)
        await store.postponeEvent({ by: 'srv_test', seq: event!.seq }, clock.now() + minuteMs)

        clock.advance(-dayMs)
        await store.clockJumped(-dayMs, clock.now())

        expect(await unhandledIn(store, clock.now() + minuteMs - 1, 1)).toEqual([])
        expect(await unhandledIn(store, clock.now() + minuteMs, 1)).toHaveLength(1)
      })
    })
  }

  describe(`taking over from a server, ${name}`, () => {
    /** After how long what a server had in hand is another's: where many share an endpoint's slots, once its tries must be over. */
    const freedMs = forOneServer ? 10_000 : 20_000

    const withServer = async () => {
      const rooms = await withSites(open)
      const { store, clock } = rooms
      const empty = Buffer.alloc(0)
      await store.createInstance({ mode: 'x', wrappedPepper: empty, dataKeys: [], at: 0 })
      const serve = (id: string) =>
        store.joinMembers(
          { id, host: 'a', pid: 1 },
          { at: clock.now(), silentSince: clock.now() - 10_000 },
        )
      await serve('srv_1')
      return { ...rooms, serve }
    }

    it('what the last one had in hand is due, untried; it can settle nothing any more', async () => {
      const { accept, claim, settle, store, clock, serve } = await withServer()
      const id = await accept()
      const [late] = await claim()
      clock.advance(freedMs)

      expect(await serve('srv_2')).toBeUndefined()

      expect(await settle(late!)).toMatchObject({ outcome: 'stale' })
      expect(await claim()).toMatchObject([{ event: { id }, attempt: 2, tryNumber: 1 }])
      expect(await settle(late!)).toMatchObject({ outcome: 'stale' })
      expect(await store.findDelivery(id)).toMatchObject({ state: 'pending' })
    })

    it('it is told by whose claim it is: what others had is freed, not what the one that joins has', async () => {
      const { accept, claim, claimIds, store, clock, serve } = await withServer()
      const dead = await accept({ itemId: 1 })
      const own = await accept({ itemId: 2 })
      await claim(1, 'srv_1')
      await claim(1, 'srv_2')
      expect(await store.findDelivery(dead)).toMatchObject({ claimedBy: 'srv_1' })
      clock.advance(freedMs)

      await serve('srv_2')

      expect(await store.findDelivery(dead)).toMatchObject({ claimedBy: null, claimedUntil: null })
      expect(await store.findDelivery(own)).toMatchObject({ claimedBy: 'srv_2' })
      expect(await claimIds()).toEqual([dead])
    })

    it('what a command has is its own while its lease lasts, whichever server joins meanwhile', async () => {
      const { accept, claimIds, settle, store, clock, serve } = await withServer()
      const id = await accept()
      const claim = { by: 'cmd_1', at: clock.now(), leaseUntil: clock.now() + minuteMs }
      const taken = await store.claimDelivery(id, claim)
      clock.advance(30_000)

      await serve('srv_2')

      expect(await claimIds()).toEqual([])
      expect(await settle(taken!)).toMatchObject({ outcome: 'settled' })
    })

    it('a try that ended is nobody’s any more', async () => {
      const { accept, claim, settle, store, clock } = await withServer()
      const id = await accept()
      const [one] = await claim(1, 'srv_1')

      await settle(one!, { kind: 'failed', dueAt: clock.now() + minuteMs })

      expect(await store.findDelivery(id)).toMatchObject({ claimedBy: null, claimedUntil: null })
    })

    if (forOneServer) {
      it('a server that is refused takes nothing from the one at work', async () => {
        const { accept, claim, claimIds, serve } = await withServer()
        await accept()
        await claim()

        expect(await serve('srv_2')).toMatchObject({ id: 'srv_1' })

        expect(await claimIds()).toEqual([])
      })
    }

    if (forOneServer) {
      it('seen in the future, it had a clock that was put back since: nothing waits for that time', async () => {
        const { accept, claim, claimIds, settle, store, clock, serve } = await withServer()
        const id = await accept()
        const [one] = await claim()
        await settle(one!, { kind: 'failed', dueAt: clock.now() + 5 * minuteMs })
        await store.removeMember('srv_1')
        clock.advance(-300 * 1_440 * minuteMs)

        expect(await serve('srv_2')).toBeUndefined()

        expect(await claimIds()).toEqual([])
        clock.advance(5 * minuteMs)
        expect(await claimIds()).toEqual([id])
      })
    }
  })

  describe(`replaying events, ${name}`, () => {
    const withReplay = async () => {
      const rooms = await withSites(open)
      const { store, clock, ids } = rooms
      const replay = (...events: string[]) =>
        store.replayEvents(events, () => ids.next('dlv'), { ...testBy, at: clock.now() })
      return { ...rooms, replay }
    }

    it('what was delivered goes again under the same id, its schedule anew, and is noted', async () => {
      const { accept, claim, settle, replay, store } = await withReplay()
      const id = await accept()
      await settle((await claim())[0]!)

      expect(await replay(id)).toEqual({ replayed: 1, underway: 0, impossible: 0 })

      const [again] = await claim()
      expect(again).toMatchObject({ event: { id }, attempt: 2, tryNumber: 1 })
      expect(await store.listAudit({ action: 'webhook.replayed', limit: 9 })).toMatchObject([
        { actor: 'test', subject: 'one', count: 1 },
      ])
    })

    it('what waits for its first try, or is in flight, is left alone', async () => {
      const { accept, claim, replay, settle } = await withReplay()
      const first = await accept()
      const second = await accept()
      const [flying] = await claim()

      expect(await replay(first, second)).toEqual({ replayed: 0, underway: 2, impossible: 0 })

      await settle(flying!, { kind: 'failed', dueAt: Number.MAX_SAFE_INTEGER })
      expect(await replay(first)).toMatchObject({ replayed: 1 })
    })

    it('a replay holds nothing back: the next event of its item does not wait for it', async () => {
      const { accept, claim, claimIds, settle, replay } = await withReplay()
      const old = await accept()
      await settle((await claim())[0]!, { kind: 'dead' })
      await replay(old)
      const next = await accept()

      expect((await claimIds()).toSorted()).toEqual([old, next].toSorted())
    })

    it('an event that was only kept gets its delivery, once its site has an address', async () => {
      const { accept, claimIds, replay, store, sites, clock } = await withReplay()
      await store.updateSite(sites[0]!.id, { webhookUrl: null }, testBy)
      const id = await accept()
      expect(await store.listEvents({ state: 'kept' }, { limit: 9 })).toMatchObject([
        { id, delivery: null, hasBody: true },
      ])
      expect(await replay(id)).toMatchObject({ impossible: 1 })
      await store.updateSite(sites[0]!.id, { webhookUrl: 'https://a.test/' }, testBy)
      expect(await claimIds()).toEqual([])

      expect(await replay(id)).toMatchObject({ replayed: 1 })

      clock.advance(1)
      expect(await claimIds()).toEqual([id])
    })

    it('what is forgotten, or was never there, cannot be sent again', async () => {
      const { accept, replay, store, clock, claim, settle } = await withReplay()
      const id = await accept({ handledAt: 1 })
      await settle((await claim())[0]!, { kind: 'dead' })
      await store.purge('event-bodies', clock.now() + 1, { limit: 10 })

      expect(await replay(id, 'evt_nowhere')).toEqual({ replayed: 0, underway: 0, impossible: 2 })
    })

    it('deliveries are listed by site, state, type and time, page after page in both directions', async () => {
      const { accept, store, sites, clock, scope, claim, settle } = await withReplay()
      const [one, two] = sites
      const since = clock.now()
      const first = await accept({ siteId: one!.id, type: 'a' })
      await settle((await claim())[0]!, { kind: 'dead' })
      clock.advance(1)
      const second = await accept({ siteId: two!.id, type: 'b' })
      const third = await accept({ siteId: one!.id, type: 'b', itemId: 9 })
      const list = async (filter: Parameters<typeof store.listEvents>[0]) =>
        (await store.listEvents(filter, { limit: 9 })).map(({ id }) => id)

      expect(await list({ tenantId: scope.tenantId })).toEqual([third, second, first])
      expect(await list({ tenantId: 'ten_other' })).toEqual([])
      expect(await list({ siteId: one!.id })).toEqual([third, first])
      expect(await list({ state: 'dead' })).toEqual([first])
      expect(await list({ type: 'b', siteId: two!.id })).toEqual([second])
      expect(await list({ since: since + 1 })).toEqual([third, second])
      expect(await list({ until: since + 1 })).toEqual([first])

      for (const [direction, expected] of [
        ['newest', [third, second, first]],
        ['oldest', [first, second, third]],
      ] as const) {
        const walked: string[] = []
        let after: { receivedAt: number; seq: number } | undefined
        for (;;) {
          const page = { first: direction, limit: 2, ...(after && { after }) }
          const found = await store.listEvents({}, page)
          if (found.length === 0) break
          walked.push(...found.map(({ id }) => id))
          after = found.at(-1)
        }
        expect(walked).toEqual(expected)
      }
    })

    it('what waits is told with when it is tried next: never while its endpoint rests, or is stopped', async () => {
      const { accept, claim, settle, store, clock, site, tenant } = await withSites(open)
      const rests = await accept()
      const listed = async () =>
        new Map(
          (await store.listEvents({}, { first: 'oldest', limit: 9 })).map(({ id, delivery }) => [
            id,
            delivery?.nextTryAt,
          ]),
        )
      const [one] = await claim()
      const heldUntil = clock.now() + 10 * minuteMs
      await settle(
        one!,
        { kind: 'failed', dueAt: clock.now() + 5 },
        { ...answered(429, 10 * minuteMs) },
      )
      const behind = await accept({ itemId: 2 })
      clock.advance(minuteMs)

      expect(await listed()).toEqual(
        new Map([
          [rests, heldUntil],
          [behind, heldUntil],
        ]),
      )

      clock.advance(10 * minuteMs)
      const [two] = await claim(1)
      await settle(two!, { kind: 'failed', dueAt: clock.now() + 5 }, answered(410))
      expect([...(await listed()).values()]).toEqual([null, null])

      await store.enableEndpoint(site.id, { ...testBy, at: clock.now() })
      expect([...(await listed()).values()]).not.toContain(null)
      await store.setTenantDisabled(tenant.id, true, testBy)
      expect([...(await listed()).values()]).toEqual([null, null])
    })

    it('a delivery is told with its tries, by its own id or its event’s; a claim that was given back is none', async () => {
      const { accept, claim, settle, store, clock } = await withReplay()
      const id = await accept()
      const [held] = await claim()
      await settle(held!, { kind: 'released' })
      const [flying] = await claim()
      const tried = {
        startedAt: clock.now(),
        durationMs: 5,
        status: 500,
        error: null,
        response: Buffer.from('x'),
      }
      const { id: delivery, attempt } = flying!
      const outcome = { kind: 'dead' as const }
      const at = clock.now()
      await store.settleDelivery({ id: delivery, attempt, at, outcome, try: tried, endpoint: null })

      const found = await store.findDelivery(id)

      expect(found).toMatchObject({ id: delivery, state: 'dead', tries: [{ number: 1, ...tried }] })
      expect(await store.findDelivery(delivery)).toEqual(found)
      expect(await store.findDelivery('evt_nowhere')).toBeUndefined()
    })

    it('of a delivery that was replayed for ever its last tries are told', async () => {
      const { accept, claim, store, clock, ids } = await withReplay()
      const id = await accept()
      const at = clock.now()
      const tried = { startedAt: at, durationMs: 5, status: 500, error: null, response: null }
      for (let number = 1; number <= mostTries + 1; number += 1) {
        if (number > 1) await store.replayEvents([id], () => ids.next('dlv'), testBy)
        const [flying] = await claim()
        const end = { at, outcome: { kind: 'dead' as const }, try: tried, endpoint: null }
        await store.settleDelivery({ ...flying!, ...end })
      }

      const numbers = (await store.findDelivery(id))?.tries.map(({ number }) => number)
      const [listed] = await store.listEvents({ id }, { limit: 1 })

      expect(numbers).toEqual(Array.from({ length: mostTries }, (_, index) => index + 2))
      expect(listed?.delivery?.tries.map(({ number }) => number)).toEqual(numbers)
    })

    it('whatever happens to tries, the first ones of an item keep their order', async () => {
      type Step = 'claim' | 'delivered' | 'failed' | 'dead' | 'released' | 'oversleep' | 'arrive'
      const step = fc.constantFrom<Step>(
        ...(['claim', 'delivered', 'failed', 'dead', 'released', 'oversleep', 'arrive'] as const),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const { accept, claim, settle, clock, store } = await withSites(open)
          const order: string[] = []
          const started: string[] = []
          let held: { id: string; attempt: number; event: { id: string } }[] = []
          const take = async () => {
            for (const one of await claim(1)) {
              held.push(one)
              if (!started.includes(one.event.id)) {
                const earlier = order.slice(0, order.indexOf(one.event.id))
                for (const id of earlier) {
                  expect((await store.findDelivery(id))?.firstEndedAt).not.toBeNull()
                }
                started.push(one.event.id)
              }
            }
          }
          for (const one of steps) {
            if (one === 'arrive') order.push(await accept())
            else if (one === 'claim') await take()
            else if (one === 'oversleep') {
              clock.advance(minuteMs)
              held = []
            } else {
              const [head, ...rest] = held
              held = rest
              const dueAt = clock.now() + 5
              if (head) await settle(head, one === 'failed' ? { kind: one, dueAt } : { kind: one })
            }
          }
          for (let turn = 0; turn < 3 * order.length + 3; turn += 1) {
            clock.advance(minuteMs)
            held = []
            await take()
            if (held[0]) await settle(held[0])
          }
          expect(started).toEqual(order)
        }),
        { numRuns: inForm(10, 30) },
      )
    })
  })

  describe(`recovering, ${name}`, () => {
    /** Recovers all there is; says how many in each commit. */
    const recoverAll = async ({ store, clock }: Awaited<ReturnType<typeof withSites>>) => {
      const commits: number[] = []
      for (;;) {
        const some = await store.recoverDead(clock.now())
        if (!some) return commits
        commits.push(some.recovered)
      }
    }

    it('the first success after failures brings back what died since they began, and nothing older', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store, clock } = rooms
      const ids = [
        await accept({ itemId: 1 }),
        await accept({ itemId: 2 }),
        await accept({ itemId: 3 }),
        await accept({ itemId: 4 }),
      ]
      const [one, two, three, four] = await claim()
      await settle(one!, { kind: 'dead' })
      clock.advance(50)
      await settle(four!, { kind: 'failed', dueAt: clock.now() + minuteMs }, answered(500))
      clock.advance(50)
      await settle(two!, { kind: 'dead' })

      await settle(three!, { kind: 'delivered' }, answered(200))

      expect(await recoverAll(rooms)).toEqual([1])
      expect(await store.findDelivery(ids[0]!)).toMatchObject({ state: 'dead' })
      expect(await claim()).toMatchObject([{ event: { id: ids[1] }, attempt: 2, tryNumber: 1 }])
    })

    it('what fails, dies and succeeds at the same moment counts in its order', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store, clock, sites } = rooms
      for (const itemId of [1, 2, 3]) await accept({ itemId })
      const [one, two, three] = await claim()

      await Promise.all([
        settle(one!, { kind: 'failed', dueAt: clock.now() + minuteMs }, answered(500)),
        settle(two!, { kind: 'dead' }, answered(500)),
        settle(three!, { kind: 'delivered' }, answered(200)),
      ])

      const [site] = sites
      expect(await store.readEndpoint(site!.id)).toMatchObject({ failingSince: null, streak: 0 })
      expect(await recoverAll(rooms)).toEqual([1])
    })

    it('what was tried before the failures began had its chance, unless a replay began its schedule anew', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store, clock, ids } = rooms
      const [poison, replayed, good] = [
        await accept({ itemId: 1 }),
        await accept({ itemId: 2 }),
        await accept({ itemId: 3 }),
      ]
      for (const one of (await claim()).slice(0, 2)) {
        await settle(one, one.event.id === poison ? { kind: 'failed', dueAt: 0 } : { kind: 'dead' })
      }
      clock.advance(minuteMs)
      const failing = clock.now()
      await store.replayEvents([replayed], () => ids.next('dlv'), { ...testBy, at: failing })
      const claims = new Map((await claim()).map((one) => [one.event.id, one]))
      await settle(claims.get(poison)!, { kind: 'dead' }, answered(500))
      await settle(claims.get(replayed)!, { kind: 'dead' })

      await settle(claims.get(good)!, { kind: 'delivered' }, answered(200))
      await recoverAll(rooms)

      expect(await store.findDelivery(poison)).toMatchObject({ state: 'dead', attempts: 2 })
      expect(await store.findDelivery(replayed)).toMatchObject({ state: 'pending' })
    })

    it('what met a site that came and went, and then stayed away, is brought back', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store, clock } = rooms
      const [unlucky, good] = [await accept({ itemId: 1 }), await accept({ itemId: 2 })]
      const found = async (event: string) => (await claim()).find((one) => one.event.id === event)!
      const claims = new Map((await claim()).map((one) => [one.event.id, one]))
      await settle(claims.get(unlucky)!, { kind: 'failed', dueAt: 0 })
      clock.advance(100)
      await settle(await found(unlucky), { kind: 'failed', dueAt: 0 }, answered(417))
      clock.advance(100)
      await settle(await found(unlucky), { kind: 'dead' })

      await settle(claims.get(good)!, { kind: 'delivered' }, answered(200))
      await recoverAll(rooms)

      expect(await store.findDelivery(unlucky)).toMatchObject({ state: 'pending', attempts: 3 })
    })

    it.each([
      ['is brought back once', 503, 'pending'],
      ['stays', 500, 'dead'],
    ])(
      'what died when its site was away again for a moment %s, if that was a %d',
      async (_, status, state) => {
        const rooms = await withSites(open, ['one'])
        const { accept, claim, settle, store, clock } = rooms
        const unlucky = await accept({ itemId: 1 })
        const fail = async ({ isLast }: { isLast: boolean }) => {
          const dueAt = clock.now() + 2 * minuteMs
          const outcome = isLast ? { kind: 'dead' as const } : { kind: 'failed' as const, dueAt }
          for (const one of await claim()) await settle(one, outcome, answered(status))
          clock.advance(minuteMs)
        }
        const takeAnother = async () => {
          await accept({ itemId: 2 })
          for (const one of await claim()) await settle(one, { kind: 'delivered' }, answered(200))
          await recoverAll(rooms)
          clock.advance(minuteMs)
        }
        const ends: unknown[] = []
        for (let schedule = 0; schedule < 2; schedule += 1) {
          await fail({ isLast: false })
          await takeAnother()
          await fail({ isLast: true })
          await takeAnother()
          ends.push((await store.findDelivery(unlucky))?.state)
        }

        expect(ends).toEqual([state, 'dead'])
      },
    )

    it('a claim that was given back makes no delivery one that was sent again, and no try of it uncounted', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store, clock } = rooms
      const [unlucky, refused, good] = [
        await accept({ itemId: 1 }),
        await accept({ itemId: 2 }),
        await accept({ itemId: 3 }),
      ]
      const claims = async () => new Map((await claim()).map((one) => [one.event.id, one]))
      const first = await claims()
      await settle(first.get(unlucky)!, { kind: 'failed', dueAt: 0 })
      await settle(first.get(refused)!, { kind: 'failed', dueAt: clock.now() + 100 })
      await settle((await claims()).get(unlucky)!, { kind: 'failed', dueAt: clock.now() + 100 })
      clock.advance(100)
      for (const one of (await claims()).values()) await settle(one, { kind: 'released' })
      const last = await claims()
      await settle(last.get(unlucky)!, { kind: 'dead' }, answered(503))
      await settle(last.get(refused)!, { kind: 'dead' }, answered(500))

      await settle(first.get(good)!, { kind: 'delivered' }, answered(200))
      await recoverAll(rooms)

      expect(await store.findDelivery(unlucky)).toMatchObject({ state: 'pending' })
      expect(await store.findDelivery(refused)).toMatchObject({ state: 'dead' })
    })

    if (forOneServer) {
      it('what died by a clock that ran ahead is found once it is right again', async () => {
        const rooms = await withSites(open, ['one'])
        const { accept, claim, settle, store, clock } = rooms
        const id = await accept({ itemId: 1 })
        await accept({ itemId: 2 })
        await accept({ itemId: 3 })
        const [one, two, three] = await claim()
        const right = clock.now()
        await settle(three!, { kind: 'failed', dueAt: right + minuteMs }, answered(500))
        clock.advance(24 * 60 * minuteMs)
        await settle(one!, { kind: 'dead' })

        clock.advance(-24 * 60 * minuteMs)
        await store.clockJumped(-24 * 60 * minuteMs, right)
        await settle(two!, { kind: 'delivered' }, answered(200))
        await recoverAll(rooms)

        expect(await store.findDelivery(id)).toMatchObject({ state: 'pending' })
      })
    }

    it('a try counts by its end: the one with which the failures began is among them', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store, clock } = rooms
      const id = await accept({ itemId: 1 })
      await accept({ itemId: 2 })
      const [one, two] = await claim()
      const at = clock.now()
      const tried = { startedAt: at - 15_000, durationMs: 15_000, status: null, error: 'x' }
      const settlement = { ...one!, at, outcome: { kind: 'dead' as const } }
      const endpoint = answered(null)
      await store.settleDelivery({ ...settlement, try: { ...tried, response: null }, endpoint })

      await settle(two!, { kind: 'delivered' }, answered(200))
      await recoverAll(rooms)

      expect(await store.findDelivery(id)).toMatchObject({ state: 'pending' })
    })

    it('many go back in several commits, oldest first; what dies meanwhile is not among them', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store, clock, ids, site } = rooms
      // Alone: of events accepted at once PostgreSQL may store any one first.
      const first = await accept({ itemId: 0 })
      await Promise.all(
        Array.from({ length: 1_099 }, (_, itemId) => accept({ itemId: itemId + 1 })),
      )
      for (let died = 0; died < 1_100;) {
        const claims = await claim(1_000)
        await Promise.all(claims.map((one) => settle(one, { kind: 'dead' }, answered(417))))
        died += claims.length
        clock.advance(1)
      }

      const { recovering } = await store.enableEndpoint(site.id, { ...testBy, at: clock.now() })
      expect(recovering).toBe(1_100)
      clock.advance(1)
      expect(await store.recoverDead(clock.now())).toEqual({ siteId: site.id, recovered: 500 })
      const [again] = await claim(1)
      expect(again?.event.id).toBe(first)
      await settle(again!, { kind: 'dead' })

      expect(await recoverAll(rooms)).toEqual([500, 100])
      expect(await store.findDelivery(first)).toMatchObject({ state: 'dead', attempts: 2 })
      await store.replayEvents([first], () => ids.next('dlv'), { ...testBy, at: clock.now() })
      expect(await store.recoverDead(clock.now())).toBeUndefined()
    })

    it('enabling an endpoint tells what waits at it and what died of its failures, after a test brought that back too', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store, clock, site } = rooms
      for (const itemId of [1, 2, 3]) await accept({ itemId })
      const [one, two, test] = await claim()
      await settle(one!, { kind: 'dead' }, answered(500))
      await settle(two!, { kind: 'failed', dueAt: clock.now() + minuteMs }, answered(410))
      await settle(test!, { kind: 'delivered' }, answered(200))
      await accept({ itemId: 4 })
      await accept({ itemId: 4 }) // waits for the first try of the one before
      const enable = () => store.enableEndpoint(site.id, { ...testBy, at: clock.now() })

      expect(await enable()).toEqual({ waiting: 3, recovering: 1 })

      await recoverAll(rooms)
      expect(await enable()).toEqual({ waiting: 4, recovering: 0 })
    })

    it('what died at the address before is tried at the next one, though its death came after the word of it', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store, clock, site } = rooms
      const [first, second] = [await accept({ itemId: 1 }), await accept({ itemId: 2 })]
      const claims = new Map((await claim()).map((one) => [one.event.id, one]))
      await settle(claims.get(first)!, { kind: 'failed', dueAt: clock.now() }, answered(500))
      const said = clock.now()
      clock.advance(100)
      await settle(claims.get(second)!, { kind: 'dead' }, answered(500))

      await store.updateSite(site.id, { webhookUrl: 'https://b.test/' }, { ...testBy, at: said })

      expect(await recoverAll(rooms)).toEqual([1])
      expect(await store.findDelivery(second)).toMatchObject({ state: 'pending' })
    })

    it('what is on its last try at the address before begins anew at the next one; a test does not', async () => {
      const { accept, claim, settle, store, clock, site } = await withSites(open, ['one'])
      const id = await accept({ itemId: 1 })
      const test = await accept({ itemId: 2, type: 'webhook.test' })
      const tried = new Map((await claim()).map((one) => [one.event.id, one]))
      await settle(tried.get(id)!, { kind: 'failed', dueAt: clock.now() })
      const [last] = await claim()
      clock.advance(100)
      await store.updateSite(site.id, { webhookUrl: 'https://b.test/' }, testBy)

      await settle(last!, { kind: 'dead' }, answered(500))
      await settle(tried.get(test)!, { kind: 'dead' }, answered(500))

      expect(await store.findDelivery(test)).toMatchObject({ state: 'dead' })
      expect(await claim()).toMatchObject([
        { event: { id }, attempt: 3, tryNumber: 1, site: { webhookUrl: 'https://b.test/' } },
      ])
    })

    it('a test is not sent again: nobody waits for it any more', async () => {
      const rooms = await withSites(open, ['one'])
      const { accept, claim, settle, store } = rooms
      const id = await accept({ itemId: 1, type: 'webhook.test' })
      await accept({ itemId: 2 })
      const [one, two] = await claim()
      await settle(one!, { kind: 'dead' }, answered(500))

      await settle(two!, { kind: 'delivered' }, answered(200))
      await recoverAll(rooms)

      expect(await store.findDelivery(id)).toMatchObject({ state: 'dead' })
    })
  })
}
