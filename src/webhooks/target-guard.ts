import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector } from 'undici'
import { ValidationError } from '../errors.ts'

/** An address webhooks may not go to. The message names the host, never what it resolved to. */
export class TargetRefusedError extends ValidationError {
  override name = 'TargetRefusedError'

  constructor(host: string) {
    super(`${host} is not an address webhooks may be sent to`)
  }
}

export type Resolve = (
  host: string,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void

const systemResolve: Resolve = (host, done) =>
  systemLookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []))

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

const toRanges = (cidrs: readonly string[]): Range[] => cidrs.map((cidr) => ipaddr.parseCIDR(cidr))

/** Link-local, and the clouds' metadata services outside it: nothing opens these. */
const never = toRanges(['169.254.0.0/16', 'fe80::/10', '168.63.129.16/32', 'fd00:ec2::254/128'])

/** The part of IPv6 that is handed out to the public; ipaddr.js calls more than that unicast. */
const publicIpv6 = toRanges(['2000::/3'])

const isIn = (address: ipaddr.IPv4 | ipaddr.IPv6, ranges: readonly Range[]): boolean =>
  ranges.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  )

/** Loopback, which a sandbox opens to every site. */
export const loopback: readonly string[] = ['127.0.0.0/8', '::1/128']

/** Whether webhooks may go to this literal address: it is public, or in one of the opened CIDRs, which must be well-formed. */
export function isReachable(text: string, opened: readonly string[]): boolean {
  if (isIP(text) === 0) return false // ipaddr.js reads more spellings than any resolver gives
  const address = ipaddr.process(text.split('%', 1)[0]!) // unwraps IPv4 mapped into IPv6
  if (isIn(address, never)) return false
  if (isIn(address, toRanges(opened))) return true
  const isPublic = address.range() === 'unicast'
  return isPublic && (address.kind() === 'ipv4' || isIn(address, publicIpv6))
}

/**
 * Whether a URL may be saved as a target: refuses literal addresses, and names that resolve now, when we would not dial them.
 * A name that does not resolve passes: the dial decides. Throws TargetRefusedError.
 */
export async function checkTarget(
  url: string,
  opened: readonly string[],
  resolve: Resolve = systemResolve,
): Promise<void> {
  const host = bare(new URL(url).hostname)
  const addresses =
    isIP(host) !== 0
      ? [host]
      : await new Promise<string[]>((done) =>
          resolve(host, (error, found) => done(error ? [] : found.map(({ address }) => address))),
        )
  if (addresses.length > 0 && !addresses.some((address) => isReachable(address, opened))) {
    throw new TargetRefusedError(host)
  }
}

/**
 * An agent that dials public addresses and the opened CIDRs only. The address is looked at after the look-up and is the one
 * dialled, so a name cannot change its mind in between; literals never reach the look-up, so they are checked before.
 */
export function createGuardedAgent(
  opened: readonly string[],
  resolve: Resolve = systemResolve,
): Agent {
  const lookup: LookupFunction = (host, options, done) =>
    resolve(host, (error, addresses) => {
      const allowed = addresses.filter(({ address }) => isReachable(address, opened))
      const [first] = allowed
      if (error) done(error, '', 0)
      else if (!first) done(new TargetRefusedError(host), '', 0)
      else if (options.all) done(null, allowed)
      else done(null, first.address, first.family)
    })
  const dial = buildConnector({ lookup, timeout: 5_000 })
  return new Agent({
    keepAliveTimeout: 4_000,
    pipelining: 1,
    connect(options, callback) {
      const host = bare(options.hostname)
      if (isIP(host) !== 0 && !isReachable(host, opened)) {
        callback(new TargetRefusedError(host), null)
      } else dial(options, callback)
    },
  })
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')
