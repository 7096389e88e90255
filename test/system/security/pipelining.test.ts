import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { aServedSite, type Served } from '../../contract/wire/served.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'

const secret = 'the-webhook-secret'

function request(line: string, { headers = [] as string[], body = '' } = {}): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  return `${[`${line} HTTP/1.1`, 'Host: bank.test', ...headers, ...length].join('\r\n')}\r\n\r\n${body}`
}

const json = 'Content-Type: application/json'
const bank = '/api/method/bank_api.bridge'

/** Every kind of request that somebody may send without end; $KEY stands for a good key. */
const floods: [title: string, bytes: string][] = [
  ['a page', request('GET /docs')],
  ['its head', request('HEAD /docs')],
  ['nothing of ours', request('GET /nowhere')],
  ['OPTIONS', request('OPTIONS /api/method/ping')],
  ['a verb nobody knows', request('PROPFIND /docs')],
  ['a path that cannot be read', request('GET /%zz')],
  ['an expectation', request('POST /live', { headers: ['Expect: 100-continue'], body: '{}' })],
  ['a small body', request('POST /api/method/ping', { headers: [json], body: '{"a":1}' })],
  ['a body that is none', request('POST /api/method/ping', { headers: [json], body: '{bad' })],
  ['a wrong key', request('GET /api/method/ping', { headers: ['Authorization: token a:b'] })],
  [
    'a webhook',
    request('POST /webhooks/bridge', { headers: [`BridgeApi-Signature: v1=AA`], body: '{}' }),
  ],
  [
    'a webhook of Bridge’s',
    request('POST /webhooks/bridge', {
      headers: [`BridgeApi-Signature: ${signBridgeWebhook(Buffer.from('{}'), secret)}`],
      body: '{}',
    }),
  ],
  ['a call with a key', request(`GET ${bank}.get_category`, { headers: ['$KEY'] })],
  [
    'a call with a key and a body',
    request(`POST ${bank}.get_bank_accounts`, { headers: ['$KEY', json], body: '{"item_id":1}' }),
  ],
]

async function aConnection({ port }: Served, bytes: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}) // it is cut in the middle of our writing
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.pause().write(bytes)
  return socket
}

const openConnections = ({ app }: Served) =>
  new Promise<number>((resolve) => app.server.getConnections((_error, count) => resolve(count)))

it.each(floods)(
  'whoever sends hundreds of requests and never reads is cut, and others are served afterwards: %s',
  async (_title, one) => {
    const served = await aServedSite({ LIMIT_PER_KEY: '0', BRIDGE_WEBHOOK_SECRETS: secret })
    const ended: Promise<unknown>[] = []
    served.app.server.on('connection', (socket: Socket) => ended.push(once(socket, 'close')))
    const bytes = one.replace('$KEY', `Authorization: ${served.key.authorization}`).repeat(500)

    for (let each = 0; each < 10; each += 1) await aConnection(served, bytes)
    await Promise.all(ended)

    // A path that cannot be read is answered without a line in the log.
    const taken = served.log.filter((line) => line.includes('incoming request')).length
    expect(taken).toBeLessThanOrEqual(10 * 16)
    expect(await openConnections(served)).toBe(0)
    const headers = { authorization: served.key.authorization }
    const who = await fetch(`${served.origin}/api/method/frappe.auth.get_logged_user`, { headers })
    const live = await fetch(`${served.origin}/live`)
    expect([who.status, live.status]).toEqual([200, 200])
  },
)

it('a client that pipelines a few requests is answered all of them, in order', async () => {
  const served = await aServedSite()
  const names = ['GET /live', `GET ${bank}.get_nothing`, 'GET /renewed', 'HEAD /live']
  const socket = await aConnection(
    served,
    [...names, ...names, ...names].map((line) => request(line)).join(''),
  )
  let said = ''

  for await (const chunk of socket.resume()) {
    said += String(chunk)
    if ((said.match(/HTTP\/1/g) ?? []).length === 12) break
  }

  const round = [200, 417, 200, 200]
  expect([...said.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))).toEqual([
    ...round,
    ...round,
    ...round,
  ])
})
