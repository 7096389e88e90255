import { createServer, request as forward } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { dispatcherTo } from '../../../src/bridge/transport/dispatcher.ts'
import { runCliProcess } from '../../support/run-cli.ts'
import { firstStart } from '../../support/gateway.ts'
import { testFolder } from '../../support/store.ts'
import { tlsReceiver } from '../webhooks/tls-receiver.ts'

/** A proxy that leads every name to one port of this machine, and notes what it was asked for. */
async function aProxy(port: number) {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    const { method, headers } = incoming
    const path = new URL(incoming.url ?? '').pathname
    const onward = forward({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(onward)
  })
  server.on('connect', ({ url = '' }, socket: Socket) => {
    asked.push(`CONNECT ${url}`)
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    for (const end of [socket, onward]) end.on('error', () => {})
    sockets.add(onward)
  })
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port: own } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${own}`, asked }
}

async function statusOf(
  origin: string,
  proxy: { http?: string; https?: string; none?: string },
): Promise<number> {
  const { http, https, none = '' } = proxy
  const dispatcher = dispatcherTo(origin, { http, https, none }, 1)
  onTestFinished(() => dispatcher.destroy())
  const { statusCode, body } = await dispatcher.request({ origin, path: '/v3', method: 'GET' })
  await body.dump()
  return statusCode
}

test('what is asked over https goes by its proxy, which sees the name alone', async () => {
  const bridge = await tlsReceiver((_, response) => void response.writeHead(204).end())
  const proxy = await aProxy(bridge.port)

  const status = await statusOf('https://erp.acme.test', { https: proxy.url })

  expect(status).toBe(204)
  expect(proxy.asked).toEqual(['CONNECT erp.acme.test:443'])
})

test('what is asked over http goes by its own proxy, and never by the other', async () => {
  const server = createServer((_, response) => void response.writeHead(203).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const proxy = await aProxy(port)

  const status = await statusOf('http://bridge.test', { http: proxy.url })
  const straight = statusOf('http://bridge.invalid', { https: proxy.url })

  expect(status).toBe(203)
  await expect(straight).rejects.toThrow(/bridge\.invalid/)
  expect(proxy.asked).toHaveLength(1)
})

test('whom NO_PROXY names, and this machine, are reached without', async () => {
  const server = createServer((_, response) => void response.writeHead(203).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const proxy = await aProxy(port)

  const here = await statusOf(`http://127.0.0.1:${port}`, { http: proxy.url })
  const named = statusOf('http://bridge.invalid', { http: proxy.url, none: '.invalid' })

  expect(here).toBe(203)
  await expect(named).rejects.toThrow(/bridge\.invalid/)
  expect(proxy.asked).toEqual([])
})

test('doctor goes by the proxy too, and believes a private CA, as the server does', async () => {
  const bridge = await tlsReceiver((request, response) => {
    response.writeHead(200).end(request.url === '/live' ? '{"status":"live"}' : '{"resources":[]}')
  })
  const proxy = await aProxy(bridge.port)
  const folder = testFolder()
  const env = {
    DATA_DIR: folder,
    PUBLIC_URL: 'https://erp.acme.test',
    BRIDGE_BASE_URL: 'https://erp.acme.test',
    BRIDGE_CLIENT_ID: 'id',
    BRIDGE_CLIENT_SECRET: 'secret',
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    HTTPS_PROXY: proxy.url,
    NODE_USE_ENV_PROXY: '0',
    NODE_EXTRA_CA_CERTS: fileURLToPath(new URL('../webhooks/erp.acme.test.pem', import.meta.url)),
  }
  await firstStart(env)

  const { out, err } = await runCliProcess(folder, ['doctor', '--json'], env)
  expect(err).toBe('')
  const { NODE_EXTRA_CA_CERTS: _, ...stranger } = env
  const without = await runCliProcess(folder, ['doctor', '--json'], stranger)

  const says = (text: string) => JSON.parse(text) as { check: string; says: string }[]
  expect(says(out)).toContainEqual(
    expect.objectContaining({ check: 'bridge credentials', says: 'accepted by Bridge' }),
  )
  expect(says(out)).toContainEqual(
    expect.objectContaining({ check: 'public address', level: 'ok' }),
  )
  expect(says(without.out)).toContainEqual(
    expect.objectContaining({ check: 'bridge credentials', level: 'critical' }),
  )
  expect(proxy.asked).toContain('CONNECT erp.acme.test:443')
}, 120_000)
