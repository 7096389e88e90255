import { describe, expect, it } from 'vitest'
import type { ItemFacts } from '../../src/db/ports/items.ts'
import { testNow } from '../support/clock.ts'
import { aRequest, aTenant, aUser, anAnnouncement, itemFacts, testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

const dayMs = 24 * 60 * 60_000

export function upkeepContract(name: string, open: OpenRooms): void {
  const withUser = async () => {
    const rooms = open()
    const { store, clock } = rooms
    const acme = await aTenant(rooms)
    const ann = await aUser(rooms, acme.site, { name: 'ann' })
    const keep = (fields: Partial<ItemFacts>, at = clock.now()) =>
      store.keepItems(ann.id, [itemFacts(fields)], { at, complete: false })
    const item = async (id: number) => (await store.findItem(acme.scope, id))!.item
    const event = () => anAnnouncement(rooms, ann)
    const events = async () =>
      (await store.listDeliveries({}, { first: 'oldest', limit: 9 })).map(({ eventId }) => eventId)
    return { ...rooms, acme, ann, keep, item, event, events }
  }
  const idsOf = (owned: { item: { id: number } }[]) => owned.map(({ item }) => item.id)

  /** What is listed for the worker leaves out what nobody is served any more. */
  const hiding = [
    ['whose tenant is disabled', 'disabled'],
    ['whose site is being deleted', 'removed'],
    ['that are gone', 'gone'],
  ] as const
  type Hiding = (typeof hiding)[number][1]
  const hide = async (
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

  describe(`statuses a site was not told of, ${name}`, () => {
    it('are listed until they were told, with the event in the same commit', async () => {
      const { store, keep, item, event, events } = await withUser()
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
      const { store, keep, item, event, events } = await withUser()
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
      const rooms = await withUser()
      await rooms.keep({ id: 7, status: 402 })

      await hide(rooms, how)

      expect(await rooms.store.listUntoldStatuses(9)).toEqual([])
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
      const { store, keep, item, event, events } = await withUser()
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
      const { store, keep, item, event } = await withUser()
      await keep({ id: 7, authenticationExpiresAt: end })
      await store.remind(await item(7), 30, event())

      await keep({ id: 7, authenticationExpiresAt: end + 999 })
      expect(await store.listRemindersDue(due(30), 9)).toEqual([])

      await keep({ id: 7, authenticationExpiresAt: end + 2 * dayMs })
      expect(idsOf(await store.listRemindersDue(due(30), 9))).toEqual([7])
    })

    it('are not sent for a consent that was renewed meanwhile', async () => {
      const { store, keep, item, event, events } = await withUser()
      await keep({ id: 7, authenticationExpiresAt: end })
      const seen = await item(7)
      await keep({ id: 7, authenticationExpiresAt: end + 180 * dayMs })

      expect(await store.remind(seen, 30, event())).toBe(false)
      expect(await store.remind({ id: 7, authenticationExpiresAt: null }, 30, event())).toBe(false)
      expect(await events()).toEqual([])
    })

    it.each(hiding)('of items %s are left out', async (_, how) => {
      const rooms = await withUser()
      await rooms.keep({ id: 7, authenticationExpiresAt: end })

      await hide(rooms, how)

      expect(await rooms.store.listRemindersDue(due(30), 9)).toEqual([])
    })
  })

  describe(`comparing accounts after a visit, ${name}`, () => {
    const print = (text: string) => Buffer.from(text)
    /** An item whose managing request ended, so that its accounts are to be compared. */
    const visited = async () => {
      const rooms = await withUser()
      const { store, ann, keep } = rooms
      await keep({ id: 7 })
      await store.keepAccounts(
        [
          { id: 70, itemId: 7, ibanFingerprint: print('old 70') },
          { id: 71, itemId: 7, ibanFingerprint: print('old 71') },
        ],
        testNow,
      )
      const visit = async () => {
        const request = await aRequest(rooms, ann, { managedItemId: 7 })
        const outcome = { state: 'completed' as const, step: null, item: itemFacts({ id: 7 }) }
        await store.settleRequest(request, { ...outcome, at: rooms.clock.now() }, rooms.event())
      }
      await visit()
      return { ...rooms, visit }
    }

    it('ends with the accounts that are there now, and with what was found', async () => {
      const { store, item, event } = await visited()
      const [listed] = await store.listComparisons(9)
      expect(listed?.item.id).toBe(7)
      const present = [
        { id: 70, ibanFingerprint: print('new 70') },
        { id: 72, ibanFingerprint: null },
      ]
      const audit = { at: testNow, actor: 'server', action: 'accounts.changed', subject: '7' }
      const found = event()

      const ended = await store.settleComparison(
        await item(7),
        present,
        { event: found, audit },
        testNow + 1,
      )

      expect(ended).toBe(true)
      expect(await store.listComparisons(9)).toEqual([])
      expect(await store.listAccounts(7)).toEqual([
        { id: 70, ibanFingerprint: print('new 70'), createdAt: testNow },
        { id: 71, ibanFingerprint: null, createdAt: testNow },
        { id: 72, ibanFingerprint: null, createdAt: testNow + 1 },
      ])
      expect(await store.findDelivery(found.id)).toBeUndefined() // the site has no webhook URL
      expect((await store.findTimeline(found.id))?.events).toHaveLength(1)
      expect(await store.listAudit({ action: 'accounts.changed', limit: 9 })).toHaveLength(1)
    })

    it('an IBAN that Bridge withholds for now is still the one we knew', async () => {
      const { store, item } = await visited()

      const present = [70, 71].map((id) => ({ id, ibanFingerprint: null }))
      await store.settleComparison(await item(7), present, null, testNow + 1)

      expect((await store.listAccounts(7)).map((account) => account.ibanFingerprint)).toEqual([
        print('old 70'),
        print('old 71'),
      ])
    })

    it('does not end while another visit began', async () => {
      const { store, item, clock, visit } = await visited()
      const seen = await item(7)
      clock.advance(1_000)
      await store.settleComparison(seen, [], null, clock.now())
      await visit()

      expect(await store.settleComparison(seen, [], null, clock.now())).toBe(false)
      expect(idsOf(await store.listComparisons(9))).toEqual([7])
    })

    it('an item is known by its IBANs once it has one', async () => {
      const { store, keep } = await withUser()
      await keep({ id: 7 })
      await store.keepAccounts([{ id: 70, itemId: 7 }], testNow)
      expect(await store.knowsAccounts(7)).toBe(false)

      await store.keepAccounts([{ id: 71, itemId: 7, ibanFingerprint: print('iban') }], testNow)

      expect(await store.knowsAccounts(7)).toBe(true)
    })

    it.each(hiding)('leaves out items %s', async (_, how) => {
      const rooms = await visited()

      await hide(rooms, how)

      expect(await rooms.store.listComparisons(9)).toEqual([])
    })
  })

  describe(`users nobody heard of, ${name}`, () => {
    it('are listed by page, until they were asked for', async () => {
      const { store, clock, acme, ann, keep, ids } = await withUser()
      await keep({ id: 7 })
      const bob = await aUser({ store, clock, ids }, acme.site, { name: 'bob' })
      await store.keepItems(bob.id, [itemFacts({ id: 8 })], { at: testNow, complete: false })
      const unheard = async (before: number, after = '', limit = 9) =>
        (await store.listUnheard(before, { after, limit })).map(({ user }) => user.id)
      const both = [ann.id, bob.id].toSorted()

      expect(await unheard(testNow)).toEqual([])
      expect(await unheard(testNow + 1)).toEqual(both)
      expect(await unheard(testNow + 1, '', 1)).toEqual(both.slice(0, 1))
      expect(await unheard(testNow + 1, both[0])).toEqual(both.slice(1))

      await store.noteAsked(ann.id, testNow + 1)
      expect(await unheard(testNow + 1)).toEqual([bob.id])
      expect(await unheard(testNow + 2)).toEqual(both)
    })

    it.each(hiding)('leave out those with items %s', async (_, how) => {
      const rooms = await withUser()
      await rooms.keep({ id: 7 })

      await hide(rooms, how)

      expect(await rooms.store.listUnheard(testNow + dayMs, { after: '', limit: 9 })).toEqual([])
    })
  })

  describe(`renewals, ${name}`, () => {
    it('an item is found by its id alone, for its link was checked', async () => {
      const { store, ann, keep } = await withUser()
      await keep({ id: 7 })

      expect(await store.findItemForRenewal(7)).toMatchObject({ item: { id: 7 }, user: ann })
      expect(await store.findItemForRenewal(8)).toBeUndefined()
    })

    it.each(hiding)('not for items %s', async (_, how) => {
      const rooms = await withUser()
      await rooms.keep({ id: 7 })

      await hide(rooms, how)

      expect(await rooms.store.findItemForRenewal(7)).toBeUndefined()
    })

    it.each(['claimRefresh', 'claimRenewal'] as const)(
      '%s gives as many as there may be in a time, also to those who come at once',
      async (operation) => {
        const { store, keep } = await withUser()
        await keep({ id: 7 })
        await keep({ id: 8 })
        const take = (at: number, itemId = 7) =>
          store[operation](itemId, { at, since: at - 100, most: 2 })

        const taken = await Promise.all([take(1_000), take(1_000), take(1_000)])

        expect(taken.filter((one) => 'claim' in one)).toHaveLength(2)
        expect(taken.filter((one) => 'oldestAt' in one)).toEqual([{ oldestAt: 1_000 }])
        expect(await take(1_003, 8)).toHaveProperty('claim')
        expect(await take(1_099)).toEqual({ oldestAt: 1_000 })
        expect(await take(1_100)).toHaveProperty('claim')
      },
    )

    it.each([
      ['claimRefresh', 'releaseRefresh'],
      ['claimRenewal', 'releaseRenewal'],
    ] as const)('what %s gave and did not take place is given back', async (claim, release) => {
      const { store, keep } = await withUser()
      await keep({ id: 7 })
      const take = () => store[claim](7, { at: 10, since: 0, most: 1 })
      const taken = await take()
      expect(await take()).toEqual({ oldestAt: 10 })

      await store[release]('claim' in taken ? taken.claim : -1)

      expect(await take()).toHaveProperty('claim')
    })

    it('ends where the request that made the item ended, else the last that managed it', async () => {
      const { store, clock, ids, ann, keep, event } = await withUser()
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

  describe(`connections as an operator lists them, ${name}`, () => {
    it('the consent that ends first comes first, those without an end last', async () => {
      const { store, acme, keep, ann, ...rooms } = await withUser()
      await keep({ id: 7 })
      await keep({ id: 8, authenticationExpiresAt: testNow + 2 })
      await keep({ id: 9, authenticationExpiresAt: testNow + 1 })
      const other = await aTenant({ store, ...rooms }, { name: 'other' })
      const eve = await aUser({ store, ...rooms }, other.site)
      const facts = itemFacts({ id: 10, authenticationExpiresAt: testNow })
      await store.keepItems(eve.id, [facts], { at: testNow, complete: false })

      const listed = await store.listConnections({})

      expect(idsOf(listed)).toEqual([10, 9, 8, 7])
      expect(listed[1]).toMatchObject({ tenant: 'acme', user: ann, site: { name: acme.site.name } })
      expect(idsOf(await store.listConnections({ tenantId: acme.tenant.id }))).toEqual([9, 8, 7])
      expect(idsOf(await store.listConnections({ endsUntil: testNow + 1 }))).toEqual([10, 9])
    })

    it('what is gone is not listed', async () => {
      const rooms = await withUser()
      await rooms.keep({ id: 7 })

      await hide(rooms, 'gone')

      expect(await rooms.store.listConnections({})).toEqual([])
    })
  })

  describe(`how Bridge stands, ${name}`, () => {
    it('is read as it was last saved', async () => {
      const { store } = await withUser()
      await store.createInstance({
        mode: 'sandbox',
        wrappedPepper: Buffer.from('pepper'),
        dataKeys: [],
        at: 1,
      })
      expect(await store.readBridgeStatus()).toBeUndefined()

      await store.saveBridgeStatus({ at: 5, status: { up: true } })
      await store.saveBridgeStatus({ at: 6, status: { up: false } })

      expect(await store.readBridgeStatus()).toEqual({ at: 6, status: { up: false } })
    })
  })
}
