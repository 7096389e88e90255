import { describe, expect, it } from 'vitest'
import { toFacts } from '../../../src/ownership/item-list.ts'
import { remind } from '../../../src/jobs/consent-reminders.ts'
import { aConnectedBank, bridgeTime } from '../../support/app.ts'
import { jobsApp, day, toldTo } from '../../support/jobs-app.ts'

/** A connected bank whose consent lasts 180 days from now. */
async function aConsent() {
  const made = await jobsApp()
  const { app, acme, clock, world } = made
  const end = clock.now() + 180 * day
  const bank = await aConnectedBank(made, acme.site, {
    user: 'ann',
    item: { authentication_expires_at: bridgeTime(end) },
  })
  const daysLeft = async (): Promise<unknown[]> =>
    (await toldTo(app, acme)).map(({ content }) => content['days_left'])
  /** Bridge says that the consent ends then. */
  const say = (authentication_expires_at: string): Promise<void> => {
    const item = Object.assign(world.items.get(bank.itemId)!, { authentication_expires_at })
    const at = clock.now()
    return app.store.keepItems(bank.user.id, [toFacts(item)], { at, complete: false })
  }
  return { ...made, bank, end, daysLeft, say }
}

describe('consent.expiring', () => {
  it('waits for the next server when this one stops: each is told once', async () => {
    const made = await aConsent()
    const { app, acme, clock, end, daysLeft } = made
    for (const user of ['ben', 'cid']) {
      const item = { authentication_expires_at: bridgeTime(end) }
      await aConnectedBank(made, acme.site, { user, item })
    }
    clock.advance(150 * day)
    const stopping = new AbortController()
    const store = {
      ...app.store,
      noteItem: (...given: Parameters<typeof app.store.noteItem>) => {
        stopping.abort()
        return app.store.noteItem(...given)
      },
    }

    const { ids, keyring } = app
    const deps = { store, clock, ids, keyring, publicUrl: 'https://bank.test' }
    expect(await remind({ ...deps, signal: stopping.signal })).toBe(false)
    expect(await daysLeft()).toHaveLength(1)
    await app.jobs.remind()
    expect(await daysLeft()).toHaveLength(3)
  })

  it('has a look of its own: one at what changed, which is taken all the time, does not read all consents that end soon', async () => {
    const { app, clock, daysLeft } = await aConsent()
    clock.advance(150 * day)

    await app.jobs.tell()

    expect(await daysLeft()).toEqual([])
  })

  it('comes 30, 14, 7, 3 and 1 days before the end, once each', async () => {
    const { app, clock, daysLeft } = await aConsent()

    await app.jobs.remind()
    clock.advance(145 * day)
    for (let hours = 0; hours < 36 * 24; hours += 6) {
      await app.jobs.remind()
      clock.advance(6 * 3_600_000)
    }

    expect(await daysLeft()).toEqual([30, 14, 7, 3, 1])
  })

  it('says which connection, until when, and where to renew', async () => {
    const { app, acme, clock, bank, end } = await aConsent()
    clock.advance(150 * day)

    await app.jobs.remind()

    expect(await toldTo(app, acme)).toEqual([
      {
        type: 'consent.expiring',
        content: {
          item_id: bank.itemId,
          bank: null,
          site: 'erp.acme.test',
          user: 'ann',
          expires_at: new Date(end).toISOString(),
          days_left: 30,
          renew_url: expect.stringMatching(/^https:\/\/bank\.test\/renew\/[\w-]{30,60}$/),
        },
        timestamp: clock.now(),
      },
    ])
  })

  it('is exact to the moment', async () => {
    const { app, clock, daysLeft } = await aConsent()
    clock.advance(150 * day - 1)
    await app.jobs.remind()
    expect(await daysLeft()).toEqual([])

    clock.advance(1)
    await app.jobs.remind()

    expect(await daysLeft()).toEqual([30])
  })

  it('is sent once, the nearest, after we were down for weeks', async () => {
    const { app, clock, daysLeft } = await aConsent()
    clock.advance(175 * day)

    await app.jobs.remind()
    await app.jobs.remind()

    expect(await daysLeft()).toEqual([5])
  })

  it('counts a day that has begun', async () => {
    const { app, clock, daysLeft } = await aConsent()
    clock.advance(150 * day + 1)

    await app.jobs.remind()

    expect(await daysLeft()).toEqual([30])
  })

  it('is not sent again when Bridge prints the same end a little differently', async () => {
    const { app, clock, end, daysLeft, say } = await aConsent()
    clock.advance(151 * day)
    await app.jobs.remind()

    await say(new Date(end - 750).toISOString())
    await app.jobs.remind()

    expect(await daysLeft()).toEqual([29])
  })

  it('begins anew after a renewal', async () => {
    const { app, clock, daysLeft, say } = await aConsent()
    clock.advance(179 * day)
    await app.jobs.remind()
    await say(bridgeTime(clock.now() + 180 * day))
    await app.jobs.remind()

    clock.advance(150 * day)
    await app.jobs.remind()

    expect(await daysLeft()).toEqual([1, 30])
  })

  it('survives an answer of Bridge’s that leaves the end out', async () => {
    const { app, clock, bank, daysLeft, world } = await aConsent()
    const { authentication_expires_at: _, ...item } = world.items.get(bank.itemId)!
    await app.store.keepItems(bank.user.id, [toFacts(item)], { at: clock.now(), complete: false })
    clock.advance(150 * day)

    await app.jobs.remind()

    expect(await daysLeft()).toEqual([30])
  })

  it('says nothing once the consent is over, or the connection or the tenant gone', async () => {
    const over = await aConsent()
    over.clock.advance(180 * day)
    const gone = await aConsent()
    gone.clock.advance(150 * day)
    await gone.app.store.deleteItem(gone.bank.itemId, { actor: 'test', at: gone.clock.now() })

    await over.app.jobs.remind()
    await gone.app.jobs.remind()

    expect(await over.daysLeft()).toEqual([])
    expect(await gone.daysLeft()).toEqual([])
  })
})
