import { describe, expect, it } from 'vitest'
import type { CallRecord } from '../../src/db/ports/history.ts'
import { testNow } from '../support/clock.ts'
import {
  addItems,
  aRequest,
  aTenant,
  aUser,
  anAnnouncement,
  itemFacts,
} from '../support/tenants.ts'
import { withWebhook } from './rooms.ts'
import type { OpenRooms } from './store.ts'

const aCall = (fields: Partial<CallRecord> = {}): CallRecord => ({
  id: 'req_1',
  at: testNow,
  method: 'bank_api.bridge.get_bank_accounts',
  status: 200,
  excType: null,
  refusal: null,
  durationMs: 12,
  tenantId: null,
  siteId: null,
  apiKey: null,
  request: null,
  itemId: null,
  bridge: [{ call: 'GET /v3/aggregation/accounts', status: 200, ms: 9 }],
  ...fields,
})

const all = { limit: 50 }
const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id)

/** A tenant with two sites, of which one has a webhook URL, and another tenant's site. */
async function withTwoTenants(open: OpenRooms) {
  const rooms = await withWebhook(open)
  const other = await aTenant(rooms, { name: 'other', sites: ['erp.other.test'] })
  const stranger = await aUser(rooms, other.site, { name: 'ben' })
  return { ...rooms, other, stranger }
}

