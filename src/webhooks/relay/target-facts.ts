import { isIP } from 'node:net'
import { connect, type PeerCertificate } from 'node:tls'
import { bare } from '../../networks.ts'
import { codeOf } from '../../terminal/system-errors.ts'
import { systemResolve, type Resolve } from './resolve.ts'
import { areReachable, type Bounds } from './target-guard.ts'

/** How an address is reached, for whoever looks for a fault on the way. Null: not known, or there is none. */
export interface TargetFacts {
  addresses: string[]
  /** Why the name leads nowhere. */
  dnsError: string | null
  tls: Handshake | null
}

interface Handshake {
  protocol: string | null
  issuer: string | null
  /** When its certificate ends, in epoch milliseconds. */
  validUntil: number | null
  /** Why the connection, or the certificate, is not trusted. */
  error: string | null
}

const timeoutMs = 5_000

/** Looks a target up and shakes hands with it; addresses that webhooks may not go to are not dialled. Never rejects. */
export async function targetFacts(
  target: string,
  { opened }: Bounds,
  resolve: Resolve = systemResolve,
): Promise<TargetFacts> {
  const url = new URL(target)
  const host = bare(url.hostname)
  const found = isIP(host) === 0 ? await lookUp(host, resolve) : [host]
  if (found instanceof Error) return { addresses: [], dnsError: codeOf(found), tls: null }
  const [address] = found
  const mayDial = address !== undefined && areReachable(host, found, opened)
  const isSecret = url.protocol === 'https:'
  const tls = isSecret && mayDial ? await shakeHands(host, address, Number(url.port) || 443) : null
  return { addresses: found, dnsError: null, tls }
}

const lookUp = (host: string, resolve: Resolve): Promise<string[] | Error> =>
  new Promise((done) =>
    resolve(host, (error, found) => done(error ?? found.map(({ address }) => address))),
  )

/** What TLS with a target is like. A certificate that is not trusted is looked at all the same: nothing is sent. Never rejects. */
export const shakeHands = (host: string, address: string, port: number): Promise<Handshake> =>
  new Promise((done) => {
    const isName = isIP(host) === 0
    const options = { host: address, port, rejectUnauthorized: false }
    const socket = connect({ ...options, ...(isName && { servername: host }) }, () => {
      const certificate = socket.getPeerCertificate()
      const { authorizationError } = socket
      done({
        protocol: socket.getProtocol(),
        issuer: issuerOf(certificate),
        validUntil: Date.parse(certificate.valid_to) || null,
        error: authorizationError ? toCode(authorizationError) : null,
      })
      socket.destroy()
    })
    const failed = (error: Error) =>
      done({ protocol: null, issuer: null, validUntil: null, error: codeOf(error) })
    // In all: the socket's own limit begins anew once it is connected.
    const late = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs)
    socket.once('error', failed).once('close', () => clearTimeout(late))
  })

const issuerOf = ({ issuer }: PeerCertificate): string | null =>
  [issuer?.O ?? issuer?.CN ?? null].flat()[0] ?? null

/** Node types it as an error; it is its code. */
const toCode = (error: Error | string): string =>
  typeof error === 'string' ? error : codeOf(error)
