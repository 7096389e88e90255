import { describe, expect, it, onTestFinished } from 'vitest'
import type { Store } from '../../src/db/store.ts'
import { ClaimLostError } from '../../src/db/store-errors.ts'
import {
  addItems,
  itemFacts,
  aRequest,
  aTenant,
  aUser,
  anAnnouncement,
  testBy,
  testRooms,
} from '../support/tenants.ts'
import type { OpenStores } from './races.ts'

const silentMs = 10_000
const renewMs = 3_000

/** From a claim until the try must be over. */
const triedMs = 20_000

/** What every engine promises of work that servers claim, each with a store of its own on one database. */
export function claimContract(name: string, open: OpenStores): void {
  const withServers = async () => {
    const stores = await open(2)
    onTestFinished(async () => {
      await Promise.all(stores.map((store) => store.close()))
    })
    const [first, second] = stores
    if (!first || !second) throw new Error('Two servers need two stores')
    const rooms = testRooms(first)
    const { clock } = rooms
    const empty = Buffer.alloc(0)
    await first.createInstance({ mode: 'x', wrappedPepper: empty, dataKeys: [], at: 0 })
    const { site } = await aTenant(rooms)

    /** A server that wants to serve: true when it may. */
    const serverOn = (store: Store, id: string) => ({
      async join() {
        const at = clock.now()
        const member = { id, host: id, pid: 1 }
        return (await store.joinMembers(member, { at, silentSince: at - silentMs })) === undefined
      },
      /** A sign of life; without a place, it asks for one again. */
      async live() {
        const at = clock.now()
        const sign = { at, silentSince: at - silentMs, leadUntil: at + silentMs }
        if (!(await store.renewMember(id, sign))) await this.join()
      },
      async deliveries() {
        const at = clock.now()
        const claim = { by: id, at, leaseUntil: at + 60_000, limit: 100 }
        return (await store.claimDeliveries(claim)).map(({ event }) => event.id)
      },
      async events(limit = 100) {
        const at = clock.now()
        const claimed = await store.claimUnhandledEvents({ by: id, at, until: at + 60_000, limit })
        return claimed.map((event) => event.id)
      },
      async callbacks(limit = 100) {
        const at = clock.now()
        const claimed = await store.claimCallbacks({ by: id, at, until: at + 60_000, limit })
        return claimed.map(({ request }) => request.id)
      },
    })
    const [one, two] = [serverOn(first, 'srv_1'), serverOn(second, 'srv_2')]

    /** Events that come to either server, by turns, for each of some users; all ids, user by user. */
    async function receive(users: Awaited<ReturnType<typeof aUser>>[], each: number) {
      const ids = users.map((): string[] => [])
      for (let count = 0; count < each * users.length; count += 1) {
        const nth = count % users.length
        const server = count % 3 === 0 ? second! : first!
        const event = anAnnouncement(rooms, users[nth]!, { handledAt: null })
        await server.acceptEvent(event)
        ids[nth]?.push(event.id)
      }
      return ids
    }
    const someUsers = (names: string[]) =>
      Promise.all(names.map((user) => aUser(rooms, site, { name: user })))
    return { ...rooms, first, site, one, two, receive, someUsers }
  }

  describe(`work that is claimed, ${name}`, () => {
    it('of two servers that ask at once each event goes to one, and all of a user’s in order to the same', async () => {
      const { one, two, receive, someUsers } = await withServers()
      const byUser = await receive(await someUsers(['ann', 'ben', 'cem']), 4)
      await one.join()
      await two.join()

      const given = await Promise.all([one.events(), two.events()])

      expect(given.flat().toSorted()).toEqual(byUser.flat().toSorted())
      for (const ofUser of byUser) {
        const had = given.map((ids) => ids.filter((id) => ofUser.includes(id)))
        expect(had.filter((ids) => ids.length > 0)).toEqual([ofUser])
      }
    })

    it('later events of a user go to nobody else while a server has earlier ones', async () => {
      const { one, two, receive, someUsers } = await withServers()
      const users = await someUsers(['ann'])
      await one.join()
      const [earlier] = await receive(users, 1)
      expect(await one.events()).toEqual(earlier)

      await two.join()
      await receive(users, 2)

      expect(await two.events()).toEqual([])
    })

    it('a server gets again what it has until it ended it', async () => {
      const { one, receive, someUsers, store, clock } = await withServers()
      await one.join()
      const [[first, second] = []] = await receive(await someUsers(['ann']), 2)
      const { by, at } = { by: 'srv_1', at: clock.now() }
      const [event] = await store.claimUnhandledEvents({ by, at, until: at + 1, limit: 1 })

      expect(await one.events()).toEqual([first, second])
      await store.markHandled({ by, seq: event!.seq }, at)
      expect(await one.events()).toEqual([second])
    })

    it('what a server had that died goes to the next one, and not to the dead one that wakes up', async () => {
      const { one, two, receive, someUsers, clock } = await withServers()
      await one.join()
      const [ids] = await receive(await someUsers(['ann']), 3)
      expect(await one.events()).toEqual(ids)
      clock.advance(silentMs)

      expect(await two.join()).toBe(true)

      expect(await two.events()).toEqual(ids)
      expect(await one.events()).toEqual([])
    })

    it('what a server had that was killed goes to the one started at once in its place, long before a lease ends', async () => {
      const { one, two, receive, someUsers, clock, store, site } = await withServers()
      await store.updateSite(site.id, { webhookUrl: 'https://erp.test/hook' }, testBy)
      await one.join()
      const [ids] = await receive(await someUsers(['ann']), 3)
      expect(await one.events()).toEqual(ids)
      expect(await one.deliveries()).toEqual(ids?.slice(0, 1)) // those of one item come one after the other

      await two.join()
      for (let waitedMs = 0; waitedMs < silentMs + renewMs; waitedMs += renewMs) {
        clock.advance(renewMs)
        await two.live()
      }

      expect(await two.events()).toEqual(ids)
      clock.advance(triedMs - silentMs)
      expect(await two.deliveries()).toEqual(ids?.slice(0, 1))
    })

    it('a dead server that wakes up settles no event that another has by now', async () => {
      const { one, two, receive, someUsers, clock, store, first } = await withServers()
      await one.join()
      const [ann] = await someUsers(['ann'])
      await addItems({ store, clock }, ann!, 7)
      await receive([ann!], 2)
      const at = clock.now()
      const claim = { by: 'srv_1', at, until: at + 60_000, limit: 9 }
      const [event] = await store.claimUnhandledEvents(claim)
      const handling = { by: 'srv_1', seq: event!.seq }
      clock.advance(silentMs)
      await two.join()
      const taken = await two.events()

      const item = { kind: 'item-gone', userId: ann!.id, itemId: 7, at } as const
      for (const settle of [
        () => first.applyEvent(item, { ...handling, handledAt: at }),
        () => first.applyEvent(item, { ...handling, handledAt: null }),
        () => first.markHandled(handling, at),
        () => first.postponeEvent(handling, at + 1_000_000, { failed: true }),
      ]) {
        await expect(settle()).rejects.toThrow(ClaimLostError)
      }

      expect((await store.listItems(ann!.id)).map(({ goneAt }) => goneAt)).toEqual([null])
      expect(await two.events()).toEqual(taken)
      expect(taken).toHaveLength(2)
      await store.markHandled({ ...handling, by: 'srv_2' }, at)
      expect(await two.events()).toEqual(taken.slice(1))
    })

    it('a dead server that wakes up settles no delivery that is anybody’s, or another’s, by now', async () => {
      const { one, two, receive, someUsers, clock, store, first, site } = await withServers()
      await store.updateSite(site.id, { webhookUrl: 'https://erp.test/hook' }, testBy)
      await one.join()
      const [[event] = []] = await receive(await someUsers(['ann']), 1)
      const at = clock.now()
      const claim = { by: 'srv_1', at, leaseUntil: at + 60_000, limit: 9 }
      const [claimed] = await store.claimDeliveries(claim)
      const { id, attempt } = claimed!
      const late = {
        id,
        attempt,
        at,
        outcome: { kind: 'dead' },
        try: null,
        endpoint: null,
      } as const
      clock.advance(silentMs)
      await two.join()

      expect(await first.settleDelivery(late)).toMatchObject({ outcome: 'stale' })
      clock.advance(triedMs - silentMs)
      expect(await two.deliveries()).toEqual([event])
      expect(await first.settleDelivery(late)).toMatchObject({ outcome: 'stale' })

      const delivery = await store.findDelivery(event!)
      expect(delivery).toMatchObject({ state: 'pending', claimedBy: 'srv_2', tries: [] })
    })

    it('a dead server that wakes up ends no callback that another has by now', async () => {
      const { one, two, someUsers, clock, store, first, ...rooms } = await withServers()
      const [ann] = await someUsers(['ann'])
      const all = { ...rooms, store, clock }
      const id = await aRequest(all, ann!)
      await store.changeRequest(id, { kind: 'claimed', itemId: 7, step: null })
      await one.join()
      expect(await one.callbacks()).toEqual([id])
      clock.advance(silentMs)
      await two.join()
      expect(await two.callbacks()).toEqual([id])

      const outcome = { state: 'failed', step: 'x', item: itemFacts({ id: 7 }), at: 1 } as const
      const announcement = anAnnouncement(all, ann!)
      for (const settle of [
        () => first.settleRequest(id, outcome, announcement, 'srv_1'),
        () => first.changeRequest(id, { kind: 'left', step: 'x' }, 'srv_1'),
        () => first.changeRequest(id, { kind: 'given-up', itemId: 7 }, 'srv_1'),
      ]) {
        await expect(settle()).rejects.toThrow(ClaimLostError)
      }

      expect((await store.findRequestForCallback(id))?.request.state).toBe('pending')
      expect(await two.callbacks()).toEqual([id])
      await store.changeRequest(id, { kind: 'given-up', itemId: 7 }, 'srv_2')
      expect(await two.callbacks()).toEqual([])
    })

    it('a callback that came meanwhile is not given up with the one that was verified', async () => {
      const { one, someUsers, clock, store, ...rooms } = await withServers()
      const [ann] = await someUsers(['ann'])
      const id = await aRequest({ ...rooms, store, clock }, ann!)
      await store.changeRequest(id, { kind: 'claimed', itemId: 7, step: null })
      await one.join()
      expect(await one.callbacks()).toEqual([id])

      await store.changeRequest(id, { kind: 'claimed', itemId: 8, step: null })
      await store.changeRequest(id, { kind: 'given-up', itemId: 7 }, 'srv_1')

      expect((await store.findRequestForCallback(id))?.request.claimedItemId).toBe(8)
    })

    it('callbacks are claimed as events are: by one of two, and by the next one when it died', async () => {
      const { one, two, someUsers, store, clock, ...rooms } = await withServers()
      const [ann] = await someUsers(['ann'])
      const ids: string[] = []
      for (const itemId of [1, 2, 3]) {
        ids.push(await aRequest({ ...rooms, store, clock }, ann!))
        clock.advance(1)
        await store.changeRequest(ids.at(-1)!, { kind: 'claimed', itemId, step: null })
      }
      await one.join()
      await two.join()

      const given = await Promise.all([one.callbacks(), two.callbacks()])
      expect(given.flat().toSorted()).toEqual(ids.toSorted())
      clock.advance(silentMs)
      expect(await two.join()).toBe(true)

      expect(await two.callbacks()).toEqual(ids)
      expect(await one.callbacks()).toEqual([])
    })
  })
}

