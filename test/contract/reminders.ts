import { describe, expect, it } from 'vitest'
import { testNow } from '../support/clock.ts'
import { hide, hiding, idsOf, withUser } from './rooms.ts'
import type { OpenRooms } from './store.ts'

const dayMs = 24 * 60 * 60_000

export function reminderContract(name: string, open: OpenRooms): void {
  describe(`statuses a site was not told of, ${name}`, () => {
    it('are listed until they were told, with the event in the same commit', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, status: 402 })
      expect(idsOf(await store.listUntoldStatuses(9))).toEqual([7])
      const made = event()

      expect(await store.tellStatus(await item(7), made)).toBe(true)

      expect(await store.listUntoldStatuses(9)).toEqual([])
      expect(await events()).toEqual([made.id])
      await keep({ id: 7, status: 0 })
      expect(idsOf(await store.listUntoldStatuses(9))).toEqual([7])
      expect(await store.tellStatus(await item(7), null)).toBe(true)
      expect(await events()).toEqual([made.id])
    })

    it('one that changed meanwhile, or was told, is not told', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, status: 402 })
      const seen = await item(7)
      await keep({ id: 7, status: 1010 })

      expect(await store.tellStatus(seen, event())).toBe(false)
      const now = await item(7)
      expect(await store.tellStatus(now, null)).toBe(true)
      expect(await store.tellStatus(now, event())).toBe(false)
      expect(await events()).toEqual([])
    })

    it.each(hiding)('of items %s are left out', async (_, how) => {
      const rooms = await withUser(open)
      await rooms.keep({ id: 7, status: 402 })

      await hide(rooms, how)

      expect(await rooms.store.listUntoldStatuses(9)).toEqual([])
    })
  })

  describe(`refreshes that did not come, ${name}`, () => {
    const hourMs = 60 * 60_000
    const overdue = testNow + 37 * hourMs

    it('are told once when they are due, with the event in the same commit, and again after a success', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, lastSuccessAt: testNow })
      await keep({ id: 8 }) // never read yet
      expect(await store.listStale(overdue - 1, 9)).toEqual([])
      expect(idsOf(await store.listStale(overdue, 9))).toEqual([7])
      const made = event()

      expect(await store.tellStale(await item(7), made)).toBe(true)

      expect(await store.listStale(overdue + dayMs, 9)).toEqual([])
      expect(await store.tellStale(await item(7), event())).toBe(false)
      await keep({ id: 7, lastSuccessAt: testNow }, testNow + 5_000)
      expect(await store.listStale(overdue + dayMs, 9)).toEqual([])
      await keep({ id: 7, lastSuccessAt: overdue }, overdue)
      expect(idsOf(await store.listStale(overdue + 9 * dayMs, 9))).toEqual([7])
      expect(await events()).toEqual([made.id])
    })

    it('one that came meanwhile is not told as missing', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, lastSuccessAt: testNow })
      const seen = await item(7)
      await keep({ id: 7, lastSuccessAt: overdue }, overdue)

      expect(await store.tellStale(seen, event())).toBe(false)
      expect(await events()).toEqual([])
    })

    it.each(hiding)('of items %s are left out', async (_, how) => {
      const rooms = await withUser(open)
      await rooms.keep({ id: 7, lastSuccessAt: testNow })

      await hide(rooms, how)

      expect(await rooms.store.listStale(overdue, 9)).toEqual([])
    })

    it('since when a site is asked for something is kept until it is told otherwise', async () => {
      const { store, keep, item } = await withUser(open)
      await keep({ id: 7, status: 402 })
      await store.tellStatus({ ...(await item(7)), helpAskedAt: testNow }, null)
      await keep({ id: 7, status: 0 })
      expect(await item(7)).toMatchObject({ helpAskedAt: testNow })

      await store.tellStatus({ ...(await item(7)), helpAskedAt: null }, null)

      expect(await item(7)).toMatchObject({ helpAskedAt: null, toldStatus: 0 })
    })
  })

  describe(`reminders, ${name}`, () => {
    const end = testNow + 20 * dayMs
    const due = (days: number, { from = testNow, until = testNow + 30 * dayMs } = {}) => ({
      endsAfter: from,
      endsUntil: until,
      days,
    })

    it('are due for consents that end in the span, and go out once for each number of days', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, authenticationExpiresAt: end })
      await keep({ id: 8, authenticationExpiresAt: testNow + 31 * dayMs })
      await keep({ id: 9 })
      expect(idsOf(await store.listRemindersDue(due(30), 9))).toEqual([7])
      const made = event()

      expect(await store.remind(await item(7), 30, made)).toBe(true)
      expect(await store.remind(await item(7), 30, event())).toBe(false)

      expect(await store.listRemindersDue(due(30), 9)).toEqual([])
      expect(idsOf(await store.listRemindersDue(due(14), 9))).toEqual([7])
      expect(await events()).toEqual([made.id])
    })

    it('begin anew with a renewed consent, not with the same end written otherwise', async () => {
      const { store, keep, item, event } = await withUser(open)
      await keep({ id: 7, authenticationExpiresAt: end })
      await store.remind(await item(7), 30, event())

      await keep({ id: 7, authenticationExpiresAt: end + 999 })
      expect(await store.listRemindersDue(due(30), 9)).toEqual([])

      await keep({ id: 7, authenticationExpiresAt: end + 2 * dayMs })
      expect(idsOf(await store.listRemindersDue(due(30), 9))).toEqual([7])
    })

    it('are not sent for a consent that was renewed meanwhile', async () => {
      const { store, keep, item, event, events } = await withUser(open)
      await keep({ id: 7, authenticationExpiresAt: end })
      const seen = await item(7)
      await keep({ id: 7, authenticationExpiresAt: end + 180 * dayMs })

      expect(await store.remind(seen, 30, event())).toBe(false)
      expect(await store.remind({ id: 7, authenticationExpiresAt: null }, 30, event())).toBe(false)
      expect(await events()).toEqual([])
    })

    it.each(hiding)('of items %s are left out', async (_, how) => {
      const rooms = await withUser(open)
      await rooms.keep({ id: 7, authenticationExpiresAt: end })

      await hide(rooms, how)

      expect(await rooms.store.listRemindersDue(due(30), 9)).toEqual([])
    })
  })
}
