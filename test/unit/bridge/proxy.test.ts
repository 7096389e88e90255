import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { dispatcherTo } from '../../../src/bridge/transport/dispatcher.ts'
import { aProxy } from '../../support/proxy.ts'
import { tlsReceiver } from '../webhooks/tls-receiver.ts'

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
