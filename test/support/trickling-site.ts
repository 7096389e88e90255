import { createServer, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** The beginning of a TLS record of sixteen kilobytes. */
const endlessRecord = Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00])

/** A server that answers with a byte now and then and never comes to an end: of a handshake, or of what else it is given. */
export async function tricklingSite(first: Buffer = endlessRecord) {
  const heard = Promise.withResolvers<void>()
  const server = createServer((socket) => {
    socket.write(first)
    const drip = setInterval(() => socket.write('.'), 5)
    socket.on('error', () => {}).on('close', () => clearInterval(drip))
    socket.once('data', () => heard.resolve())
    onTestFinished(() => void socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, isHeard: heard.promise }
}
