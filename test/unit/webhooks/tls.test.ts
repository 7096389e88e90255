import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createSender } from '../../../src/webhooks/relay/sender.ts'
import { loopback } from '../../../src/webhooks/relay/target-guard.ts'
import { relayRooms } from './relay-rooms.ts'
import { tlsReceiver, toLoopback } from './tls-receiver.ts'
import { tryTime } from '../../support/try-time.ts'

function tlsSender() {
  const sender = createSender({ resolve: toLoopback })
  onTestFinished(() => sender.close())
  const send = (url: string, signal?: AbortSignal) =>
    sender.send({
      url,
      headers: {},
      body: Buffer.from('{}'),
      opened: loopback,
      ...(signal && { signal }),
    })
  return { sender, send }
}

test('the handshake and the Host header carry the name, though a checked address is dialled', async () => {
  const site = await tlsReceiver()
  const { send } = tlsSender()

  expect(await send(site.url('erp.acme.test'))).toMatchObject({ status: 200 })

  expect(site.names).toEqual(['erp.acme.test'])
  expect(site.requests[0]?.headers.host).toBe(`erp.acme.test:${site.port}`)
})

test('a certificate for another name fails each try, and nothing is sent', async () => {
  const site = await tlsReceiver()
  const { sender } = tlsSender()
  const { relay, store, clock, emit, listenAt } = await relayRooms({ sender })
  await listenAt(site.url('shop.acme.test'))
  const id = await emit()

  await relay.tick()
  clock.advance(10_000)
  await relay.tick()

  expect(await store.findDelivery(id)).toMatchObject({
    state: 'pending',
    tries: [
      { status: null, error: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      { status: null, error: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    ],
  })
  expect(site.names).toEqual(['shop.acme.test', 'shop.acme.test'])
  expect(site.requests).toEqual([])
})

test('a connection that went dead costs one try: the next one dials anew', async () => {
  const first = new Set<number | undefined>()
  const site = await tlsReceiver(({ socket: { remotePort } }, response) => {
    if (first.has(remotePort)) return
    if (first.size === 0) first.add(remotePort)
    response.end()
  })
  const { send } = tlsSender()
  const url = site.url('erp.acme.test')

  const time = tryTime()
  const answers = [await send(url)]
  await setImmediate() // then the connection is free again
  const second = send(url)
  await expect.poll(() => site.requests.length).toBe(2)
  time.isOver()
  answers.push(await second, await send(url))

  expect(answers.map(({ status }) => status)).toEqual([200, null, 200])
  expect(site.requests.map(({ httpVersion }) => httpVersion)).toEqual(['1.1', '1.1', '1.1'])
})

test('a handshake that hangs holds up no other try, and ends when it is called off', async () => {
  const site = await tlsReceiver(undefined, (handshake) => handshake > 1)
  const { send } = tlsSender()
  const stopping = new AbortController()

  const hanging = send(site.url('erp.acme.test'), stopping.signal)
  const other = await send(site.url('erp.acme.test'))
  stopping.abort()

  // Not by the dial's own limit, which has another word for it.
  expect(await hanging).toMatchObject({ status: null, error: 'AbortError' })
  expect(other.status).toBe(200)
})
