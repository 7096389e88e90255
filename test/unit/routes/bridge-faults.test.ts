import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'
import { callMethod } from '../../support/app.ts'
import { bridgeUrl } from '../../support/bridge.ts'
import {
  expectNothingLeaked,
  methodsUnderTest,
  twoTenants,
  type TwoTenants,
} from './two-tenants.ts'

const faults = [
  {
    fault: 'closes the connection',
    answer: () => HttpResponse.error(),
    status: 503,
    retryAfter: '30',
  },
  {
    fault: 'answers a page of HTML',
    answer: () => HttpResponse.html('<h1>carol@globex.test FR76</h1>'),
    status: 502,
  },
  {
    fault: 'answers 500',
    answer: () => HttpResponse.json({ message: 'FR76 carol' }, { status: 500 }),
    status: 503,
    retryAfter: '30',
  },
  {
    fault: 'answers 429',
    answer: () => HttpResponse.json({}, { status: 429, headers: { 'retry-after': '7' } }),
    status: 429,
    excType: 'TooManyRequestsError',
    retryAfter: '7',
  },
  { fault: 'answers an empty body', answer: () => new HttpResponse(null), status: 502 },
  {
    fault: 'refuses our credentials',
    answer: () => HttpResponse.json({ code: 'invalid_client_credentials' }, { status: 401 }),
    status: 502,
  },
  {
    fault: 'answers JSON of another shape',
    answer: () => HttpResponse.json({ resources: [{ iban: 'FR76' }], carol: true }),
    status: 502,
  },
]

/** These answer from what we hold. */
const withoutBridge = new Set([
  'get_bridge_item_id',
  'get_webhook_secret',
  'get_events',
  'get_portal_link',
])

/** Bridge's success has no body here, so there is none to be wrong about. */
const withoutBody = new Set(['delete_bridge_item_id', 'post_item_refresh'])

/** Whether the fault is none for this method. */
const isFine = (name: string, fault: string): boolean =>
  withoutBody.has(name) && /HTML|empty|shape/.test(fault)

/** What Bridge may have done without saying so counts against what the bank allows in a day. */
const mayBeDone = (name: string, fault: string): boolean =>
  name === 'post_item_refresh' && fault === 'closes the connection'

/** Everything but the token endpoint fails: so it is the method's own call that meets the fault. */
function breakBridge({ bridge }: TwoTenants, answer: () => Response): void {
  bridge.use(
    http.all(`${bridgeUrl}/*`, ({ request }) =>
      request.url.endsWith('/authorization/token') ? undefined : answer(),
    ),
  )
}

test.each(methodsUnderTest.filter(({ name }) => !withoutBridge.has(name)))(
  '$name says how Bridge failed, stores nothing and repeats nothing of it',
  async ({ name, fitting }) => {
    const meant = faults.filter(({ fault }) => !isFine(name, fault))

    // At once, for the client waits before it asks again.
    await Promise.all(
      meant.map(async ({ fault, answer: broken, status, excType = 'BridgeError', retryAfter }) => {
        const held = await twoTenants()
        const params = fitting(held)
        breakBridge(held, broken)
        const before = held.tables()

        const answer = await callMethod(held.app, name, params, { as: held.acme.siteKey })

        const { 'x-ratelimit-reset': wait } = answer.headers
        expect([fault, answer.status, wait]).toEqual([fault, status, retryAfter])
        expect(answer.body).toMatchObject({ exc_type: excType })
        expect(answer.body).not.toHaveProperty('message')
        if (!mayBeDone(name, fault)) expect(held.tables()).toEqual(before)
        expectNothingLeaked(held, answer.text)
      }),
    )
  },
)

test('a request is answered from the store, whatever became of Bridge', async () => {
  const held = await twoTenants()
  breakBridge(held, () => HttpResponse.error())

  const answer = await callMethod(
    held.app,
    'get_bridge_item_id',
    { request: held.alice.request },
    { as: held.acme.siteKey },
  )

  expect(answer).toMatchObject({ status: 200, message: { status: 'pending' } })
  expect(held.bridge.calls).toEqual([])
})

test('no token can be had: Bridge is away for everyone, and says so', async () => {
  const held = await twoTenants()
  held.bridge.use(http.all(`${bridgeUrl}/*`, () => HttpResponse.error()))

  const asked = methodsUnderTest.filter(({ name }) => !withoutBridge.has(name))
  const answers = await Promise.all(
    asked.map(({ name, fitting }) =>
      callMethod(held.app, name, fitting(held), { as: held.acme.siteKey }),
    ),
  )

  expect(answers.map(({ status, headers }) => [status, headers['x-ratelimit-reset']])).toEqual(
    asked.map(() => [503, '30']),
  )
})
