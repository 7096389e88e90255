import { connect, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { testApp } from '../../support/app.ts'

const limit = 64 * 1024

/** A caller who posts a webhook byte by byte, to a server that notes how much it reads. */
async function posting(...headers: string[]) {
  const { app } = await testApp({ env: { BRIDGE_WEBHOOK_SECRETS: 'webhook-secret' } })
  const ends: Socket[] = []
  app.server.on('connection', (socket: Socket) => ends.push(socket))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let said = ''
  socket.on('data', (data) => {
    said += data.toString()
  })
  socket.on('error', () => {}) // writing to who has hung up
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const head = [
    'POST /webhooks/bridge HTTP/1.1',
    'Host: bank.test',
    'Content-Type: application/json',
    `BridgeApi-Signature: v1=${'0'.repeat(64)}`,
    ...headers,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  return { socket, closed, said: () => said, read: () => ends[0]!.bytesRead }
}

test('a webhook that announces more than 64 KiB is refused before its body has come', async () => {
  const { said, read } = await posting(`Content-Length: ${limit + 1}`)

  await expect.poll(said).toMatch(/^HTTP\/1\.1 413 /)

  expect(read()).toBeLessThan(1_000)
})

test('a chunked webhook is refused a few kilobytes past 64 KiB: its end is not waited for', async () => {
  const { socket, closed, said } = await posting('Transfer-Encoding: chunked')
  const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`

  socket.write(chunk(limit))
  // Small pieces are gathered before anybody counts them. The chunk that ends it never comes.
  socket.write(chunk(8 * 1024))
  await closed

  expect(said()).toMatch(/^HTTP\/1\.1 413 /)
})
