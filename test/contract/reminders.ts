import { describe, expect, it } from 'vitest'
import type { NewEvent } from '../../src/db/ports/events.ts'
import type { Item } from '../../src/db/ports/items.ts'
import { reminded, staleTold, statusTold } from '../../src/db/rules/item-notes.ts'
import type { Store } from '../../src/db/store.ts'
import { testNow } from '../support/clock.ts'
import { hide, hiding, idsOf, withUser } from './rooms.ts'
import type { OpenRooms } from './store.ts'

const dayMs = 24 * 60 * 60_000

const untold = (store: Store) =>
  store.listConnections({ untold: true, ofServed: true }, { by: 'id', limit: 9 })
const stale = (store: Store, at: number) =>
  store.listConnections({ staleBy: at, ofServed: true }, { by: 'staleDueAt', limit: 9 })
const toRemind = (store: Store, { days, ...ends }: { days: number }) =>
  store.listConnections(
    { ...ends, notReminded: days, ofServed: true },
    { by: 'authenticationExpiresAt', limit: 9 },
  )
const tellStatus = (store: Store, item: Item, event?: NewEvent) =>
  store.noteItem(item.id, statusTold(item, item.helpAskedAt), event)

export function reminderContract(name: string, open: OpenRooms): void {
  describe(`statuses a site was not told of, ${name}`, () => {
    it('are listed until they were told, with the event in the same commit', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, status: 402 })
      expect(idsOf(await untold(store))).toEqual([7])
      const made = event()

      expect(await tellStatus(store, await item(7), made)).toBe(true)

      expect(await untold(store)).toEqual([])
      expect(await events()).toEqual([made.id])
      await keep({ id: 7, status: 0 })
      expect(idsOf(await untold(store))).toEqual([7])
      expect(await tellStatus(store, await item(7))).toBe(true)
      expect(await events()).toEqual([made.id])
    })

    it('one that changed meanwhile, or was told, is not told', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, status: 402 })
      const seen = await item(7)
      await keep({ id: 7, status: 1010 })

      expect(await tellStatus(store, seen, event())).toBe(false)
      const now = await item(7)
      expect(await tellStatus(store, now)).toBe(true)
      expect(await tellStatus(store, now, event())).toBe(false)
      expect(await events()).toEqual([])
    })

    it.each(hiding)('of items %s are left out', async (_, how) => {
      const rooms = await withUser(open)
      await rooms.keep({ id: 7, status: 402 })

      await hide(rooms, how)

      expect(await untold(rooms.store)).toEqual([])
    })
  })

  describe(`refreshes that did not come, ${name}`, () => {
    const hourMs = 60 * 60_000
    const overdue = testNow + 37 * hourMs

    it('are told once when they are due, with the event in the same commit, and again after a success', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, lastSuccessAt: testNow })
      await keep({ id: 8 }) // never read yet
      expect(await stale(store, overdue - 1)).toEqual([])
      expect(idsOf(await stale(store, overdue))).toEqual([7])
      const made = event()
      const seen = staleTold(await item(7))

      expect(await store.noteItem(7, seen, made)).toBe(true)

      expect(await stale(store, overdue + dayMs)).toEqual([])
      expect(await store.noteItem(7, seen, event())).toBe(false)
      await keep({ id: 7, lastSuccessAt: testNow }, testNow + 5_000)
      expect(await stale(store, overdue + dayMs)).toEqual([])
      await keep({ id: 7, lastSuccessAt: overdue }, overdue)
      expect(idsOf(await stale(store, overdue + 9 * dayMs))).toEqual([7])
      expect(await events()).toEqual([made.id])
    })

    it('one that came meanwhile is not told as missing', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, lastSuccessAt: testNow })
      const seen = await item(7)
      await keep({ id: 7, lastSuccessAt: overdue }, overdue)

      expect(await store.noteItem(7, staleTold(seen), event())).toBe(false)
      expect(await events()).toEqual([])
    })

    it.each(hiding)('of items %s are left out', async (_, how) => {
      const rooms = await withUser(open)
      await rooms.keep({ id: 7, lastSuccessAt: testNow })

      await hide(rooms, how)

      expect(await stale(rooms.store, overdue)).toEqual([])
    })

    it('since when a site is asked for something is kept until it is told otherwise', async () => {
      const { store, keep, item } = await withUser(open)
      await keep({ id: 7, status: 402 })
      await tellStatus(store, { ...(await item(7)), helpAskedAt: testNow })
      await keep({ id: 7, status: 0 })
      expect(await item(7)).toMatchObject({ helpAskedAt: testNow })

      await tellStatus(store, { ...(await item(7)), helpAskedAt: null })

      expect(await item(7)).toMatchObject({ helpAskedAt: null, toldStatus: 0 })
    })
  })

  describe(`reminders, ${name}`, () => {
    const end = testNow + 20 * dayMs
    const due = (days: number, { from = testNow + 1, until = testNow + 30 * dayMs } = {}) => ({
      endsFrom: from,
      endsUntil: until,
      days,
    })

    it('are due for consents that end in the span, and go out once for each number of days', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, authenticationExpiresAt: end })
      await keep({ id: 8, authenticationExpiresAt: testNow + 31 * dayMs })
      await keep({ id: 9 })
      expect(idsOf(await toRemind(store, due(30)))).toEqual([7])
      const made = event()
      const seen = reminded(await item(7), 30)

      expect(await store.noteItem(7, seen, made)).toBe(true)
      expect(await store.noteItem(7, seen, event())).toBe(false)

      expect(await toRemind(store, due(30))).toEqual([])
      expect(idsOf(await toRemind(store, due(14)))).toEqual([7])
      expect(await events()).toEqual([made.id])
    })

    it('begin anew with a renewed consent, not with the same end written otherwise', async () => {
      const { store, keep, item, event } = await withUser(open)
      await keep({ id: 7, authenticationExpiresAt: end })
      await store.noteItem(7, reminded(await item(7), 30), event())

      await keep({ id: 7, authenticationExpiresAt: end + 999 })
      expect(await toRemind(store, due(30))).toEqual([])

      await keep({ id: 7, authenticationExpiresAt: end + 2 * dayMs })
      expect(idsOf(await toRemind(store, due(30)))).toEqual([7])
    })

    it('are not sent for a consent that was renewed meanwhile', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, authenticationExpiresAt: end })
      const seen = await item(7)
      await keep({ id: 7, authenticationExpiresAt: end + 180 * dayMs })

      expect(await store.noteItem(7, reminded(seen, 30), event())).toBe(false)
      expect(await events()).toEqual([])
    })

    it.each(hiding)('of items %s are left out', async (_, how) => {
      const rooms = await withUser(open)
      await rooms.keep({ id: 7, authenticationExpiresAt: end })

      await hide(rooms, how)

      expect(await toRemind(rooms.store, due(30))).toEqual([])
    })
  })
}
