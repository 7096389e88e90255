import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { aConnectedBank, testApp, type ConnectedBank, type TestApp } from '../../support/app.ts'
import { aKey, aRequest, aTenant, type TestKey, type TestTenant } from '../../support/tenants.ts'

/** The whole server on a socket, with a tenant whose first site holds a connected bank. */
export interface Served extends TestApp {
  origin: string
  port: number
  tenant: TestTenant
  key: TestKey
  bank: ConnectedBank
  /** A connect request of the site's, for the bank named Société Générale. */
  request: string
}

export async function aServedSite(env: Record<string, string> = {}): Promise<Served> {
  const made = await testApp({ env })
  const tenant = await aTenant(made.app)
  const bank = await aConnectedBank(made, tenant.site)
  const request = await aRequest(made.app, bank.user, { bank: 'Société Générale' })
  await made.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = made.app.server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return { ...made, origin, port, tenant, key: tenant.siteKey, bank, request }
}

/** A key that was good until a moment ago. */
export const aDeadKey = ({ app, tenant }: Served): Promise<TestKey> =>
  aKey(app, tenant.tenant, tenant.site, { expiresAt: app.clock.now() })

/** Sends these bytes on one connection; resolves with all that came until the server closed it. */
export async function exchangeBytes(port: number, bytes: string): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(bytes)
  await once(socket, 'close')
  return Buffer.concat(chunks)
}

export interface RawReply {
  status: number
  headers: Record<string, string>
  body: string
}

/** Reads one reply that ends with its connection. */
export function readReply(bytes: Buffer): RawReply {
  const text = bytes.toString()
  const end = text.indexOf('\r\n\r\n')
  const [start = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { status: Number(start.split(' ')[1]), headers, body: text.slice(end + 4) }
}
