import { expect } from 'vitest'
import { withPostgres } from '../../support/postgres.ts'
import { serversOn } from '../../support/servers.ts'
import { aRequest, aTenant, aUser, anAnnouncement, testBy } from '../../support/tenants.ts'
import { receiver } from '../webhooks/receiver.ts'

const minuteMs = 60_000

withPostgres((it, server) => {
  /** Servers on a database of the test's own, and how each claims what there is to do. */
  const withServers = async () => {
    const serve = await serversOn(server)
    return async (name: string, options: Parameters<typeof serve>[1] = {}) => {
      const made = await serve(name, { ...options, env: { ALLOWED_TARGETS: '127.0.0.0/8' } })
      const { store, clock, memberId: by } = made.app
      return {
        ...made,
        store,
        claim: () => {
          const at = clock.now()
          return store.claimDeliveries({ by, at, leaseUntil: at + minuteMs, limit: 9 })
        },
        claimEvents: () => {
          const at = clock.now()
          return store.claimUnhandledEvents({ by, at, until: at + minuteMs, limit: 9 })
        },
      }
    }
  }

  it.each([
    ['ten minutes ahead', { aheadMs: 10 * minuteMs }, 0],
    ['ten minutes behind', { aheadMs: -10 * minuteMs }, 0],
    ['set forward while it runs', { aheadMs: 0 }, 10 * minuteMs],
    ['set back while it runs', { aheadMs: 0 }, -10 * minuteMs],
  ])(
    'a server whose machine’s clock is %s claims, leases and expires as the others do',
    async (_, skew, laterMs) => {
      const serve = await withServers()
      const right = await serve('right')
      const skewed = await serve('skewed', skew)
      skewed.setClock(skew.aheadMs + laterMs)
      const { app, store, clock } = right
      const { site, scope } = await aTenant(app)
      await store.updateSite(site.id, { webhookUrl: 'https://erp.test/hook' }, testBy)
      const user = await aUser(app, site, { name: 'ann' })
      const request = await aRequest(app, user, {
        expiresAt: clock.now() + 5 * minuteMs,
      })
      const announce = () => store.acceptEvent(anAnnouncement(app, user, { handledAt: null }))

      // Each in turn has what the other must leave alone.
      await announce()
      expect(await right.claim()).toHaveLength(1)
      expect(await right.claimEvents()).toHaveLength(1)
      expect(await skewed.claim()).toEqual([])
      expect(await skewed.claimEvents()).toEqual([])
      const other = await aUser(app, site, { name: 'ben' })
      await store.acceptEvent(anAnnouncement(app, other, { handledAt: null, itemId: 2 }))
      // The two clocks may differ by the way of an answer: it is due here a moment later.
      await expect.poll(skewed.claim).toHaveLength(1)
      expect(await skewed.claimEvents()).toHaveLength(1)
      expect(await right.claim()).toEqual([])
      expect(await right.claimEvents()).toHaveLength(1) // its own, again
      await skewed.store.expireRequests(skewed.clock.now(), 9)

      expect((await store.findRequest(scope, request))?.request.state).toBe('pending')
      expect(await store.listMembers()).toHaveLength(2)
      expect(Math.abs(skewed.clock.now() - clock.now())).toBeLessThan(minuteMs)
    },
  )

  it('what it signs and writes down has the time of the others', async () => {
    const serve = await withServers()
    const skewed = await serve('skewed', { aheadMs: 10 * minuteMs, workers: true })
    const { app, store } = skewed
    const { site } = await aTenant(app)
    const at = await receiver()
    await store.updateSite(site.id, { webhookUrl: at.url }, testBy)
    await store.allowTargets(site.id, ['127.0.0.0/8'], testBy)
    const event = anAnnouncement(app, await aUser(app, site))
    const body = app.keyring.seal('{}', `events/${event.id}`)
    await store.acceptEvent({ ...event, body })

    await expect.poll(() => at.posts.length).toBe(1)
    await expect.poll(async () => (await store.findDelivery(event.id))?.state).toBe('delivered')

    const now = await store.readTime()
    const signedAt = Number(at.posts[0]?.headers['webhook-timestamp']) * 1_000
    const delivery = await store.findDelivery(event.id)
    const written = [signedAt, delivery?.settledAt, delivery?.tries[0]?.startedAt]
    for (const time of written) expect(Math.abs(now - time!)).toBeLessThan(5 * minuteMs)
  })
})
