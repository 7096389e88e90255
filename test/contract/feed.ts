import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { FeedQuery } from '../../src/db/ports/feed.ts'
import type { EventPage } from '../../src/db/ports/history.ts'
import type { Scope } from '../../src/db/scope.ts'
import { rowsOfEach, sitesAtOnce } from '../../src/db/rules/feed-page.ts'
import type { Store } from '../../src/db/store.ts'
import { aTenant, testBy, testRooms } from '../support/tenants.ts'
import type { OpenStores } from './races.ts'
import { withSites } from './rooms.ts'
import type { OpenRooms } from './store.ts'

const usual = { limit: 100, bytes: 1e6, forgottenBefore: 0 }

/** What every engine promises of the feed. */
export function feedContract(name: string, open: OpenRooms): void {
  const withFeed = async () => {
    const rooms = await withSites(open)
    const { store, scope } = rooms
    const other = await aTenant(rooms, { name: 'other' })
    const own: Scope = { ...scope, siteId: rooms.site.id }
    const read = async (query: Partial<FeedQuery> = {}, of: Scope = scope) => {
      const page = await store.readFeed(of, { after: 0, ...usual, ...query })
      if (page === 'forgotten') return page
      return { ...page, ids: page.events.map(({ id }) => id) }
    }
    const second = rooms.sites[1]!.id
    return { ...rooms, own, second, other, read }
  }

  describe(`the feed, ${name}`, () => {
    it('gives a tenant the events of all its sites in their order, a site its own, and nobody others’', async () => {
      const { accept, second, other, read, own } = await withFeed()
      await accept({ siteId: other.site.id })
      const ids = [await accept(), await accept({ siteId: second }), await accept({ itemId: null })]

      expect(await read()).toMatchObject({ ids, hasMore: false })
      expect(await read({}, own)).toMatchObject({ ids: [ids[0], ids[2]] })
      expect(await read({}, { ...other.scope, siteId: own.siteId })).toMatchObject({ ids: [] })
    })

    it('tells of an event what the webhook tells, and where it stands', async () => {
      const { accept, read, clock } = await withFeed()
      const id = await accept({ type: 'item.created', itemId: 7, body: Buffer.from('told') })

      const page = await read()

      if (page === 'forgotten') throw new Error('Nothing is forgotten')
      const [event] = page.events
      const at = clock.now()
      expect(event).toEqual({
        seq: expect.any(Number),
        id,
        type: 'item.created',
        site: 'one',
        itemId: 7,
        receivedAt: at,
        body: Buffer.from('told'),
      })
      expect(page.upTo).toEqual({ seq: event?.seq, receivedAt: at })
    })

    it('goes on behind a place, and begins at the end of what there is', async () => {
      const { store, scope, accept, read } = await withFeed()
      expect(await store.findFeedEnd(scope)).toBe(0)
      await accept()
      const after = await store.findFeedEnd(scope)
      expect(await read({ after })).toEqual({ events: [], ids: [], upTo: null, hasMore: false })

      const later = await accept()

      expect(await read({ after })).toMatchObject({ ids: [later] })
    })

    it('gives no more than is asked for, in number and in bytes, and the rest behind it', async () => {
      const { accept, read } = await withFeed()
      const ids = [await accept(), await accept(), await accept()]

      for (const bound of [{ limit: 2 }, { bytes: 2 * 'sealed'.length }]) {
        const page = await read(bound)
        if (page === 'forgotten') throw new Error('Nothing is forgotten')
        expect(page).toMatchObject({ ids: ids.slice(0, 2), hasMore: true })
        expect(await read({ ...bound, after: page.upTo!.seq })).toMatchObject({ ids: [ids[2]] })
      }
      expect(await read({ bytes: 1 })).toMatchObject({ ids: [ids[0]], hasMore: true })
    })

    it('picks types, and stands behind what it passed over', async () => {
      const { store, scope, accept, read } = await withFeed()
      await accept()
      const wanted = await accept({ type: 'item.deleted' })
      await accept()

      const page = await read({ types: ['item.deleted', 'never.heard'] })

      const seq = await store.findFeedEnd(scope)
      expect(page).toMatchObject({ ids: [wanted], upTo: { seq }, hasMore: false })
    })

    it('of a site with many it gives the first, and nothing of another that comes after those', async () => {
      const { event, store, second, read } = await withFeed()
      const many = rowsOfEach(2) + 1
      const made = Array.from({ length: many }, () => event())
      const last = event({ siteId: second })
      for (const one of made) await store.acceptEvent(one)
      await store.acceptEvent(last)

      const page = await read({ limit: 5_000 })

      if (page === 'forgotten') throw new Error('Nothing is forgotten')
      expect(page.ids).toEqual(made.slice(0, many - 1).map(({ id }) => id))
      expect(page.hasMore).toBe(true)
      expect(await read({ after: page.upTo!.seq })).toMatchObject({
        ids: [made.at(-1)?.id, last.id],
        hasMore: false,
      })
    })

    it('begins by time with what came then or later', async () => {
      const { store, scope, accept, read, clock, second } = await withFeed()
      const t = clock.now()
      await accept({ receivedAt: t })
      const ids = [await accept({ receivedAt: t + 20, siteId: second })]
      ids.push(await accept({ receivedAt: t + 10 }), await accept({ receivedAt: t + 30 }))

      const start = (since: number) => store.findFeedStart(scope, since, 0)

      expect(await read({ after: await start(t + 10) })).toMatchObject({ ids })
      expect(await start(t + 31)).toBe(await store.findFeedEnd(scope))
    })

    it('begins by time with the first of what came at once at more sites than are looked at', async () => {
      const { accept, read, ...rooms } = await withFeed()
      const names = Array.from({ length: sitesAtOnce + 2 }, (_, nth) => `site ${nth}`)
      const { scope, sites } = await aTenant(rooms, { name: 'large', sites: names })
      const t = rooms.clock.now()
      const ids = [await accept({ siteId: sites.at(-1)!.id, receivedAt: t + 1 })]
      for (const { id } of sites.slice(0, -1).toReversed()) {
        ids.push(await accept({ siteId: id, receivedAt: t }))
      }

      const after = await rooms.store.findFeedStart(scope, t, 0)

      expect(await read({ after, limit: 3 }, scope)).toMatchObject({ ids: ids.slice(0, 3) })
    })

    it('says when what comes next is forgotten, and behind what all is kept', async () => {
      const { store, scope, accept, read, clock } = await withFeed()
      const t = clock.now()
      await accept({ receivedAt: t, handledAt: t })
      await accept({ receivedAt: t, handledAt: t, siteId: (await withoutUrl(store)).id })
      const kept = await accept({ receivedAt: t + 10 })
      const forgottenBefore = t + 5
      await settleAll(store)
      expect(await store.purge('event-bodies', forgottenBefore, { limit: 9 })).toMatchObject({
        count: 2,
      })

      expect(await read({ forgottenBefore })).toBe('forgotten')
      const floor = await store.findFeedStart(scope, 0, forgottenBefore)
      expect(await read({ after: floor, forgottenBefore })).toMatchObject({ ids: [kept] })
      expect(await store.findFeedStart(scope, 0, t)).toBe(0)

      async function withoutUrl(of: Store) {
        const site = (await of.findSite(scope, 'two'))!
        return of.updateSite(site.id, { webhookUrl: null }, testBy)
      }
      async function settleAll(of: Store) {
        const claim = { by: 'srv_test', at: t + 99, leaseUntil: t + 999, limit: 9 }
        for (const { id, attempt } of await of.claimDeliveries(claim)) {
          const outcome = { kind: 'delivered' } as const
          await of.settleDelivery({ id, attempt, at: t, outcome, try: null, endpoint: null })
        }
      }
    })

    it('passes over what was deleted with its item', async () => {
      const { store, accept, read, site, clock, ids, own } = await withFeed()
      const user = await store.ensureUser({ id: ids.next('usr'), siteId: site.id, name: '', at: 1 })
      const facts = { providerId: 574, providerName: null, accountTypes: 'all', status: 0 }
      const item = { id: 7, ...facts, statusCodeInfo: null, authenticationExpiresAt: null }
      await store.keepItems(user.id, [item], { at: clock.now(), complete: false })
      await accept({ itemId: 7 })
      const kept = await accept({ itemId: 8 })
      await store.deleteItem(7, testBy)

      expect(await read({}, own)).toMatchObject({ ids: [kept], hasMore: false })
    })

    it('says nothing of a site that is being deleted', async () => {
      const { store, accept, read, second, scope, tenant } = await withFeed()
      await accept({ siteId: second })
      const kept = await accept()
      const subject = { tenantId: tenant.id, subjectId: second, name: 'two' }
      const removal = { id: 'rem_1', kind: 'site' as const, ...subject, withBridgeUsers: false }
      await store.startRemoval(removal, testBy)

      expect(await read()).toMatchObject({ ids: [kept] })
      expect(await store.findFeedEnd({ ...scope, siteId: second })).toBe(0)
    })
  })
}

