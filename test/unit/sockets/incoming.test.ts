import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { createConnections } from '../../../src/sockets/connections.ts'
import { socketLimitsWith } from '../../../src/sockets/socket-limits.ts'

/** Sends a body in these pieces, each a chunk of its own, and gives the request as the server has it. */
async function received(pieces: readonly string[]): Promise<IncomingMessage> {
  const came = Promise.withResolvers<IncomingMessage>()
  const server = createConnections({
    limits: socketLimitsWith(),
    isProxy: () => false,
    onCut: () => {},
  }).serve((request) => came.resolve(request))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
    server.closeAllConnections()
    server.close()
  })
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
  const chunks = pieces.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`)
  socket.write(`${chunks.join('')}0\r\n\r\n`)
  return came.promise
}

async function piecesOf(request: IncomingMessage): Promise<Buffer[]> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return pieces
}

it('a body in chunks of one byte comes on in a few pieces, which are all of it', async () => {
  const text = 'abcdefg'.repeat(5_000)

  const pieces = await piecesOf(await received(Array.from(text)))

  expect(Buffer.concat(pieces).toString()).toBe(text)
  expect(pieces.length).toBeLessThanOrEqual(Math.ceil(text.length / 4_096))
})

it.each([[[4_096]], [[1, 4_096, 1]], [[4_095, 1, 1]], [[10, 100_000, 10]], [[3, 4_094]]])(
  'no byte is lost or moved between chunks of %j bytes',
  async (sizes) => {
    const texts = sizes.map((size, index) => 'abc'[index]!.repeat(size))

    const pieces = await piecesOf(await received(texts))

    expect(Buffer.concat(pieces).toString()).toBe(texts.join(''))
  },
)
