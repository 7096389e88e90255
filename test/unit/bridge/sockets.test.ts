import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildConnector, Pool } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { createBridgeClient } from '../../../src/bridge/client.ts'
import {
  BridgeNetworkError,
  BridgeSchemaError,
  BridgeTimeoutError,
} from '../../../src/bridge/bridge-errors.ts'
import type { BridgeCall, BridgeOptions } from '../../../src/bridge/options.ts'
import { createQuota } from '../../../src/bridge/admission/quota.ts'
import { mayBeRefreshed } from '../../../src/bridge/resources/items.ts'
import { systemClock } from '../../../src/clock.ts'
import { partHeard, tryTime } from '../../support/try-time.ts'
import { rejection } from './test-client.ts'

/** The client on a real pool of one connection, before a real server. */
async function clientBefore(
  listener: RequestListener,
  timeoutMs = 5_000,
  pool: Pool.Options = {},
  more: Partial<BridgeOptions> = {},
) {
  let connections = 0
  const server = createServer(listener).on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const dispatcher = new Pool(baseUrl, { connections: 1, ...pool })
  onTestFinished(async () => {
    await dispatcher.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const client = createBridgeClient({
    baseUrl,
    clientId: 'id',
    clientSecret: 'secret',
    dispatcher,
    clock: systemClock,
    sleep: async () => {},
    timeoutMs,
    ...more,
  })
  return { client, server, connections: () => connections }
}

test('an answer in pieces is read over one connection, with the documented headers', async () => {
  const seen: unknown[] = []
  const { client, connections } = await clientBefore((request, response) => {
    seen.push(request.url, request.headers['bridge-version'], request.headers['client-id'])
    response.write('{"id":574,"name":"Cr')
    setImmediate(() => response.end('édit","novelty":1}'))
  })

  const answers = [await client.providers.get(574), await client.providers.get(574)]

  const answer = { id: 574, name: 'Crédit', novelty: 1 }
  expect(answers).toEqual([answer, answer])
  expect(seen.slice(0, 3)).toEqual(['/v3/providers/574', '2025-01-15', 'id'])
  expect(connections()).toBe(1)
})

test.each<[string, RequestListener]>([
  ['a connection closed without an answer', (request) => request.socket.destroy()],
  [
    'a body shorter than announced',
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"id":574')
      setImmediate(() => response.destroy())
    },
  ],
  [
    'a body cut between its pieces',
    (_, response) => {
      response.write('{"id":574')
      setImmediate(() => response.destroy())
    },
  ],
  ['an answer that is no HTTP', (request) => request.socket.end('SSH-2.0-OpenSSH\r\n')],
])('%s is a network error after three tries', async (_, listener) => {
  let tries = 0
  const { client } = await clientBefore((request, response) => {
    tries += 1
    listener(request, response)
  })

  await rejection(client.providers.get(574), BridgeNetworkError)

  expect(tries).toBe(3)
})

test('nobody listening is a network error', async () => {
  const { client, server } = await clientBefore(() => {})
  await new Promise((resolve) => server.close(resolve))

  const error = await rejection(client.providers.get(574), BridgeNetworkError)

  expect(error.detail).toBe('GET /v3/providers/{id}: network (ECONNREFUSED)')
})

const ada = 'c2a26c9e-dc23-4f67-b887-bbae0f26c415'
const giveToken: RequestListener = (_, response) => response.end('{"access_token":"token"}')

test('a refresh that got no answer in time may be done', async () => {
  const time = tryTime(5_000)
  const { client } = await clientBefore((request, response) => {
    if (request.url?.endsWith('/token')) giveToken(request, response)
    else time.isOver()
  })

  const error = await rejection(client.items.refresh(ada, 1), BridgeTimeoutError)

  expect(mayBeRefreshed(error)).toBe(true)
})

test('a refresh that got no connection in time is not done', async () => {
  const time = tryTime(5_000)
  const connect = buildConnector({})
  let connects = 0
  const { client } = await clientBefore(
    (request, response) => giveToken(request, response.setHeader('connection', 'close')),
    5_000,
    {
      connect(options, done) {
        connects += 1
        if (connects === 1) connect(options, done)
        else setImmediate(() => time.isOver())
      },
    },
  )

  const error = await rejection(client.items.refresh(ada, 1), BridgeTimeoutError)

  expect([connects, mayBeRefreshed(error)]).toEqual([2, false])
})

test('a refresh that is given up while another call has the only connection is not done', async () => {
  const refreshing = new AbortController()
  const { client } = await clientBefore((request, response) => {
    if (request.url?.endsWith('/token')) giveToken(request, response)
    else if (request.url === '/v3/providers/574') refreshing.abort()
    else response.end()
  })
  await client.items.refresh(ada, 1) // so that there is a token
  void client.providers.get(574).catch(() => {})

  const given = client.within(refreshing.signal).items.refresh(ada, 1)

  expect(mayBeRefreshed(await rejection(given, BridgeTimeoutError))).toBe(false)
})

test('an answer that stalls is a timeout, and the next call works', async () => {
  let count = 0
  const time = tryTime(5_000)
  const { client } = await clientBefore((_, response) => {
    count += 1
    if (count === 1) response.writeHead(200).write('{"id":')
    else response.end('{"id":574}')
  })

  const heard = partHeard()
  const stalled = rejection(client.providers.get(574), BridgeTimeoutError)
  await heard
  time.isOver()
  await stalled

  expect(await client.providers.get(574)).toEqual({ id: 574 })
})

test('a huge body is dropped, and the next call works', async () => {
  let count = 0
  const { client } = await clientBefore((_, response) => {
    count += 1
    if (count > 1) {
      response.end('{"id":574}')
      return
    }
    const piece = Buffer.alloc(1024 * 1024, 32)
    const pour = (): void => {
      while (!response.destroyed && response.write(piece));
    }
    response.on('drain', pour)
    pour()
  })

  await rejection(client.providers.get(574), BridgeSchemaError)

  expect(await client.providers.get(574)).toEqual({ id: 574 })
})

test('an unread redirect leaves the connection in order', async () => {
  const { client, connections } = await clientBefore((request, response) => {
    if (request.url === '/v3/providers/1') {
      response.writeHead(302, { location: '/v3/providers/2' }).end('moved')
    } else response.end('{"id":2}')
  })

  await expect(client.providers.get(1)).rejects.toMatchObject({ bridgeStatus: 302, status: 502 })

  expect(await client.providers.get(2)).toEqual({ id: 2 })
  expect(connections()).toBe(1)
})

test('a call that found no connection until its turn was over takes another turn, and is sent once', async () => {
  let [turns, arrived] = [0, 0]
  const reported: BridgeCall[] = []
  const quota = createQuota({ clock: systemClock })
  onTestFinished(() => quota.close())
  const { client, connections } = await clientBefore(
    (_, response) => {
      arrived += 1
      response.end('{"id":574}')
    },
    5_000,
    {},
    {
      onCall: (call) => reported.push(call),
      quota: {
        ...quota,
        async take() {
          turns += 1
          const isOver = turns < 3
          return { isOver: () => isOver }
        },
      },
    },
  )

  expect(await client.providers.get(574)).toEqual({ id: 574 })

  expect({ turns, arrived, connections: connections() }).toEqual({
    turns: 3,
    arrived: 1,
    connections: 1,
  })
  expect(reported).toEqual([expect.objectContaining({ attempt: 1, status: 200 })])
})

test('the limits of the pool itself are timeouts too', async () => {
  const silent: RequestListener = () => {}
  const stalled: RequestListener = (_, response) => void response.writeHead(200).write('{')
  const limits = { headersTimeout: 50, bodyTimeout: 50 }

  for (const listener of [silent, stalled]) {
    const { client } = await clientBefore(listener, 5_000, limits)
    await rejection(client.providers.get(574), BridgeTimeoutError)
  }
})
