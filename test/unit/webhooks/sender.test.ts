import { expect, onTestFinished, test } from 'vitest'
import type { Resolve } from '../../../src/webhooks/relay/resolve.ts'
import { createSender } from '../../../src/webhooks/relay/sender.ts'
import { loopback } from '../../../src/webhooks/relay/target-guard.ts'
import { receiver, type Answering } from './receiver.ts'
import { marksOf, relayRooms } from './relay-rooms.ts'
import { partHeard, tryTime } from '../../support/try-time.ts'

const body = Buffer.from('{"type":"x", "content":{}}\n')

function testSender(options: { resolve?: Resolve } = {}) {
  const sender = createSender(options)
  onTestFinished(() => sender.close())
  const send = (url: string, more: { opened?: readonly string[]; signal?: AbortSignal } = {}) =>
    sender.send({
      url,
      headers: { 'content-type': 'application/json', 'x-mark': 'here' },
      body,
      opened: loopback,
      ...more,
    })
  return { send }
}

test('a webhook is posted byte for byte with its headers, and the answer is kept', async () => {
  const site = await receiver((_, response) => response.writeHead(202).end('thanks'))
  const { send } = testSender()

  const answer = await send(site.url)

  expect(answer).toEqual({ status: 202, response: Buffer.from('thanks'), retryAfter: undefined })
  expect(site.posts).toMatchObject([
    { body: body.toString(), headers: { 'x-mark': 'here', 'content-length': String(body.length) } },
  ])
  expect(site.posts[0]?.headers).not.toHaveProperty('authorization')
})

test.each<[string, Answering, object]>([
  ['a redirect', (_, r) => r.writeHead(301, { location: '/elsewhere' }).end(), { status: 301 }],
  ['an error', (_, r) => r.writeHead(500).end('oops'), { status: 500 }],
  ['a goodbye', (_, r) => r.writeHead(410).end(), { status: 410 }],
  [
    'a request to wait',
    (_, r) => r.writeHead(429, { 'retry-after': '120' }).end(),
    { status: 429, retryAfter: '120' },
  ],
])('%s is reported as it came, and asked once', async (_, answering, expected) => {
  const site = await receiver(answering)
  const { send } = testSender()

  expect(await send(site.url)).toMatchObject(expected)

  expect(site.posts).toHaveLength(1)
})

test('a site that hangs is given up after 15 seconds', async () => {
  const site = await receiver(() => {})
  const { send } = testSender()
  const time = tryTime()

  const answer = send(site.url)
  await expect.poll(() => site.posts.length).toBe(1)
  time.isOver()

  expect(await answer).toMatchObject({ status: null, error: 'no answer within 15 s' })
})

test('a look-up that hangs is given up in the same time', async () => {
  const { send } = testSender({ resolve: () => {} })
  const time = tryTime()

  const answer = send('http://erp.acme.test/hook')
  time.isOver()

  expect(await answer).toMatchObject({ status: null, error: 'no answer within 15 s' })
})

test('a connection reset is a failure without a status', async () => {
  const site = await receiver((_, response) => response.socket?.resetAndDestroy())
  const { send } = testSender()

  expect(await send(site.url)).toMatchObject({ status: null, refused: false })
})

test('nobody listening is a failure without a status', async () => {
  const { send } = testSender()

  expect(await send('http://127.0.0.1:1/hook')).toMatchObject({ error: 'ECONNREFUSED' })
})

test('a status counts though its body never ends', async () => {
  const site = await receiver((_, response) => response.writeHead(200).write('so '))
  const { send } = testSender()
  const time = tryTime()

  const answer = send(site.url)
  await partHeard()
  time.isOver()

  expect(await answer).toMatchObject({ status: 200, response: Buffer.from('so ') })
})

const trickle: Answering = (_, response) => {
  const drip = setInterval(() => response.write('.'), 5)
  response.writeHead(200).on('close', () => clearInterval(drip))
}

