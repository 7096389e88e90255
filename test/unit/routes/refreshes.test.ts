import { delay, http, HttpResponse } from 'msw'
import { expect, onTestFinished, test, vi } from 'vitest'
import { aConnectedBank, callMethod, testApp } from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { aTenant } from '../../support/tenants.ts'

/** A connection, and the statuses of asking five times for its refresh, each answered so by Bridge. */
async function fiveRefreshes(answer: () => Response | Promise<Response>) {
  const made = await testApp()
  const acme = await aTenant(made.app)
  const { itemId } = await aConnectedBank(made, acme.site, { user: 'ada' })
  made.bridge.use(http.post(`${bridgeUrl}/v2/items/:id/refresh`, answer))
  const statuses: number[] = []
  for (let count = 0; count < 5; count += 1) {
    const args = { item_id: itemId }
    const { status } = await callMethod(made.app, 'post_item_refresh', args, { as: acme.siteKey })
    statuses.push(status)
  }
  return statuses
}

test('a refresh counts against the four of a day', async () => {
  const done = () => new HttpResponse(null, { status: 202 })

  expect(await fiveRefreshes(done)).toEqual([200, 200, 200, 200, 429])
})

test('one that got no answer in time counts too, for it may have taken place', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => timers.mockRestore())
  const inTime = async () => {
    const [timeIsOver] = timers.mock.calls.findLast(([, ms]) => ms === 10_000) ?? []
    timeIsOver?.()
    await delay('infinite')
    return new HttpResponse(null)
  }

  expect(await fiveRefreshes(inTime)).toEqual([504, 504, 504, 504, 429])
})

test('one that was cut off counts too', async () => {
  expect(await fiveRefreshes(() => HttpResponse.error())).toEqual([503, 503, 503, 503, 429])
})

test.each([
  ['Bridge says no to', () => bridgeProblem(404), 200],
  ['Bridge refuses', () => bridgeProblem(400), 502],
  ['Bridge fails at', () => bridgeProblem(500), 503],
])('one that %s does not count', async (_, answer, status) => {
  expect(await fiveRefreshes(answer)).toEqual(Array.from({ length: 5 }, () => status))
})