/** What every engine promises of the feed as people look at it. */
export function feedReportContract(name: string, open: OpenRooms): void {
  const withReports = async () => {
    const rooms = await withSites(open)
    const { store, scope } = rooms
    const [site, second] = rooms.sites.map(({ id }) => ({ ...scope, siteId: id }))
    const other = await aTenant(rooms, { name: 'other' })
    const list = async (
      of: Scope = site!,
      { since = 0, ...page }: Partial<EventPage> & { since?: number } = {},
    ) => (await store.listEvents({ feedOf: of, since }, { limit: 10, ...page })).map(({ id }) => id)
    const find = async (of: Scope, id: string) =>
      (await store.listEvents({ feedOf: of, id }, { limit: 1 }))[0]
    return { ...rooms, site: site!, second: second!, other, list, find }
  }

  describe(`the feed as people look at it, ${name}`, () => {
    it('gives one site’s events of late, the newest first, part by part', async () => {
      const { store, accept, list, site, second, clock } = await withReports()
      const at = clock.now()
      const ids = [
        await accept({ receivedAt: at - 2 }),
        await accept({ receivedAt: at - 1 }),
        await accept({ receivedAt: at }),
      ].toReversed()
      const others = await accept({ siteId: second.siteId })

      expect(await list()).toEqual(ids)
      expect(await list(second)).toEqual([others])
      expect(await list(site, { since: at - 1 })).toEqual(ids.slice(0, 2))
      const [first] = await store.listEvents({ feedOf: site }, { limit: 1 })
      expect(await list(site, { after: first! })).toEqual(ids.slice(1))
    })

    it('gives nothing of a site that is not the tenant’s, of one being deleted, or of a deleted item', async () => {
      const { store, accept, list, find, site, other, ids, clock, tenant } = await withReports()
      const user = await store.ensureUser({
        id: ids.next('usr'),
        siteId: site.siteId,
        name: '',
        at: 1,
      })
      const facts = { providerId: 574, providerName: null, accountTypes: 'all', status: 0 }
      const item = { id: 7, ...facts, statusCodeInfo: null, authenticationExpiresAt: null }
      await store.keepItems(user.id, [item], { at: clock.now(), complete: false })
      const gone = await accept({ itemId: 7 })
      const kept = await accept({ itemId: 8 })
      await store.deleteItem(7, testBy)
      const mixed = { tenantId: other.tenant.id, siteId: site.siteId }

      expect(await list()).toEqual([kept])
      expect(await list(mixed)).toEqual([])
      expect(await find(site, gone)).toBeUndefined()
      expect(await find(mixed, kept)).toBeUndefined()

      const subject = { tenantId: tenant.id, subjectId: site.siteId, name: 'one' }
      const removal = { id: 'rem_1', kind: 'site' as const, ...subject, withBridgeUsers: false }
      await store.startRemoval(removal, testBy)
      expect(await list()).toEqual([])
      expect(await find(site, kept)).toBeUndefined()
    })

    it('tells one event to its site and its tenant, with its tries, and to nobody else', async () => {
      const { accept, claim, settle, find, scope, site, second, other } = await withReports()
      const id = await accept()
      const [claimed] = await claim()
      await settle(claimed!, { kind: 'dead' })

      const told = await find(site, id)

      expect(told).toMatchObject({ id, site: 'one', tenant: 'acme' })
      expect(told?.delivery).toMatchObject({ state: 'dead', tries: [{ number: 1, status: 500 }] })
      expect(await find(scope, id)).toEqual(told)
      expect(await find(second, id)).toBeUndefined()
      expect(await find(other.scope, id)).toBeUndefined()
      expect(await find(scope, told!.delivery!.id)).toBeUndefined()
    })
  })
}

