import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { finished } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createConnections, type Cut } from '../../../src/sockets/connections.ts'
import { socketLimitsWith, type SocketLimits } from '../../../src/sockets/socket-limits.ts'

const ask = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** More than the buffers between two programs on one machine hold. */
const big = Buffer.alloc(64 * 1024 * 1024)

interface Visit {
  socket: Socket
  /** The server's end. */
  served: Socket
  closed: Promise<unknown>
}

/** A server with these limits, and a way to connect to it. */
async function aServer({
  limits,
  handler = (_request, response) => response.end('fine'),
  isProxy = () => false,
}: {
  limits: Partial<SocketLimits>
  handler?: RequestListener
  isProxy?: (address: string) => boolean
}) {
  const told = Promise.withResolvers<Partial<Record<Cut, number>>>()
  const connections = createConnections({
    limits: socketLimitsWith({ lookMs: 20, ...limits }),
    isProxy,
    onCut: told.resolve,
  })
  const server = connections.serve(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo

  async function visit(from = '127.0.0.1'): Promise<Visit> {
    const accepted = once(server, 'connection')
    const socket = connect({ port, host: '127.0.0.1', localAddress: from })
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    const closed = once(socket, 'close')
    const [served] = (await accepted) as [Socket]
    return { socket, served, closed }
  }
  return { connections, visit, cut: told.promise }
}

/** Asks and gives the status line, or undefined when the connection ends without an answer. */
async function answerTo({ socket, closed }: Visit): Promise<string | undefined> {
  socket.write(ask)
  const said = (await Promise.race([once(socket, 'data'), closed])) as [Buffer | boolean]
  return Buffer.isBuffer(said[0]) ? String(said[0]).split('\r\n', 1)[0] : undefined
}

const fine = 'HTTP/1.1 200 OK'

describe('a connection', () => {
  it('that sends more requests than may wait is cut; what else it sent is never looked at', async () => {
    let handled = 0
    const { visit, cut } = await aServer({
      limits: { unanswered: 4 },
      handler: () => void (handled += 1),
    })
    const { socket, closed } = await visit()

    socket.write(ask.repeat(1_000))
    await closed

    expect(handled).toBe(4)
    expect(await cut).toEqual({ pipelined: 1 })
  })

  it('is cut too when each of them is answered at once, for nobody else is heard meanwhile', async () => {
    let handled = 0
    const { visit, cut } = await aServer({
      limits: { unanswered: 4 },
      handler: (request, response) => {
        handled += 1
        request.resume().on('end', () => response.end('fine'))
      },
    })
    const { socket, closed } = await visit()

    socket.resume().write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'.repeat(400))
    await closed

    expect(handled).toBe(4)
    expect(await cut).toEqual({ pipelined: 1 })
  })

  it('may send as many again as were answered', async () => {
    const { visit } = await aServer({ limits: { unanswered: 4 } })
    const visitor = await visit()
    const statuses = []
    for (let round = 0; round < 3; round += 1) {
      let said = ''
      visitor.socket.write(ask.repeat(4))
      while ((said.match(/fine/g) ?? []).length < 4) {
        said += String((await once(visitor.socket, 'data'))[0])
      }
      statuses.push(...said.match(/HTTP\/1.1 \d+/g)!)
    }

    expect(statuses).toEqual(Array.from({ length: 12 }, () => 'HTTP/1.1 200'))
  })

  it('whose answer nobody reads is ended, however much of it was sent', async () => {
    const { visit, cut } = await aServer({
      limits: {},
      handler: (request, response) => {
        request.socket.setTimeout(100) // in place of the limit, which holds from the connection on
        response.end(big)
      },
    })
    const { socket, served } = await visit()
    const ended = once(served, 'close')

    socket.pause()
    socket.write(ask)
    await ended

    expect(await cut).toEqual({ unread: 1 })
  })

  it('that takes an answer too slowly is ended', async () => {
    const { visit, cut } = await aServer({
      limits: { answerMs: 100 },
      handler: (_request, response) => void response.write('half'),
    })
    const { socket, served } = await visit()
    const ended = once(served, 'close')

    socket.write(ask)
    await ended

    expect(await cut).toEqual({ slow: 1 })
  })

  it('that closes ends all its answers, once each: those too that wait behind another', async () => {
    const told: string[] = []
    const answers: ServerResponse[] = []
    const { visit } = await aServer({
      limits: {},
      handler(_request, response) {
        response.destroy = () => response // as before Node 26, which ends those that wait
        const place = answers.push(response)
        response.on('close', () => told.push(`${place} closed`))
        finished(response, () => told.push(`${place} finished`))
      },
    })
    const { socket, served } = await visit()
    const ended = once(served, 'close')
    socket.write(ask.repeat(3))
    await expect.poll(() => answers.length).toBe(3)

    socket.destroy()
    await ended
    answers.forEach((each, index) => finished(each, () => told.push(`${index + 1} was finished`)))

    const all = [1, 2, 3].flatMap((n) => [`${n} closed`, `${n} finished`, `${n} was finished`])
    await expect.poll(() => told.toSorted()).toEqual(all)
  })
})

describe('where there are too many connections', () => {
  it('of one address without a key, its oldest gives way, and no other address’s', async () => {
    const { visit, cut } = await aServer({ limits: { perAddress: 2 } })
    const other = await visit('127.0.0.2')
    const [oldest, ...rest] = [await visit(), await visit(), await visit()]

    await oldest.closed

    expect(await Promise.all([other, ...rest].map(answerTo))).toEqual([fine, fine, fine])
    expect(await cut).toEqual({ crowded: 1 })
  })

  it('those that showed a good key count for their tenant instead', async () => {
    const { connections, visit } = await aServer({ limits: { perAddress: 1, perTenant: 2 } })
    const aKnownOne = async () => {
      const visitor = await visit()
      connections.admitted(visitor.served, 'acme')
      return visitor
    }
    const [oldest, second] = [await aKnownOne(), await aKnownOne()]
    const unauthenticated = [await visit(), await visit()]
    await unauthenticated[0]!.closed // the address has one place
    expect(await Promise.all([oldest, second].map(answerTo))).toEqual([fine, fine])

    const third = await aKnownOne()
    await oldest.closed // and the tenant two

    expect(await Promise.all([second, third].map(answerTo))).toEqual([fine, fine])
  })

  it('in all, the oldest without a key gives way; where all have one, the newest', async () => {
    const { connections, visit } = await aServer({ limits: { connections: 2 } })
    const [known, stranger] = [await visit(), await visit()]
    connections.admitted(known.served, 'acme')
    const second = await visit()
    await stranger.closed
    connections.admitted(second.served, 'globex')

    const third = await visit()
    await third.closed

    expect(await Promise.all([known, second].map(answerTo))).toEqual([fine, fine])
  })

  it('a trusted proxy’s count for no address, and never give way', async () => {
    const { visit } = await aServer({
      limits: { perAddress: 1, connections: 3 },
      isProxy: (address) => address === '127.0.0.9',
    })
    const proxied = [await visit('127.0.0.9'), await visit('127.0.0.9')]
    const stranger = await visit()
    const next = await visit('127.0.0.8')
    await stranger.closed

    expect(await Promise.all([...proxied, next].map(answerTo))).toEqual([fine, fine, fine])
  })

  it('a place that is left is free again', async () => {
    const { visit } = await aServer({ limits: { perAddress: 1, connections: 1 } })
    for (let each = 0; each < 3; each += 1) {
      const visitor = await visit()
      expect(await answerTo(visitor)).toBe(fine)
      const left = once(visitor.served, 'close')
      visitor.socket.destroy()
      await left
    }
  })
})