export function historyContract(name: string, open: OpenRooms): void {
  describe(`what happened, for the operator, ${name}`, () => {
    it('banks are those of connections that live, and lead to these page by page', async () => {
      const rooms = await withTwoTenants(open)
      const { store, ann: user, stranger, acme } = rooms
      const at = { at: testNow, complete: false }
      const named = (id: number, providerId: number | null, providerName: string | null) =>
        itemFacts({ id, providerId, providerName })
      await store.keepItems(user.id, [named(1, 574, 'Old name'), named(2, 6, null)], at)
      await store.keepItems(stranger.id, [named(3, 574, 'Demo Bank'), named(4, null, null)], at)
      const leaving = await aUser(rooms, acme.site, { name: 'leaving' })
      await store.keepItems(leaving.id, [named(5, 99, 'Gone')], at)
      await store.keepItems(leaving.id, [], { at: testNow + 86_400_000, complete: true })

      expect(await store.listHeldBanks()).toEqual([
        { id: 6, name: null },
        { id: 574, name: 'Demo Bank' },
      ])
      const first = await store.listConnections({ providerId: 574 }, { by: 'id', limit: 1 })
      expect(first).toMatchObject([{ item: { id: 1 }, user: { id: user.id }, tenant: 'acme' }])
      expect(
        await store.listConnections({ providerId: 574 }, { by: 'id', after: 1 }),
      ).toMatchObject([{ item: { id: 3 }, tenant: 'other' }])
      expect(await store.listConnections({ providerId: 99 })).toEqual([])
    })

    it('a call is listed with the names of its tenant and site, and stored once', async () => {
      const { store, acme } = await withWebhook(open)
      const refusal = {
        code: 'item_not_found',
        message: 'é',
        named: { id: 7 },
        limit: 'key' as const,
      }
      const whose = { tenantId: acme.tenant.id, siteId: acme.site.id }
      await store.addCalls([aCall({ refusal, ...whose }), aCall({ id: 'req_2', at: testNow - 1 })])
      await store.addCalls([aCall({ status: 500 })])

      expect(await store.listCalls({}, all)).toEqual([
        { ...aCall({ refusal, ...whose }), tenant: 'acme', site: 'one' },
        { ...aCall({ id: 'req_2', at: testNow - 1 }), tenant: null, site: null },
      ])
    })

    it('calls are found by whose they are, what they were about and how they ended', async () => {
      const { store, acme, other } = await withTwoTenants(open)
      const [first, second] = acme.sites
      await store.addCalls([
        aCall({
          id: 'a',
          at: 1,
          tenantId: acme.tenant.id,
          siteId: first!.id,
          itemId: 7,
          status: 404,
        }),
        aCall({ id: 'b', at: 2, tenantId: acme.tenant.id, siteId: second!.id, apiKey: 'key_b' }),
        aCall({ id: 'c', at: 3, tenantId: other.tenant.id, request: 'r'.repeat(26), status: 503 }),
        aCall({ id: 'd', at: 4, tenantId: other.tenant.id, method: 'ping', status: 499 }),
      ])
      const found = async (filter: Parameters<typeof store.listCalls>[0]) =>
        idsOf(await store.listCalls(filter, all)).join('')

      expect(await found({ tenantId: acme.tenant.id })).toBe('ba')
      expect(await found({ siteId: first!.id })).toBe('a')
      expect(await found({ siteId: second!.id, apiKey: 'key_b' })).toBe('b')
      expect(await found({ siteId: first!.id, apiKey: 'key_b' })).toBe('')
      expect(await found({ request: 'r'.repeat(26) })).toBe('c')
      expect(await found({ itemId: 7 })).toBe('a')
      expect(await found({ method: 'ping' })).toBe('d')
      expect(await found({ since: 3 })).toBe('dc')
      expect(await found({ status: { from: 400, until: 500 } })).toBe('da')
      expect(await found({ status: { from: 200, until: 201 } })).toBe('b')
    })

    it('pages follow each other, the newest first, whatever came at the same moment', async () => {
      const { store } = await withWebhook(open)
      const ids = ['a', 'b', 'c', 'd', 'e']
      await store.addCalls(ids.map((id) => aCall({ id })))

      const pages = []
      for (let before: string | undefined; ;) {
        const page = await store.listCalls(
          {},
          { limit: 2, ...(before !== undefined && { before }) },
        )
        if (page.length === 0) break
        pages.push(idsOf(page))
        before = page.at(-1)?.id
      }

      expect(pages).toEqual([['e', 'd'], ['c', 'b'], ['a']])
    })

    it('requests are found by whose they are, by the spelling of nobody, and by day', async () => {
      const { store, clock, ids, ann, acme, stranger } = await withTwoTenants(open)
      const rooms = { store, clock, ids }
      const first = await aRequest(rooms, ann)
      const second = await aRequest(rooms, stranger)
      const found = async (filter: Parameters<typeof store.listRequests>[0], page = all) =>
        (await store.listRequests(filter, page)).map(({ request }) => request.id)
      const [newest = '', oldest = ''] = await found({})

      expect([newest, oldest].toSorted()).toEqual([first, second].toSorted())
      expect(await found({}, { ...all, before: newest } as typeof all)).toEqual([oldest])
      expect(await found({ tenantId: acme.tenant.id })).toEqual([first])
      expect(await found({ siteId: stranger.siteId })).toEqual([second])
      expect(await found({ userId: ann.id })).toEqual([first])
      expect(await found({ userName: 'ANN' })).toEqual([first])
      expect(await found({ state: 'failed' })).toEqual([])
      expect(await found({ id: second })).toEqual([second])
      expect(await found({ since: testNow + 1 })).toEqual([])
      expect(await store.listRequests({ id: first }, all)).toMatchObject([
        { tenant: 'acme', site: { name: 'one' }, user: { name: 'ann' } },
      ])
    })

    it('events are listed with how their delivery went, and without what is sealed', async () => {
      const { store, clock, ids, ann, stranger, claim, settle } = await withTwoTenants(open)
      const rooms = { store, clock, ids }
      const [sent, waits] = [anAnnouncement(rooms, ann, { itemId: 7 }), anAnnouncement(rooms, ann)]
      const kept = anAnnouncement(rooms, stranger, { type: 'item.deleted' })
      await store.acceptEvent(sent)
      const [delivery] = await claim()
      await settle(delivery!, 'delivered')
      await store.acceptEvent(waits)
      await store.acceptEvent(kept)

      const listed = await store.listEvents({}, all)

      expect(listed).toMatchObject([
        { id: kept.id, tenant: 'other', delivery: null },
        { id: waits.id, tenant: 'acme', site: 'one', delivery: { state: 'pending', tries: [] } },
        { id: sent.id, delivery: { state: 'delivered', tries: [{ number: 1, status: 200 }] } },
      ])
      expect(listed[0]).not.toHaveProperty('body')
      expect(listed[2]?.delivery?.tries[0]).not.toHaveProperty('response')
      const found = async (filter: Parameters<typeof store.listEvents>[0]) =>
        idsOf(await store.listEvents(filter, all))
      expect(await found({ itemId: 7 })).toEqual([sent.id])
      expect(await found({ deliveryId: waits.deliveryId })).toEqual([waits.id])
      expect(await found({ type: 'item.deleted' })).toEqual([kept.id])
      expect(await found({ siteId: stranger.siteId })).toEqual([kept.id])
      expect(await found({ since: testNow + 1 })).toEqual([])
      expect(idsOf(await store.listEvents({}, { limit: 1, before: kept.id }))).toEqual([waits.id])
    })

    it('users are listed with how many items they have, and found in any spelling', async () => {
      const { store, clock, ann, acme, stranger } = await withTwoTenants(open)
      await addItems({ store, clock }, ann, 7, 8)

      expect(await store.listUsers({ name: 'ÀNN' }, all)).toEqual([])
      expect(await store.listUsers({ name: 'Ann' }, all)).toMatchObject([
        { user: { id: ann.id, name: 'ann' }, site: { name: 'one' }, tenant: 'acme', items: 2 },
      ])
      const found = async (filter: Parameters<typeof store.listUsers>[0]) =>
        (await store.listUsers(filter, all)).map(({ user }) => user.id)
      expect(await found({ tenantId: acme.tenant.id })).toEqual([ann.id])
      expect(await found({ siteId: stranger.siteId })).toEqual([stranger.id])
      expect(await found({ id: ann.id })).toEqual([ann.id])
      const [newest = '', oldest] = await found({})
      const behind = await store.listUsers({}, { limit: 9, before: newest })
      expect(behind.map(({ user }) => user.id)).toEqual([oldest])
    })

    it('the next page of users begins behind one that was deleted meanwhile', async () => {
      const { store, ids, acme, ann } = await withWebhook(open)
      const gone = ids.next('usr') // none has it, and it is younger than hers

      const behind = await store.listUsers({ siteId: acme.site.id }, { limit: 9, before: gone })

      expect(behind.map(({ user }) => user.id)).toEqual([ann.id])
    })

    it('an item is found by its number, its user and its accounts, also once it is gone', async () => {
      const { store, clock, ann } = await withWebhook(open)
      await addItems({ store, clock }, ann, 7, 8)
      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)
      await store.keepItems(ann.id, [], { at: testNow + 86_400_000, complete: true })

      const [item] = await store.listConnections({ accountId: 71, withGone: true })

      expect(item).toMatchObject({
        item: { id: 7, goneAt: testNow + 86_400_000 },
        tenant: 'acme',
      })
      expect(await store.listConnections({ id: 7, withGone: true })).toEqual([item])
      expect(await store.listConnections({ userId: ann.id, withGone: true })).toHaveLength(2)
      expect(await store.listConnections({ id: 9, withGone: true })).toEqual([])
    })

    it('a word means whatever has it as its id, or as its name', async () => {
      const { store, clock, ids, ann, acme } = await withTwoTenants(open)
      const rooms = { store, clock, ids }
      await addItems(rooms, ann, 7)
      await store.keepAccounts([{ id: 71, itemId: 7 }], testNow)
      const request = await aRequest(rooms, ann, { id: 'abcdefghijklmnopqrstuvwxyz' })
      const event = anAnnouncement(rooms, ann)
      await store.acceptEvent(event)
      await store.addCalls([
        aCall({ id: 'req_2abcdefgh' }),
        aCall({ id: 'req_2abcxyzgh', itemId: 99 }),
      ])
      const meant = async (word: string) =>
        (await store.findSubjects(word, 9)).map(({ kind, id }) => `${kind} ${id}`)

      expect(await meant('7')).toEqual(['item 7'])
      expect(await meant('71')).toEqual(['account 71'])
      expect(await meant('99')).toEqual(['item 99'])
      expect(await meant('1234')).toEqual([])
      expect(await meant(request)).toEqual([`request ${request}`])
      expect(await meant('abcdefgh')).toEqual([`request ${request}`])
      expect(await meant(event.id)).toEqual([`event ${event.id}`])
      expect(await meant(event.deliveryId)).toEqual([`delivery ${event.deliveryId}`])
      expect(await meant('req_2abcd')).toEqual(['call req_2abcdefgh'])
      expect(await meant('req_2abc')).toEqual(['call req_2abcdefgh', 'call req_2abcxyzgh'])
      expect(await meant(acme.siteKey.apiKey)).toEqual([`key ${acme.siteKey.apiKey}`])
      expect(await meant(ann.userUuid)).toEqual([`user ${ann.id}`])
      expect(await meant('ANN')).toEqual([`user ${ann.id}`])
      expect(await meant('ONE')).toEqual([`site ${acme.site.id}`])
      expect(await meant('req_%')).toEqual([])
    })

    it('a site is found by its name, however many users are called as it is', async () => {
      const { store, clock, ids, acme } = await withTwoTenants(open)
      const rooms = { store, clock, ids }
      for (const site of acme.sites) await aUser(rooms, site, { name: 'one' })

      expect(await store.findSubjects('one', 1)).toEqual([{ kind: 'site', id: acme.site.id }])
      expect((await store.findSubjects('one', 9)).map(({ kind }) => kind)).toEqual([
        'site',
        ...acme.sites.map(() => 'user'),
      ])
    })
  })
}
