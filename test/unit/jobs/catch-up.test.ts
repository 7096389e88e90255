import { http, HttpResponse } from 'msw'
import { describe, expect, it } from 'vitest'
import { aConnectedBank, bridgeTime } from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { jobsApp, day, refreshed, toldTo } from '../../support/jobs-app.ts'

const hour = 60 * 60_000
const itemsPath = '/v3/aggregation/items'

async function aSilence() {
  const made = await jobsApp()
  const bank = await aConnectedBank(made, made.acme.site, { user: 'ann' })
  const asked = () => made.bridge.calls.filter(({ path }) => path === itemsPath).length
  return { ...made, bank, asked }
}

describe('after a silence of 36 hours', () => {
  it('a user’s items are read once, in one list', async () => {
    const made = await aSilence()
    const { app, clock, asked, world, bank } = made
    for (let count = 0; count < 4; count += 1) world.addItem(bank.user.userUuid)
    clock.advance(36 * hour + 1)

    for (let count = 0; count < 5; count += 1) {
      await app.jobs.catchUp()
      clock.advance(hour)
    }

    expect(asked()).toBe(1)
  })

  it('nothing is asked before', async () => {
    const { app, clock, asked } = await aSilence()
    clock.advance(36 * hour)

    await app.jobs.catchUp()

    expect(asked()).toBe(0)
  })

  it('an event counts as a sign of life', async () => {
    const made = await aSilence()
    made.clock.advance(35 * hour)
    await refreshed(made, made.bank, 0)
    made.clock.advance(10 * hour)

    await made.app.jobs.catchUp()

    expect(made.asked()).toBe(0)
  })

  it('status, consent and what is gone are corrected, and the site is told', async () => {
    const made = await aSilence()
    const { app, acme, clock, world, bank } = made
    const gone = await aConnectedBank(made, acme.site, { user: 'ben' })
    await app.jobs.tell()
    clock.advance(2 * day)
    Object.assign(world.items.get(bank.itemId)!, {
      status: 1010,
      authentication_expires_at: bridgeTime(clock.now() + 5 * day),
    })
    world.items.delete(gone.itemId)

    await app.jobs.catchUp()
    await app.jobs.tell()
    await app.jobs.remind()

    expect(await toldTo(app, acme)).toMatchObject([
      { type: 'item.action_required', content: { item_id: bank.itemId, next: 'sca' } },
      { type: 'consent.expiring', content: { item_id: bank.itemId, days_left: 5 } },
    ])
    expect(await app.store.listItems(gone.user.id)).toEqual([])
  })

  it('an outage leaves everything as it was, for the next hour', async () => {
    const { app, clock, bridge, asked, bank } = await aSilence()
    clock.advance(2 * day)
    let down = true
    bridge.use(
      http.get(`${bridgeUrl}${itemsPath}`, () => (down ? HttpResponse.error() : undefined)),
    )

    await app.jobs.catchUp()
    const failed = asked()
    down = false
    clock.advance(hour)
    await app.jobs.catchUp()

    expect(asked()).toBe(failed + 1)
    expect(await app.store.listItems(bank.user.id)).toMatchObject([{ goneAt: null }])
  })

  it.each([
    ['unknown at Bridge', () => bridgeProblem(404)],
    ['answered in a wrong shape', () => HttpResponse.json({ resources: [{}] })],
  ])(
    'one user %s does not hold up the others, and is not asked for every hour',
    async (_, answer) => {
      const made = await aSilence()
      const { app, acme, clock, bridge, asked } = made
      await aConnectedBank(made, acme.site, { user: 'ben' })
      clock.advance(2 * day)
      let bad = true
      bridge.use(
        http.get(`${bridgeUrl}${itemsPath}`, () => {
          if (!bad) return undefined
          bad = false
          return answer()
        }),
      )

      await app.jobs.catchUp()
      await app.jobs.catchUp()

      expect(asked()).toBe(2)
    },
  )

  it('a user whose list always fails is tried once an hour, not once a batch', async () => {
    const made = await jobsApp()
    const { app, acme, clock, bridge } = made
    for (let count = 0; count < 25; count += 1) {
      await aConnectedBank(made, acme.site, { user: `user ${count}` })
    }
    clock.advance(2 * day)
    let first: string | null = null
    bridge.use(
      http.get(`${bridgeUrl}${itemsPath}`, ({ request }) => {
        first ??= request.headers.get('authorization')
        return request.headers.get('authorization') === first ? bridgeProblem(500) : undefined
      }),
    )

    while (await app.jobs.catchUp());

    const tries = 3
    expect(bridge.calls.filter(({ path }) => path === itemsPath)).toHaveLength(24 + tries)
  })

  it.each([
    ['three in a row end it', () => true, 3],
    ['fewer between answers do not', (asked: number) => asked % 3 !== 0, 7],
  ])('of users whose lists fail, %s', async (_, fails, expected) => {
    const made = await jobsApp()
    const { app, acme, clock, bridge } = made
    for (let count = 0; count < 7; count += 1) {
      await aConnectedBank(made, acme.site, { user: `user ${count}` })
    }
    clock.advance(2 * day)
    let asked = 0
    bridge.use(
      http.get(`${bridgeUrl}${itemsPath}`, () => {
        asked += 1
        return fails(asked) ? bridgeProblem(429) : undefined // which is not asked again
      }),
    )

    await app.jobs.catchUp()

    expect(asked).toBe(expected)
  })

  it('hundreds of users are read batch by batch', async () => {
    const made = await jobsApp()
    const { app, acme, clock, bridge } = made
    for (let count = 0; count < 45; count += 1) {
      await aConnectedBank(made, acme.site, { user: `user ${count}` })
    }
    clock.advance(2 * day)

    const more = [await app.jobs.catchUp(), await app.jobs.catchUp(), await app.jobs.catchUp()]

    expect(more).toEqual([true, true, false])
    expect(bridge.calls.filter(({ path }) => path === itemsPath)).toHaveLength(45)
  })
})