/** What a reader may count on while several servers store events of one tenant. */
export function feedRaceContract(name: string, open: OpenStores): void {
  describe(`the feed while servers write, ${name}`, () => {
    it('a reader who goes on where it ended has every event once, in the order of places', async () => {
      const stores = await open(3)
      onTestFinished(async () => {
        await Promise.all(stores.map((store) => store.close()))
      })
      const [one, two, reader] = stores as [Store, Store, Store]
      const rooms = testRooms(one)
      const sites = ['a', 'b', 'c']
      const { scope, sites: made } = await aTenant(rooms, { sites })
      const other = await aTenant(rooms, { name: 'other' })
      const event = (nth: number, siteId: string) => {
        const id = rooms.ids.next('evt')
        const at = rooms.clock.now() + (nth % 7)
        const about = { type: 'x', userId: null, siteId, itemId: nth % 5, body: Buffer.from('x') }
        const times = { occurredAt: at, receivedAt: at, handledAt: at }
        return { id, deliveryId: rooms.ids.next('dlv'), dedupeKey: id, ...about, ...times }
      }
      const many = 240
      const written = new Set<string>()
      let isDone = false
      const write = async (store: Store, from: number): Promise<void> => {
        for (let nth = from; nth < many; nth += 8) {
          const news = event(nth, made[nth % 3]!.id)
          written.add(news.id)
          await Promise.all([store.acceptEvent(news), store.acceptEvent(event(nth, other.site.id))])
        }
      }
      const writers = Promise.all(
        [0, 1, 2, 3, 4, 5, 6, 7].map((from) => write(from % 2 ? one : two, from)),
      ).finally(() => (isDone = true))

      const seen: { id: string; seq: number }[] = []
      let after = 0
      for (let isLast = false; !isLast;) {
        await turn() // where the database answers at once, nobody else would have one
        isLast = isDone
        const page = await reader.readFeed(scope, { after, ...usual, limit: 7 })
        if (page === 'forgotten') throw new Error('Nothing is forgotten')
        seen.push(...page.events)
        after = page.upTo?.seq ?? after
        isLast &&= !page.hasMore
      }
      await writers

      expect(seen.map(({ id }) => id).toSorted()).toEqual([...written].toSorted())
      expect(seen.map(({ seq }) => seq)).toEqual(
        seen.map(({ seq }) => seq).toSorted((a, b) => a - b),
      )
    })
  })
}
