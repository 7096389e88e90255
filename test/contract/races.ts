import { describe, expect, it, onTestFinished } from 'vitest'
import type { Store } from '../../src/db/store.ts'
import { ConflictError } from '../../src/db/store-errors.ts'
import { mailClaimed } from '../../src/db/rules/item-notes.ts'
import { testNow } from '../support/clock.ts'
import {
  aRequest,
  aTenant,
  aUser,
  anAnnouncement,
  addItems,
  itemFacts,
  testBy,
  testRooms,
} from '../support/tenants.ts'

/** So many stores on one fresh database, as so many servers would open it. */
export type OpenStores = (count: number) => readonly Store[] | Promise<readonly Store[]>

/** Each race is run anew so many times: chance decides who is first. */
const rounds = ['a', 'b', 'c', 'd', 'e', 'f']

const minuteMs = 60_000

/** What holds when two servers do the same at once, each with a store of its own on one database. */
export function raceContract(name: string, open: OpenStores): void {
  /** Two stores, and a tenant with a site for each round. */
  const withTwo = async () => {
    const stores = await open(2)
    onTestFinished(async () => {
      await Promise.all(stores.map((store) => store.close()))
    })
    const [one, two] = stores
    if (!one || !two) throw new Error('A race needs two stores')
    const rooms = testRooms(one)
    const tenant = await aTenant(rooms, { sites: rounds })
    /** Asks each store twice, all at once. */
    const race = <T>(ask: (store: Store, nth: number) => Promise<T>) =>
      Promise.allSettled([one, two, two, one].map((store, nth) => ask(store, nth)))
    const nameOf = (store: Store) => (store === one ? 'srv_1' : 'srv_2')
    return { ...rooms, ...tenant, rooms, nameOf, race }
  }

  /** What each came to; throws what one of them threw. */
  const all = <T>(outcomes: readonly PromiseSettledResult<T>[]): T[] =>
    outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason
      return outcome.value
    })

  const refusals = (outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] =>
    outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))

  const count = (values: readonly unknown[]): number => new Set(values).size

  describe(`two servers at once, ${name}`, () => {
    it('know who holds a key as it is now, whichever of them changed it', async () => {
      const [one, two] = (await open(2)) as [Store, Store]
      onTestFinished(async () => {
        await Promise.all([one.close(), two.close()])
      })
      const rooms = testRooms(one)
      const { tenant, site, siteKey } = await aTenant(rooms)
      const { apiKey } = siteKey
      const seen = () => Promise.all([one.findKey(apiKey), two.findKey(apiKey)])
      const change = async (work: (store: Store) => Promise<unknown>) => {
        await seen()
        await work(one)
        const [first] = await seen()
        expect(await seen()).toEqual([first, first])
        return first!
      }

      const origin = 'https://erp.acme.test'
      const changed = await change((store) => store.updateSite(site.id, { origin }, testBy))
      expect(changed.site?.origin).toBe(origin)
      const disabled = await change((store) => store.setTenantDisabled(tenant.id, true, testBy))
      expect(disabled.tenant.disabledAt).not.toBeNull()
      const rotation = { secretHash: Buffer.from('new'), previousUntil: testNow }
      const rotated = await change((store) =>
        store.changeKey(apiKey, { kind: 'rotated', ...rotation }, testBy),
      )
      expect(rotated.key.secretHash).toEqual(rotation.secretHash)
      const revoked = await change((store) => store.changeKey(apiKey, { kind: 'revoked' }, testBy))
      expect(revoked.key.revokedAt).not.toBeNull()
    })

    it('make no more keys of a site than it may have', async () => {
      const { race, tenant, sites, ids } = await withTwo()

      for (const { id: siteId } of sites) {
        const made = await race((server) =>
          server.createKey(
            {
              apiKey: ids.next('key'),
              tenantId: tenant.id,
              siteId,
              secretHash: Buffer.alloc(32),
              label: null,
              expiresAt: null,
            },
            testBy,
            { mostOfSite: siteId === sites[0]!.id ? 2 : 1 },
          ),
        )
        expect(all(made).filter(Boolean)).toHaveLength(1)
      }
    })

    it('make one tenant of a name; the others are told that it is taken', async () => {
      const { race, store, ids } = await withTwo()

      for (const round of rounds) {
        const made = await race((server) =>
          server.createTenant({ id: ids.next('ten'), name: `other ${round}` }, testBy),
        )

        expect(refusals(made)).toEqual(Array.from({ length: 3 }, () => expect.any(ConflictError)))
      }
      expect(await store.listTenants()).toHaveLength(1 + rounds.length)
    })

    it('make one site of a name, however it is spelt, with one secret', async () => {
      const { race, store, tenant, scope, ids } = await withTwo()

      for (const round of rounds) {
        const sites = all(
          await race((server, nth) =>
            server.ensureSite(
              {
                id: ids.next('sit'),
                tenantId: tenant.id,
                name: nth % 2 === 0 ? `new ${round}` : `NEW ${round}`,
                webhookSecret: Buffer.from(String(nth)),
              },
              testBy,
            ),
          ),
        )

        expect(count(sites.map(({ id }) => id))).toBe(1)
        expect(count(sites.map((site) => site.name))).toBe(1)
      }
      expect(await store.listSites(scope)).toHaveLength(2 * rounds.length)
      const created = await store.listAudit({ action: 'site.created', limit: 99 })
      expect(created).toHaveLength(2 * rounds.length)
    })

    it('make one user of a name, however it is spelt', async () => {
      const { race, rooms, sites, scope, ids, store } = await withTwo()

      for (const site of sites) {
        await aUser(rooms, site, { name: 'somebody else' })
        const users = all(
          await race((server, nth) =>
            server.ensureUser({
              id: ids.next('usr'),
              siteId: site.id,
              name: nth % 2 === 0 ? 'Ann' : 'ANN',
              at: testNow,
            }),
          ),
        )

        expect(count(users.map(({ id }) => id))).toBe(1)
        expect(await store.findUsers({ ...scope, siteId: site.id }, 'ann')).toHaveLength(1)
      }
    })

    it('give the default user one first name, and make the other', async () => {
      const { race, rooms, sites, ids } = await withTwo()

      for (const site of sites) {
        const lonely = await aUser(rooms, site)
        const users = all(
          await race((server, nth) =>
            server.ensureUser({
              id: ids.next('usr'),
              siteId: site.id,
              name: nth % 2 === 0 ? 'ann' : 'bob',
              at: testNow,
            }),
          ),
        )

        expect(users.map((user) => user.name)).toEqual(['ann', 'bob', 'ann', 'bob'])
        expect(count(users.map(({ id }) => id))).toBe(2)
        expect(count(users.filter(({ id }) => id === lonely.id).map((user) => user.name))).toBe(1)
      }
    })

    it('give a uuid of Bridge’s to one user', async () => {
      const { race, rooms, sites, store } = await withTwo()

      for (const [round, site] of sites.entries()) {
        const users = [
          await aUser(rooms, site, { name: 'ann', uuid: null }),
          await aUser(rooms, site, { name: 'bob', uuid: null }),
        ]
        const given = await race((server, nth) =>
          server.setUserUuid(users[nth % 2]?.id ?? '', `uuid ${round}`),
        )

        expect(refusals(given)).toEqual([expect.any(ConflictError), expect.any(ConflictError)])
        const uuids = await Promise.all(
          users.map(async ({ id }) => (await store.readUser(id))?.userUuid),
        )
        expect(uuids.filter((uuid) => uuid === `uuid ${round}`)).toHaveLength(1)
      }
    })

    it('let one of them read a user’s list', async () => {
      const { race, rooms, sites } = await withTwo()

      for (const site of sites) {
        const user = await aUser(rooms, site)
        const claims = all(
          await race((server) => server.claimAdoptionRead(user.id, testNow, testNow - minuteMs)),
        )

        expect(claims.filter(Boolean)).toHaveLength(1)
      }
    })

    it('pin one origin, and store the requests of that one alone', async () => {
      const { race, rooms, sites, scope, ids, store } = await withTwo()

      for (const site of sites) {
        const user = await aUser(rooms, site)
        const origins = ['https://one.test', 'https://two.test']
        const requests = [ids.request(), ids.request(), ids.request(), ids.request()]
        const opened = await race((server, nth) =>
          aRequest({ ...rooms, store: server }, user, {
            id: requests[nth] ?? '',
            origin: origins[nth % 2] ?? '',
          }),
        )

        expect(refusals(opened)).toEqual([expect.any(ConflictError), expect.any(ConflictError)])
        const pinned = (await store.listSites({ ...scope, siteId: site.id }))[0]?.origin
        for (const [nth, id] of requests.entries()) {
          const isStored = (await store.findRequest(scope, id)) !== undefined
          expect(isStored).toBe(origins[nth % 2] === pinned)
        }
      }
    })

    it('count no more callbacks of a request than it may have', async () => {
      const { race, rooms, sites } = await withTwo()

      for (const site of sites) {
        const id = await aRequest(rooms, await aUser(rooms, site))
        const counted = all(await race((server) => server.countCallback(id, 3)))

        expect(counted.filter(Boolean)).toHaveLength(3)
      }
    })

    it('give an item to one of two requests', async () => {
      const { race, rooms, sites, store } = await withTwo()

      for (const [round, site] of sites.entries()) {
        const user = await aUser(rooms, site)
        const requests = [await aRequest(rooms, user), await aRequest(rooms, user)]
        const item = itemFacts({ id: 100 + round })
        const announced = requests.map((id) =>
          anAnnouncement(rooms, user, { dedupeKey: `connect:${id}` }),
        )
        const settled = all(
          await race((server, nth) =>
            server.settleRequest(
              requests[nth % 2] ?? '',
              { state: 'completed', step: null, item, at: testNow },
              announced[nth % 2] ?? anAnnouncement(rooms, user),
            ),
          ),
        )

        const outcomes = settled.map(({ outcome }) => outcome)
        expect(outcomes.toSorted()).toEqual(['held', 'held', 'settled', 'settled'])
        const found = await store.findRequestsForItem(item.id)
        expect(requests).toContain(found?.holder?.request.id)
        expect(found?.open.map(({ request }) => request.itemId)).toEqual([null])
      }
    })

    it('give an item to one of two users', async () => {
      const { race, rooms, sites, store } = await withTwo()

      for (const [round, site] of sites.entries()) {
        const users = [
          await aUser(rooms, site, { name: 'ann' }),
          await aUser(rooms, site, { name: 'bob' }),
        ]
        all(
          await race((server, nth) =>
            addItems({ ...rooms, store: server }, users[nth % 2] ?? users[0]!, 200 + round),
          ),
        )

        const lists = await Promise.all(users.map(({ id }) => store.listItems(id)))
        expect(lists.flat()).toHaveLength(1)
      }
    })

    it('tell once that a request is completed', async () => {
      const { race, rooms, sites, store } = await withTwo()

      for (const [round, site] of sites.entries()) {
        await store.updateSite(site.id, { webhookUrl: 'https://erp.test/hook' }, testBy)
        const user = await aUser(rooms, site)
        const id = await aRequest(rooms, user)
        const item = itemFacts({ id: 300 + round })
        const settled = all(
          await race((server) =>
            server.settleRequest(
              id,
              { state: 'completed', step: null, item, at: testNow },
              anAnnouncement(rooms, user, { dedupeKey: `connect:${id}` }),
            ),
          ),
        )

        expect(count(settled.map(({ request }) => JSON.stringify(request)))).toBe(1)
        const page = { first: 'oldest', limit: 9 } as const
        expect(await store.listEvents({ siteId: site.id }, page)).toHaveLength(1)
      }
    })

    it('begin one deletion of a site, and put it on record once', async () => {
      const { race, sites, tenant, ids, store } = await withTwo()

      for (const { id: subjectId, name: siteName } of sites) {
        const begun = all(
          await race((server) =>
            server.startRemoval(
              {
                id: ids.next('rem'),
                kind: 'site',
                tenantId: tenant.id,
                subjectId,
                name: siteName,
                withBridgeUsers: true,
              },
              testBy,
            ),
          ),
        )

        expect(count(begun.map(({ id }) => id))).toBe(1)
      }
      const entries = await store.listAudit({ action: 'site.deleting', limit: 99 })
      expect(entries).toHaveLength(rounds.length)
      expect(await store.listOpenRemovals()).toHaveLength(rounds.length)
    })

    it('store an event once, with one delivery', async () => {
      const { race, rooms, sites, store } = await withTwo()

      for (const site of sites) {
        await store.updateSite(site.id, { webhookUrl: 'https://erp.test/hook' }, testBy)
        const user = await aUser(rooms, site)
        const dedupeKey = `bridge:${site.id}`
        const stored = all(
          await race((server) => server.acceptEvent(anAnnouncement(rooms, user, { dedupeKey }))),
        )

        expect(stored.toSorted()).toEqual(['new', 'repeat', 'repeat', 'repeat'])
        const page = { first: 'oldest', limit: 9 } as const
        expect(await store.listEvents({ siteId: site.id }, page)).toHaveLength(1)
      }
    })

    it('never take one delivery twice, nor more of a site’s than it may have at once', async () => {
      const { race, rooms, sites, store, clock, nameOf } = await withTwo()
      for (const site of sites) {
        await store.updateSite(site.id, { webhookUrl: 'https://erp.test/hook' }, testBy)
        const user = await aUser(rooms, site)
        for (let itemId = 1; itemId <= 8; itemId += 1) {
          await store.acceptEvent(anAnnouncement(rooms, user, { itemId }))
        }
      }

      const at = clock.now()
      const claim = { at, leaseUntil: at + minuteMs, limit: 5 }
      const taken: { id: string; site: { id: string } }[] = []
      for (const _ of rounds) {
        const claims = all(
          await race((server) => server.claimDeliveries({ ...claim, by: nameOf(server) })),
        )
        taken.push(...claims.flat())
      }

      expect(count(taken.map(({ id }) => id))).toBe(taken.length)
      const shares = Object.values(Object.groupBy(taken, ({ site }) => site.id))
      expect(shares.map((ofSite) => ofSite?.length)).toEqual(sites.map(() => 4))
    })

    it('count each failure of an endpoint', async () => {
      const { race, rooms, sites, store, clock } = await withTwo()
      const webhookUrl = 'https://erp.test/hook'
      for (const site of sites) {
        await store.updateSite(site.id, { webhookUrl }, testBy)
        const user = await aUser(rooms, site)
        for (const itemId of [1, 2, 3, 4]) {
          await store.acceptEvent(anAnnouncement(rooms, user, { itemId }))
        }
      }
      const at = clock.now()
      const claim = { by: 'srv_1', at, leaseUntil: at + minuteMs, limit: 4 * sites.length }
      const claimed = await store.claimDeliveries(claim)

      for (const site of sites) {
        const ofSite = claimed.filter((one) => one.site.id === site.id)
        const failed = { kind: 'failed', dueAt: at + minuteMs } as const
        const endpoint = { webhookUrl, status: 500 }
        all(
          await race((server, nth) => {
            const { id, attempt } = ofSite[nth]!
            return server.settleDelivery({ id, attempt, at, outcome: failed, try: null, endpoint })
          }),
        )

        expect((await store.readEndpoint(site.id)).streak).toBe(4)
      }
    })

    it('take an item’s deliveries one after the other', async () => {
      const { race, rooms, site, store, clock, nameOf } = await withTwo()
      await store.updateSite(site.id, { webhookUrl: 'https://erp.test/hook' }, testBy)
      const user = await aUser(rooms, site)
      const events = rounds.map(() => anAnnouncement(rooms, user, { itemId: 7 }))
      for (const event of events) await store.acceptEvent(event)

      const order: string[] = []
      for (const _ of rounds) {
        const at = clock.now()
        const claim = { at, leaseUntil: at + minuteMs, limit: 5 }
        const claims = all(
          await race((server) => server.claimDeliveries({ ...claim, by: nameOf(server) })),
        ).flat()
        expect(claims).toHaveLength(1)
        for (const { id, attempt, event } of claims) {
          order.push(event.id)
          const outcome = { kind: 'delivered' } as const
          await store.settleDelivery({ id, attempt, at, outcome, try: null, endpoint: null })
        }
      }

      expect(order).toEqual(events.map(({ id }) => id))
    })

    it.each(['refresh', 'renewal'] as const)('grant no more than is allowed: %s', async (kind) => {
      const { race, rooms, sites } = await withTwo()

      for (const [round, site] of sites.entries()) {
        await addItems(rooms, await aUser(rooms, site), 400 + round)
        const allowed = { at: testNow, since: testNow - minuteMs, limit: 3 }
        const claims = all(
          await race((server) => server.claimAllowance(kind, 400 + round, allowed)),
        )

        expect(claims.filter((one) => 'claim' in one)).toHaveLength(3)
        expect(claims.filter((one) => 'oldestAt' in one)).toEqual([{ oldestAt: testNow }])
      }
    })

    it('send one mail about a consent', async () => {
      const { race, rooms, sites, store } = await withTwo()

      for (const [nth, site] of sites.entries()) {
        await store.updateSite(site.id, { remindBy: 'mail' }, testBy)
        const user = await aUser(rooms, site, { name: 'ann' })
        const item = { id: 70 + nth, authenticationExpiresAt: testNow + minuteMs }
        await store.keepItems(user.id, [itemFacts(item)], { at: testNow, complete: false })
        const unmailed = { mailedOf: null, mailedDays: null }

        const claimed = await race((server, at) =>
          server.noteItem(item.id, mailClaimed({ ...item, ...unmailed }, 1, testNow + at)),
        )

        expect(all(claimed).filter(Boolean)).toHaveLength(1)
      }
    })
  })
}
