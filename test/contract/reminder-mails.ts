import { describe, expect, it } from 'vitest'
import { mailPauseMs } from '../../src/db/ports/reminder-mails.ts'
import { mailClaimed, mailGivenBack } from '../../src/db/rules/item-notes.ts'
import { testNow } from '../support/clock.ts'
import { aRequest, testBy } from '../support/tenants.ts'
import { hide, hiding, idsOf, withUser } from './rooms.ts'
import type { OpenRooms } from './store.ts'

const dayMs = 24 * 60 * 60_000
const end = testNow + 20 * dayMs

/** Which are due, of consents that end within 30 days. */
const due = (days: number, at = testNow) => ({
  endsFrom: testNow + 1,
  endsUntil: testNow + 30 * dayMs,
  notMailed: { days, at },
})

export function reminderMailContract(name: string, open: OpenRooms): void {
  /** Ann, whose site wants mails, and her bank, whose consent ends in 20 days. */
  const withMails = async () => {
    const rooms = await withUser(open)
    const { store, acme, keep } = rooms
    await store.updateSite(acme.site.id, { remindBy: 'mail' }, testBy)
    await keep({ id: 7, authenticationExpiresAt: end })
    const listed = async (days: number, at?: number) =>
      idsOf(await store.listConnections(due(days, at), { by: 'authenticationExpiresAt', limit: 9 }))
    /** Claims that of the bank, as long as it is due. */
    const claim = async (days: number, at: number) => {
      const [seven] = await store.listConnections({ ...due(days), id: 7 })
      return seven !== undefined && store.noteItem(7, mailClaimed(seven.item, days, at))
    }
    return { ...rooms, claim, listed }
  }

  describe(`reminders by mail, ${name}`, () => {
    it('are due for users of sites that want them, and are claimed once for each number of days', async () => {
      const { keep, listed, claim } = await withMails()
      await keep({ id: 8, authenticationExpiresAt: testNow + 31 * dayMs })
      await keep({ id: 9 })
      await keep({ id: 10, authenticationExpiresAt: testNow + 10 * dayMs })
      expect(await listed(30)).toEqual([10, 7])

      expect(await claim(30, testNow)).toBe(true)
      expect(await claim(30, testNow + 1)).toBe(false)

      expect(await listed(30)).toEqual([10])
      expect(await listed(14)).toEqual([10, 7])
      expect(await claim(14, testNow + 2)).toBe(true)
      expect(await claim(30, testNow + 3)).toBe(false)
    })

    it('are not for sites that want webhooks alone, also when they changed their mind after the list', async () => {
      const { store, acme, listed, claim } = await withMails()
      await store.updateSite(acme.site.id, { remindBy: 'webhook' }, testBy)

      expect(await listed(30)).toEqual([])
      expect(await claim(30, testNow)).toBe(false)
    })

    it('are not for users who stopped them, until they want them again', async () => {
      const { store, ann, acme, listed, claim } = await withMails()
      const stop = { site: acme.site.name, stoppedAt: null }
      expect(await store.readMailStop(ann.id)).toEqual(stop)

      await store.setMailStop(ann.id, testNow)
      expect(await store.readMailStop(ann.id)).toEqual({ ...stop, stoppedAt: testNow })
      expect(await listed(30)).toEqual([])
      expect(await claim(30, testNow)).toBe(false)

      await store.setMailStop(ann.id, null)
      expect(await listed(30)).toEqual([7])
      expect(await store.readMailStop('usr_nobody')).toBeUndefined()
    })

    it('go to the address and in the language that a link call named last', async () => {
      const rooms = await withMails()
      const { store, ann } = rooms
      const told = async () => {
        const [one] = await store.listConnections(due(30))
        return { email: one?.user.email, language: one?.user.language }
      }
      expect(await told()).toEqual({ email: null, language: null })

      const email = Buffer.from('sealed')
      await aRequest(rooms, ann, { email, language: 'en' })
      expect(await told()).toEqual({ email, language: 'en' })

      await aRequest(rooms, ann)
      expect(await told()).toEqual({ email, language: 'en' })
    })

    it('begin anew with a renewed consent, not with the same end written otherwise', async () => {
      const { store, keep, listed, claim, item } = await withMails()
      const before = await item(7)
      await claim(30, testNow)

      await keep({ id: 7, authenticationExpiresAt: end + 999 })
      expect(await listed(30)).toEqual([])
      await keep({ id: 7, authenticationExpiresAt: end + 2 * dayMs })
      expect(await listed(30)).toEqual([7])

      const late = mailClaimed(before, 30, testNow) // that consent is over
      expect(await store.noteItem(7, late)).toBe(false)
    })

    it('one that was claimed and not settled is not claimed again: it may have been sent', async () => {
      const { listed, claim, item } = await withMails()
      await claim(30, testNow)

      expect(await listed(30, testNow + 3 * dayMs)).toEqual([])
      expect(await item(7)).toMatchObject({ mailedDays: 30, mailedAt: testNow, mailEnd: null })
    })

    it('one that is given back is due again after a pause, also by a clock that was put back', async () => {
      const { store, listed, claim, item } = await withMails()
      await claim(30, testNow)

      await store.noteItem(7, mailGivenBack(testNow))

      expect(await item(7)).toMatchObject({ mailedDays: null, mailedAt: null })
      expect(await listed(30, testNow + mailPauseMs - 1)).toEqual([])
      expect(await listed(30, testNow + mailPauseMs)).toEqual([7])
      expect(await listed(30, testNow - dayMs)).toEqual([7])
    })

    it('how one ended is kept; only its claim may say, and once', async () => {
      const { store, claim, item } = await withMails()
      await claim(30, testNow)
      await store.settleMail(7, testNow + 1, 'refused')
      expect(await item(7)).toMatchObject({ mailEnd: null })

      await store.settleMail(7, testNow, 'sent')
      await store.settleMail(7, testNow, 'refused')
      await store.noteItem(7, mailGivenBack(testNow))

      expect(await item(7)).toMatchObject({ mailedDays: 30, mailedAt: testNow, mailEnd: 'sent' })
    })

    it('refusals are counted for the user until a mail is taken, and forgotten with the address', async () => {
      const rooms = await withMails()
      const { store, ann, claim } = rooms
      const ended = async (days: number, how: 'sent' | 'refused' | 'unsure') => {
        await claim(days, testNow + 40 - days)
        await store.settleMail(7, testNow + 40 - days, how)
        return (await store.listUsers({ id: ann.id }, { limit: 1 }))[0]?.mailRefusals
      }
      expect(await ended(30, 'refused')).toBe(1)
      expect(await ended(14, 'refused')).toBe(2)
      expect(await ended(7, 'unsure')).toBe(2)
      expect(await store.countMails()).toEqual({ sites: 1, refused: 1 })

      await aRequest(rooms, ann, { email: Buffer.from('another') })
      expect(await store.countMails()).toEqual({ sites: 1, refused: 0 })
      expect(await ended(3, 'refused')).toBe(1)
      expect(await ended(1, 'sent')).toBe(0)
    })

    it.each(hiding)('of items %s are left out', async (_, how) => {
      const rooms = await withMails()
      const { store, ann, listed, claim } = rooms

      await hide(rooms, how)

      expect(await listed(30)).toEqual([])
      expect(await claim(30, testNow)).toBe(false)
      if (how === 'gone') return
      expect(await store.countMails()).toEqual({ sites: 0, refused: 0 })
      expect(await store.readMailStop(ann.id)).toBeUndefined()
    })
  })
}