const pour: Answering = (_, response) => {
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(10_000)));
  }
  response.on('drain', more)
  more()
}

test('a site that trickles its answer for ever does not hold the connection', async () => {
  let isCut = false
  const site = await receiver((post, response) => {
    response.on('close', () => {
      isCut = true
    })
    trickle(post, response)
  })
  const { send } = testSender()
  const time = tryTime()

  const answer = send(site.url)
  await partHeard()
  time.isOver()

  expect(await answer).toMatchObject({ status: 200, response: expect.any(Buffer) })
  await expect.poll(() => isCut).toBe(true)
})

test('a site that trickles its headers is given up', async () => {
  const site = await receiver((_, { socket }) => {
    socket!.write('HTTP/1.1 200 OK\r\nx-long: ')
    const drip = setInterval(() => socket!.write('.'), 5)
    socket!.on('close', () => clearInterval(drip))
  })
  const { send } = testSender()
  const time = tryTime()

  const answer = send(site.url)
  await expect.poll(() => site.posts.length).toBe(1)
  time.isOver()

  expect(await answer).toMatchObject({ status: null, error: 'no answer within 15 s' })
})

test('a site that trickles without end takes its next webhooks all the same', async () => {
  const { relay, listenAt, emit } = await relayRooms()
  const site = await receiver(trickle)
  await listenAt(site.url)
  const time = tryTime()
  const marks = ['1', '2', '3']

  for (const [itemId, mark] of marks.entries()) {
    await emit(mark, { itemId })
    const heard = partHeard()
    const tried = relay.tick()
    await heard
    time.isOver()
    await tried
  }

  expect(marksOf(site.posts)).toEqual(marks)
})

test('a site that pours without end takes its next webhooks all the same', async () => {
  const { relay, listenAt, emit } = await relayRooms()
  const site = await receiver(pour)
  await listenAt(site.url)
  const marks = ['1', '2', '3', '4', '5', '6']
  for (const [itemId, mark] of marks.entries()) await emit(mark, { itemId })

  while (await relay.tick());

  expect(marksOf(site.posts).toSorted()).toEqual(marks)
  expect(site.mostOpen()).toBeLessThanOrEqual(4)
})

test('two kilobytes of an answer are kept, and the rest is not read', async () => {
  let isCut = false
  const site = await receiver((post, response) => {
    response.on('close', () => {
      isCut = !response.writableFinished
    })
    pour(post, response)
  })
  const { send } = testSender()

  expect(await send(site.url)).toMatchObject({
    status: 200,
    response: Buffer.from('x'.repeat(2_048)),
  })
  await expect.poll(() => isCut).toBe(true)
})

test('an address that is not allowed is not dialled', async () => {
  const site = await receiver()
  const { send } = testSender()

  const answer = await send(site.url, { opened: [] })

  expect(answer).toEqual({ status: null, error: 'the address is not allowed', refused: true })
  expect(site.posts).toEqual([])
})

test('a name that turns to a private address is refused, and the look-up is the only one', async () => {
  const site = await receiver()
  const asked: string[] = []
  const { send } = testSender({
    resolve(host, done) {
      asked.push(host)
      done(null, [{ address: '127.0.0.1', family: 4 }])
    },
  })
  const url = site.url.replace('127.0.0.1', 'erp.acme.test')

  expect(await send(url, { opened: [] })).toMatchObject({ status: null, refused: true })
  expect(await send(url)).toMatchObject({ status: 200 })

  expect(asked).toEqual(['erp.acme.test', 'erp.acme.test'])
  expect(site.posts).toHaveLength(1)
})

test('a try that is called off ends at once', async () => {
  const site = await receiver(() => {})
  const { send } = testSender()
  const stopping = new AbortController()

  const answer = send(site.url, { signal: stopping.signal })
  await expect.poll(() => site.posts.length).toBe(1)
  stopping.abort()

  expect(await answer).toMatchObject({ status: null })
})
