import { expect, test } from 'vitest'
import { aServedSite, exchangeBytes, readReply, type Served } from '../../contract/wire/served.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'

const secret = 'the-webhook-secret'
const signature = signBridgeWebhook(Buffer.from('{}'), secret)

/** A request for each kind of route, and what it is answered. */
const routes: [verb: string, path: string, status: number][] = [
  ['GET', '/api/method/frappe.auth.get_logged_user', 200],
  ['POST', '/api/v1/method/ping', 200],
  ['GET', '/api/v2/method/ping', 200],
  ['GET', '/api/resource/Item', 404],
  ['GET', '/?cmd=ping', 200],
  ['GET', '/live', 200],
  ['GET', '/docs', 200],
  ['GET', '/openapi.json', 200],
  ['GET', '/metrics', 200],
  ['GET', '/renewed', 200],
  ['GET', '/bridge/callback?context=//nobody', 404],
  ['POST', '/webhooks/bridge', 200],
]

async function ask(served: Served, verb: string, target: string) {
  const { authorization } = served.key
  const lines = [
    `${verb} ${target} HTTP/1.1`,
    'Host: bank.test',
    'Connection: close',
    `Authorization: ${target.includes('metrics') ? 'bearer the-scraper' : authorization}`,
    `BridgeApi-Signature: ${signature}`,
    'Content-Type: application/json',
    ...(verb === 'POST' ? ['Content-Length: 2'] : []),
  ]
  const body = verb === 'POST' ? '{}' : ''
  return readReply(await exchangeBytes(served.port, `${lines.join('\r\n')}\r\n\r\n${body}`))
}

const aGateway = () =>
  aServedSite({
    BRIDGE_WEBHOOK_SECRETS: secret,
    METRICS_TOKEN: 'the-scraper',
    LIMIT_PER_ADDRESS: '0',
  })

test.each(routes)(
  'slashes before a path change nothing, nor does an absolute address: %s %s',
  async (verb, path, status) => {
    const served = await aGateway()
    const plain = await ask(served, verb, path)

    const others = []
    for (const before of ['/', '//', 'http://bank.test', 'HTTP://bank.test//']) {
      others.push(await ask(served, verb, before + path))
    }

    expect(plain.status).toBe(status)
    expect(others.map((reply) => reply.status)).toEqual(others.map(() => status))
    // A page names its own request.
    const said = ({ body }: { body: string }) => body.replace(/req_\d+/, '')
    if (path !== '/metrics') expect(new Set(others.map(said))).toEqual(new Set([said(plain)]))
  },
)

test('slashes within a path still make another one', async () => {
  const served = await aGateway()

  const within = await ask(served, 'GET', '/api//method/ping')

  expect(within.status).toBe(404)
})

test.each(['/live', '/ready'])('a monitor may ask %s with HEAD', async (path) => {
  const served = await aGateway()

  const reply = await ask(served, 'HEAD', path)

  expect(reply).toMatchObject({ status: 200, body: '' })
  expect(Number(reply.headers['content-length'])).toBeGreaterThan(0)
})

test.each(['Bearer', 'bearer', 'BEARER'])('the metrics take "%s"', async (scheme) => {
  const { app } = await aGateway()
  const authorization = `${scheme} the-scraper`

  const page = await app.inject({ url: '/metrics', headers: { authorization } })
  const other = await app.inject({
    url: '/metrics',
    headers: { authorization: `${authorization}s` },
  })

  expect([page.statusCode, other.statusCode]).toEqual([200, 404])
})
