import { describe, expect, it } from 'vitest'
import { notFound } from '../../src/db/rules/item-notes.ts'
import { testNow } from '../support/clock.ts'
import { aUser, anAnnouncement, itemFacts } from '../support/tenants.ts'
import { minuteMs, withSites, withUsers, withWebhook } from './rooms.ts'
import type { OpenRooms } from './store.ts'
import { unhandledIn } from '../support/store.ts'

/** What every engine promises of events: stored once, and applied. */
export function eventContract(name: string, open: OpenRooms): void {
  describe(`accepting events, ${name}`, () => {
    it('an event and its delivery are stored once, however often it comes', async () => {
      const { store, event, claimIds } = await withSites(open)
      const first = event({ dedupeKey: 'same' })

      expect(await store.acceptEvent(first)).toBe('new')
      expect(await store.acceptEvent(event({ dedupeKey: 'same' }))).toBe('repeat')

      expect(await claimIds()).toEqual([first.id])
      expect(await unhandledIn(store, Number.MAX_SAFE_INTEGER)).toHaveLength(1)
    })

    it('an event that an earlier version stored under another key comes again all the same', async () => {
      const { store, event, claimIds } = await withSites(open)
      const first = event({ dedupeKey: 'former' })
      await store.acceptEvent(first)

      const again = { dedupeKey: 'same', formerKey: 'former' }
      const answers = await Promise.all([
        store.acceptEvent(event(again)),
        store.acceptEvent(event({ dedupeKey: 'other', formerKey: 'of no one' })),
      ])

      expect(answers).toEqual(['repeat', 'new'])
      expect(await claimIds()).toEqual([first.id])
      expect(await unhandledIn(store, Number.MAX_SAFE_INTEGER)).toHaveLength(2)
    })

    it('events that come at once are all stored, and a bad one fails alone', async () => {
      const { store, event } = await withSites(open)
      const events = Array.from({ length: 300 }, () => event())
      const bad = event({ siteId: 'sit_nowhere' })

      const results = await Promise.allSettled(
        [...events.slice(0, 150), bad, ...events.slice(150)].map((one) => store.acceptEvent(one)),
      )

      expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1)
      expect(results[150]?.status).toBe('rejected')
      const stored = await unhandledIn(store, Number.MAX_SAFE_INTEGER, 1_000)
      expect(stored.map(({ id }) => id).toSorted()).toEqual(events.map(({ id }) => id).toSorted())
    })

    it('of the same event twice at once, one is new', async () => {
      const { store, event } = await withSites(open)
      const twins = [event({ dedupeKey: 'twin' }), event({ dedupeKey: 'twin' })]

      const answers = await Promise.all(twins.map((one) => store.acceptEvent(one)))

      expect(answers.toSorted()).toEqual(['new', 'repeat'])
    })

    it('handled and postponed events are not listed', async () => {
      const { store, accept, clock } = await withSites(open)
      const ids = [await accept(), await accept(), await accept()]
      const [first, second] = await unhandledIn(store, clock.now())
      await store.markHandled({ by: 'srv_test', seq: first!.seq }, clock.now())
      const postponed = { by: 'srv_test', seq: second!.seq }
      await store.postponeEvent(postponed, clock.now() + 1, { failed: true })

      const now = await unhandledIn(store, clock.now())
      const later = await unhandledIn(store, clock.now() + 1)

      expect(now.map(({ id }) => id)).toEqual([ids[2]])
      expect(later.map(({ id, failures }) => [id, failures])).toEqual([
        [ids[1], 1],
        [ids[2], 0],
      ])
    })
  })

  describe(`accepting what an event changes, ${name}`, () => {
    const accepting = async () => {
      const rooms = await withSites(open)
      const user = await aUser(rooms, rooms.site, { name: 'ann' })
      const at = rooms.clock.now()
      const change = (accountId: number, fields: object = {}) =>
        ({ kind: 'account', userId: user.id, itemId: 7, accountId, at, ...fields }) as const
      const ofUser = (fields: object = {}) => rooms.event({ userId: user.id, itemId: 7, ...fields })
      const waiting = async () => (await unhandledIn(rooms.store, at)).map(({ id }) => id)
      const accounts = async () => (await rooms.store.listAccounts(7)).map(({ id }) => id)
      return { ...rooms, user, at, change, ofUser, waiting, accounts }
    }

    it('it is applied and the event noted as handled, or both are left to the handler', async () => {
      const { store, change, ofUser, waiting, accounts } = await accepting()
      const event = ofUser()

      expect(await store.acceptEvent(event, change(71))).toBe('new')

      const isLeft = (await waiting()).includes(event.id)
      expect(await accounts()).toEqual(isLeft ? [] : [71])
    })

    it('it does not overtake an event of the same user that waits', async () => {
      const { store, change, ofUser, waiting, accounts } = await accepting()
      const events = [ofUser(), ofUser()]

      await Promise.all([store.acceptEvent(events[0]!), store.acceptEvent(events[1]!, change(71))])

      expect(await waiting()).toEqual(events.map(({ id }) => id))
      expect(await accounts()).toEqual([])
    })

    it('of a repeat nothing is applied', async () => {
      const { store, change, ofUser, accounts } = await accepting()
      await store.acceptEvent(ofUser({ dedupeKey: 'same', handledAt: 1 }))

      expect(await store.acceptEvent(ofUser({ dedupeKey: 'same' }), change(71))).toBe('repeat')

      expect(await accounts()).toEqual([])
    })

    it('the event is stored for the handler when it changes nothing, or cannot be applied', async () => {
      const { store, change, ofUser, waiting } = await accepting()
      const [nobodys, impossible] = [ofUser(), ofUser({ userId: 'usr_other' })]

      await store.acceptEvent(nobodys, change(71, { userId: 'usr_nobody' }))
      await store.acceptEvent(impossible, change(72, { itemId: Number.NaN }))

      expect(await waiting()).toEqual([nobodys.id, impossible.id])
    })
  })

  describe(`applying events, ${name}`, () => {
    const withUser = async () => {
      const rooms = await withSites(open)
      const user = await aUser(rooms, rooms.site, { name: 'ann' })
      const at = rooms.clock.now()
      const item = (fields: object) =>
        rooms.store.applyEvent({
          kind: 'item',
          userId: user.id,
          itemId: 7,
          at,
          status: null,
          statusCodeInfo: null,
          authenticationExpiresAt: null,
          accountTypes: null,
          ...fields,
        })
      const read = async () => (await rooms.store.findItem(rooms.scope, 7))?.item
      return { ...rooms, user, at, item, read }
    }

    it('a created item is just added until an event says more, and old news changes nothing', async () => {
      const { item, read, at } = await withUser()
      await item({})
      expect(await read()).toMatchObject({ status: -2, createdAt: at })

      await item({ at: at + minuteMs, status: 0, statusCodeInfo: 'ok', accountTypes: 'all' })
      await item({ at: at + 1_000, status: 1003, statusCodeInfo: 'bank_is_down' })
      await item({ at: at + 2 * minuteMs })

      expect(await read()).toMatchObject({ status: 0, statusCodeInfo: 'ok', accountTypes: 'all' })
    })

    it('another user’s item is left alone', async () => {
      const { item, read, store, site, ...rooms } = await withUser()
      const bob = await aUser({ store, ...rooms }, site, { name: 'bob' })
      await item({ status: 0 })

      expect(await item({ userId: bob.id, status: 402 })).toBe(false)

      expect(await read()).toMatchObject({ status: 0 })
    })

    it('events of several users that are applied at once each change what is theirs', async () => {
      const { item, read, store, site, at, ...rooms } = await withUser()
      const bob = await aUser({ store, ...rooms }, site, { name: 'bob' })
      const ofBob = { userId: bob.id, itemId: 8 }
      await item({ ...ofBob, status: 0 })

      const ends = await Promise.all([
        item({ status: 0 }),
        item({ userId: bob.id, status: 402 }),
        store.applyEvent({ kind: 'item-gone', ...ofBob, at: at + minuteMs }),
        store.applyEvent({ kind: 'account', ...ofBob, itemId: 9, accountId: 91, at }),
        store.applyEvent({ kind: 'account', userId: bob.id, itemId: 9, accountId: 92, at }),
      ])

      expect(ends).toEqual([true, false, true, true, true])
      expect(await read()).toMatchObject({ status: 0 })
      expect((await store.listItems(bob.id)).map(({ id }) => id)).toEqual([9])
      expect((await store.listAccounts(9)).map(({ id }) => id)).toEqual([91, 92])
    })

    it('what comes at the same moment as the end of its user is over with it', async () => {
      const { item, read, store, user, at } = await withUser()
      await item({ status: 0 })
      const of = { userId: user.id, at: at + minuteMs }
      const { userUuid } = user

      const ends = await Promise.all([
        item({ ...of, status: 402 }),
        store.applyEvent({ kind: 'user-gone', ...of, userUuid }),
        item({ ...of, itemId: 8, status: 0 }),
      ])

      expect(ends).toEqual([true, true, false])
      expect(await read()).toBeUndefined()
      expect(await store.listItems(user.id)).toEqual([])
    })

    it('a deleted item is gone, and late events do not bring it back', async () => {
      const { item, read, store, user, at } = await withUser()
      await item({ status: 0 })
      await store.applyEvent({ kind: 'item-gone', userId: user.id, itemId: 7, at: at + minuteMs })

      await item({ at: at + 30_000, status: 0 })
      expect(await read()).toBeUndefined()

      await item({ at: at + 2 * minuteMs, status: 0 })
      expect(await read()).toMatchObject({ goneAt: null })
    })

    it('a deleted user is forgotten with its items, but not one made anew since', async () => {
      const { item, read, store, user, at, site } = await withUser()
      await item({ status: 0 })
      const gone = { kind: 'user-gone' as const, userId: user.id, userUuid: user.userUuid, at }

      expect(await store.applyEvent(gone)).toBe(true)
      expect(await store.findUserByUuid(user.userUuid)).toBeUndefined()
      expect(await read()).toBeUndefined()

      await store.setUserUuid(user.id, 'anew')
      expect(await store.applyEvent(gone)).toBe(false)
      expect(await store.findUserByUuid('anew')).toMatchObject({ site: { id: site.id } })
    })
  })

  describe(`an event that only says that there is an item, ${name}`, () => {
    const heard = async () => {
      const { store, ann, scopes } = await withUsers(open)
      await store.keepItems(ann.id, [itemFacts({ id: 7 })], { at: testNow, complete: false })
      const hear = (at: number, accountId = 70) =>
        store.applyEvent({ kind: 'account', userId: ann.id, itemId: 7, accountId, at })
      return { store, hear, item: async () => (await store.findItem(scopes.own, 7))?.item }
    }

    it('counts as hearing of it, and as nothing new within two seconds', async () => {
      const { hear, item } = await heard()

      expect(await hear(testNow + 2_000)).toBe(true)
      expect(await item()).toMatchObject({ updatedAt: testNow })
      expect(await hear(testNow + 2_001)).toBe(true)
      expect(await item()).toMatchObject({ updatedAt: testNow + 2_001 })
    })

    it('still names its account, and reaches again what could not be reached', async () => {
      const { store, hear, item } = await heard()
      await store.noteItem(7, notFound(testNow))

      await hear(testNow + 1_000, 71)

      expect(await store.listAccounts(7)).toMatchObject([{ id: 71 }])
      expect(await item()).toMatchObject({ unreachableAt: null, updatedAt: testNow + 1_000 })
    })
  })

  describe(`the last webhook, ${name}`, () => {
    it('the last webhook is Bridge’s last, not an event of ours', async () => {
      const { store, clock, ann, ids } = await withWebhook(open)
      expect(await store.lastWebhookAt(50)).toBeNull()
      const make = { clock, ids }
      const at = (receivedAt: number, dedupeKey: string) =>
        store.acceptEvent(anAnnouncement(make, ann, { receivedAt, dedupeKey }))

      await at(10, 'bridge:a')
      await at(30, 'connect.completed:x')
      await at(20, 'bridge:b')
      await at(40, 'account.changed:x')

      expect(await store.lastWebhookAt(50)).toBe(20)
      expect(await store.lastWebhookAt(19)).toBe(10)
    })
  })
}
