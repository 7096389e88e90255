import { delay, http, HttpResponse, type RequestHandler } from 'msw'
import { expect, onTestFinished, test, vi } from 'vitest'
import { hourMs } from '../../../src/durations.ts'
import { aConnectedBank, callMethod, testApp } from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { aTenant } from '../../support/tenants.ts'

type Answer = () => Response | Promise<Response>

/** A connection, and the statuses of asking five times for its refresh, each answered so by Bridge; and `more` it answers. */
async function fiveRefreshes(answer: Answer, ...more: RequestHandler[]) {
  const made = await testApp()
  const acme = await aTenant(made.app)
  const { itemId } = await aConnectedBank(made, acme.site, { user: 'ada' })
  made.bridge.use(http.post(`${bridgeUrl}/v2/items/:id/refresh`, answer), ...more)
  made.clock.advance(2 * hourMs) // so that there may be something to look for
  const statuses: number[] = []
  for (let count = 0; count < 5; count += 1) {
    const args = { item_id: itemId }
    const { status } = await callMethod(made.app, 'post_item_refresh', args, { as: acme.siteKey })
    statuses.push(status)
  }
  return statuses
}

const refreshed = () => new HttpResponse(null, { status: 202 })

test('a refresh counts against the four of a day', async () => {
  expect(await fiveRefreshes(refreshed)).toEqual([200, 200, 200, 200, 429])
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

const page = () => HttpResponse.html('<h1>Soon</h1>')

test('none counts that was not sent, as there was no token for it', async () => {
  const token = http.post(`${bridgeUrl}/v3/aggregation/authorization/token`, page)

  expect(await fiveRefreshes(refreshed, token)).toEqual([502, 502, 502, 502, 502])
})

test('one that Bridge refuses does not count, whatever becomes of looking further', async () => {
  const looked = vi.fn(page)
  const list = http.get(`${bridgeUrl}/v3/aggregation/items`, looked)

  expect(await fiveRefreshes(() => bridgeProblem(400), list)).toEqual([502, 502, 502, 502, 502])
  expect(looked).toHaveBeenCalledTimes(5)
})