/** What an engine besides promises where many servers share the work. */
export function sharedClaimContract(name: string, open: OpenStores): void {
  const withTwo = async () => {
    const [first, second] = await open(2)
    if (!first || !second) throw new Error('Two servers need two stores')
    onTestFinished(() => [first, second].forEach((store) => void store.close()))
    const rooms = testRooms(first)
    const { clock } = rooms
    const { site } = await aTenant(rooms)
    const ann = await aUser(rooms, site, { name: 'ann' })
    const event = anAnnouncement(rooms, ann, { handledAt: null })
    await first.acceptEvent(event)
    const request = await aRequest(rooms, ann)
    await first.changeRequest(request, { kind: 'claimed', itemId: 7, step: null })
    for (const id of ['srv_1', 'srv_2']) {
      await first.joinMembers({ id, host: id, pid: 1 }, { at: clock.now(), silentSince: 0 })
    }
    const claimed = async (store: Store, by: string) => {
      const claim = { by, at: clock.now(), until: clock.now() + 60_000, limit: 9 }
      const events = await store.claimUnhandledEvents(claim)
      const callbacks = await store.claimCallbacks(claim)
      return [events.map(({ id }) => id), callbacks.map(({ request }) => request.id)]
    }
    return { ...rooms, first, second, site, ann, claimed, event: event.id, request }
  }

  describe(`work that servers share, ${name}`, () => {
    it('what a server had in its round is anybody’s when the round is over, kind by kind', async () => {
      const { first, second, claimed, event, request } = await withTwo()
      expect(await claimed(first, 'srv_1')).toEqual([[event], [request]])
      expect(await claimed(second, 'srv_2')).toEqual([[], []])

      await first.releaseWork('callback', 'srv_1')
      expect(await claimed(second, 'srv_2')).toEqual([[], [request]])
      await first.releaseWork('user-events', 'srv_1')

      expect(await claimed(second, 'srv_2')).toEqual([[event], [request]])
      expect(await claimed(first, 'srv_1')).toEqual([[], []])
    })

    it('what a server had that stops is anybody’s at once', async () => {
      const { first, second, claimed, event, request } = await withTwo()
      expect(await claimed(first, 'srv_1')).toEqual([[event], [request]])

      await first.removeMember('srv_1')

      expect(await claimed(second, 'srv_2')).toEqual([[event], [request]])
    })

    it('what a server sends that falls silent takes its endpoint’s slots until the tries must be over', async () => {
      const { first, second, site, ann, clock, ...rooms } = await withTwo()
      await first.updateSite(site.id, { webhookUrl: 'https://erp.test/hook' }, testBy)
      for (const itemId of [1, 2, 3, 4, 5]) {
        await first.acceptEvent(anAnnouncement({ clock, ...rooms }, ann, { itemId }))
      }
      const deliveries = (store: Store, by: string) => {
        const at = clock.now()
        return store.claimDeliveries({ by, at, leaseUntil: at + 60_000, limit: 9 })
      }
      expect(await deliveries(first, 'srv_1')).toHaveLength(4)
      clock.advance(silentMs)
      const at = clock.now()
      const sign = { at, silentSince: at - silentMs, leadUntil: at }

      const standing = await second.renewMember('srv_2', sign)

      expect(standing?.removed).toMatchObject([{ id: 'srv_1' }])
      expect(await deliveries(second, 'srv_2')).toEqual([])
      clock.advance(triedMs - silentMs - 1)
      expect(await deliveries(second, 'srv_2')).toEqual([])
      clock.advance(1)
      const taken = await deliveries(second, 'srv_2')
      expect(taken.map(({ tryNumber }) => tryNumber)).toEqual([1, 1, 1, 1])
    })
  })
}
