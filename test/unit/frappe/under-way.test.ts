import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TooManyRequestsError } from '../../../src/errors.ts'
import { createUnderWay } from '../../../src/frappe/under-way.ts'
import { aSite, call, path, pieceSize, token } from './site.ts'

/** What is counted of an answer that others hold too. */
const perCaller = 64 * 1024

describe('the bytes of answers under way', () => {
  test('are half of all for one tenant at most, so that another is still served', () => {
    const underWay = createUnderWay({ maxBytes: 1_000 })

    underWay.open('acme').grow(500)

    expect(() => underWay.open('acme').grow(1)).toThrow(TooManyRequestsError)
    underWay.open('globex').grow(500)
    expect(() => underWay.open('initech').grow(1)).toThrow(TooManyRequestsError)
    expect(underWay.bytes).toBe(1_000)
  })

  test('count once for all who hold the same, until the last is gone', () => {
    const underWay = createUnderWay({ maxBytes: 1_000 })
    const holding = underWay.open('acme')
    const leave = [holding.join(), holding.join()]
    holding.grow(300)
    holding.grow(200)

    leave[0]!()
    leave[0]!()
    expect(underWay.bytes).toBe(500)
    leave[1]!()

    expect(underWay.bytes).toBe(0)
    underWay.open('acme').grow(500)
  })

  test('refuse what does not fit with a time to wait, and count nothing of it', () => {
    const underWay = createUnderWay({ maxBytes: 1_000 })
    const holding = underWay.open('acme')
    holding.grow(400)

    expect(() => holding.grow(101)).toThrow(expect.objectContaining({ retryAfter: 10 }))

    expect(underWay.bytes).toBe(400)
  })
})

test('calls that wait for their answer are five hundred of one tenant at most', async () => {
  const underWay = createUnderWay()
  const leave = Array.from({ length: 499 }, () => underWay.enter('bank@client.example'))
  const isFull: boolean[] = []
  const asked = () => {
    underWay.enter('globex')
    try {
      underWay.enter('bank@client.example')()
    } catch (error) {
      isFull.push(error instanceof TooManyRequestsError)
    }
  }
  const observe = { asked, parsed: () => {}, answered: () => {} }
  const { app } = await aSite({ underWay, observe })
  const ask = () => call(app, { url: path('echo') })

  const answers = [await ask(), await ask()]
  leave.push(underWay.enter('bank@client.example'))
  const late = await ask()
  for (const each of leave) each()
  answers.push(await ask())

  expect(isFull).toEqual([true, true])
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
  expect(late.statusCode).toBe(429)
  expect(late.json()).toMatchObject({ code: 'too_many_calls', retry_after: 10 })
})

test('calls of one site’s own keys leave a fifth of its tenant’s, so that a sister site still enters', () => {
  const underWay = createUnderWay()
  const leave = Array.from({ length: 400 }, () => underWay.enter('acme', 'a'))

  expect(() => underWay.enter('acme', 'a')).toThrow(
    expect.objectContaining({ limit: 'site_calls', retryAfter: 10 }),
  )
  for (let n = 0; n < 100; n += 1) underWay.enter('acme', 'b')
  expect(() => underWay.enter('acme')).toThrow(expect.objectContaining({ limit: 'tenant_calls' }))
  for (const each of leave) each()

  underWay.enter('acme', 'a')
})

test('a call counts for the site whose key it came with', async () => {
  const underWay = createUnderWay()
  const { app } = await aSite({ underWay, site: () => 'a' })
  for (let n = 0; n < 400; n += 1) underWay.enter('bank@client.example', 'a')

  expect((await call(app, { url: path('echo') })).statusCode).toBe(429)
})

/** A site on a socket, and callers who send these requests and never read. */
async function aServedSite(maxBytes?: number) {
  const underWay = createUnderWay(maxBytes === undefined ? {} : { maxBytes })
  const site = await aSite({ underWay })
  const accepted: Socket[] = []
  site.app.server.on('connection', (socket) => accepted.push(socket))
  await site.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = site.app.server.address() as AddressInfo
  async function deaf(requests: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1').pause()
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    await once(socket, 'connect')
    const request = `GET ${path('large')} HTTP/1.1\r\nHost: a\r\nAuthorization: ${token}\r\n\r\n`
    socket.write(request.repeat(requests))
    return socket
  }
  return { ...site, underWay, accepted, deaf }
}

test('callers who never read hold a piece of the answer each at most', async () => {
  const { deaf, accepted, underWay } = await aServedSite()

  await Promise.all(Array.from({ length: 20 }, () => deaf(1)))
  await expect
    .poll(
      () => accepted.length === 20 && accepted.every(({ writableLength }) => writableLength > 0),
    )
    .toBe(true)

  for (const { writableLength } of accepted) {
    expect(writableLength).toBeLessThanOrEqual(2 * pieceSize)
  }
  expect(underWay.bytes).toBe(20 * perCaller)
})

test('what is counted is counted until it has been read, or its connection ends', async () => {
  const { deaf, underWay } = await aServedSite()
  const [one, other, third] = [await deaf(1), await deaf(1), await deaf(3)]
  await expect.poll(() => underWay.bytes).toBe(5 * perCaller)

  one.resume()
  await expect.poll(() => underWay.bytes).toBe(4 * perCaller)
  other.destroy()
  await expect.poll(() => underWay.bytes).toBe(3 * perCaller)
  third.destroy() // two of its answers never began

  await expect.poll(() => underWay.bytes).toBe(0)
})

test('a large answer beyond the limit is a 429; a small one is still given', async () => {
  const { app, deaf, underWay } = await aServedSite(5 * perCaller)
  await deaf(2)
  await expect.poll(() => underWay.bytes).toBe(2 * perCaller)

  const large = await call(app, { url: path('large') })
  const small = await call(app, { url: path('echo') })

  expect(large.statusCode).toBe(429)
  expect(large.json()).toMatchObject({ exc_type: 'TooManyRequestsError' })
  expect(small.statusCode).toBe(200)
})

test.each(['shared', 'own'])('a large answer of %s bytes arrives whole', async (kind) => {
  const { app, underWay } = await aSiteWithLedger()

  const answer = await call(app, { url: `${path('large')}?kind=${kind}` })

  expect(Number(answer.headers['content-length'])).toBe(answer.rawPayload.length)
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
  })
  expect(answer.json()).toEqual({ message: 'x'.repeat(16 * 2 ** 20) })
  await expect.poll(() => underWay.bytes).toBe(0)
})

async function aSiteWithLedger() {
  const underWay = createUnderWay()
  return { ...(await aSite({ underWay })), underWay }
}
