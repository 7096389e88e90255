import { isIP } from 'node:net'
import { connect, type PeerCertificate } from 'node:tls'
import { systemResolve, type Resolve } from './resolve.ts'
import { areReachable, bare, type Bounds } from './target-guard.ts'

/** How an address is reached, for whoever looks for a fault on the way. Null: not known, or there is none. */
export interface TargetFacts {
  addresses: string[]
  /** Why the name leads nowhere. */
  dnsError: string | null
  tls: {
    protocol: string | null
    issuer: string | null
    /** When its certificate ends, in epoch milliseconds. */
    validUntil: number | null
    /** Why the connection, or the certificate, is not trusted. */
    error: string | null
  } | null
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

/** A certificate that is not trusted is looked at all the same: nothing is sent. */
const shakeHands = (host: string, address: string, port: number): Promise<TargetFacts['tls']> =>
  new Promise((done) => {
    const isName = isIP(host) === 0
    const options = { host: address, port, timeout: timeoutMs, rejectUnauthorized: false }
    const failed = (error: string) =>
      done({ protocol: null, issuer: null, validUntil: null, error })
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
    socket.once('timeout', () => {
      failed('no answer in time')
      socket.destroy()
    })
    socket.once('error', (error) => failed(codeOf(error)))
  })

const issuerOf = ({ issuer }: PeerCertificate): string | null =>
  [issuer?.O ?? issuer?.CN ?? null].flat()[0] ?? null

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : error.message

/** Node types it as an error; it is its code. */
const toCode = (error: Error | string): string =>
  typeof error === 'string' ? error : codeOf(error)
