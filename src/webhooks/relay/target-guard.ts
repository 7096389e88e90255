import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector } from 'undici'
import type { Config } from '../../config.ts'
import { ValidationError } from '../../errors.ts'
import { bare, isIn, isRangeWithin, toRange, type Address, type Range } from '../../networks.ts'
import { systemResolve, type Resolve } from './resolve.ts'

/** An address webhooks may not go to. The message names the host, never what it resolved to. */
export class TargetRefusedError extends ValidationError<'webhook_target_refused'> {
  override name = 'TargetRefusedError'

  constructor(host: string) {
    super('webhook_target_refused', { host })
  }
}

const toRanges = (cidrs: readonly string[]): Range[] => cidrs.map(toRange)

/** Link-local, and the clouds' metadata services outside it: nothing opens these. */
const never = toRanges(['169.254.0.0/16', 'fe80::/10', '168.63.129.16/32', 'fd00:ec2::254/128'])

/** The part of IPv6 that is handed out to the public; ipaddr.js calls more than that unicast. */
const publicIpv6 = toRanges(['2000::/3'])

/** IPv6 that is IPv4 on its way: the prefix, which of its bytes are the IPv4 address, and what they are masked with. */
const carriers: [prefix: Range, at: number, mask: number][] = (
  [
    ['64:ff9b::/96', 12, 0], // NAT64
    ['64:ff9b:1::/48', 12, 0], // NAT64 of one's own
    ['2002::/16', 2, 0], // 6to4
    ['::/96', 12, 0], // IPv4-compatible
    ['2001::/32', 4, 0], // Teredo's server
    ['2001::/32', 12, 0xff], // and who is behind it
  ] as const
).map(([prefix, at, mask]) => [ipaddr.parseCIDR(prefix), at, mask])

/** Whether an address, or one that it carries, is one that nothing opens. */
function isNeverDialled(address: Address): boolean {
  const bytes = address.toByteArray()
  const carried = carriers
    .filter(([prefix]) => isIn(address, [prefix]))
    .map(([, at, mask]) => new ipaddr.IPv4(bytes.slice(at, at + 4).map((byte) => byte ^ mask)))
  return [address, ...carried].some((each) => isIn(each, never))
}

/** Loopback, which a sandbox opens to every site. */
export const loopback: readonly string[] = ['127.0.0.0/8', '::1/128']

/** What may be dialled besides the public internet, and what may not though it is public. */
export interface Bounds {
  /** CIDRs open to the site, which must be well-formed. */
  opened: readonly string[]
  /** Our own address: a webhook to it would come back as a call. */
  own?: string | undefined
  /** For whom names are looked up: what one tenant's names take of the time keeps no other waiting. */
  tenant?: string | undefined
}

/** Whether webhooks may go to this literal address: it is public, or in one of the opened CIDRs. */
export function isReachable(text: string, opened: readonly string[]): boolean {
  const address = toAddress(text)
  if (!address || isNeverDialled(address)) return false
  if (isIn(address, toRanges(opened))) return true
  const isPublic = address.range() === 'unicast'
  return isPublic && (address.kind() === 'ipv4' || isIn(address, publicIpv6))
}

/** Whether all addresses of a host may be dialled: one that may not makes the name a lure. */
export function areReachable(
  host: string,
  addresses: readonly string[],
  opened: readonly string[],
): boolean {
  const within = (address: string) =>
    isLocalName(host) ? isOpened(address, opened) : isReachable(address, opened)
  return addresses.length > 0 && addresses.every(within)
}

/** What is open to a site besides the public internet: of its own ranges those within the operator's, and in a sandbox loopback. */
export const openedTo = (
  ownRanges: readonly string[],
  { sandbox, allowedTargets }: Pick<Config, 'sandbox' | 'allowedTargets'>,
): string[] => [
  ...(sandbox ? loopback : []),
  ...ownRanges.filter((cidr) => allowedTargets.some((bound) => isRangeWithin(cidr, bound))),
]

/** Whether nothing, not even the operator, may open any part of this CIDR. */
export const isNever = (cidr: string): boolean =>
  never.some(([network, bits]) => isRangeWithin(cidr, `${network.toString()}/${bits}`))

function toAddress(text: string): Address | undefined {
  if (isIP(text) === 0) return undefined // ipaddr.js reads more spellings than any resolver gives
  return ipaddr.process(text.split('%', 1)[0]!) // unwraps IPv4 mapped into IPv6
}

function isOpened(text: string, opened: readonly string[]): boolean {
  const address = toAddress(text)
  return address !== undefined && !isNeverDialled(address) && isIn(address, toRanges(opened))
}

/** Names that are no public ones, whatever a resolver makes of them (RFC 6761; ICANN: .internal). */
const isLocalName = (host: string): boolean => /(?:^|\.)(?:localhost|internal)$/.test(named(host))

/** A host as names are compared: the URL parser has lowered and encoded it already. */
const named = (host: string): string => host.replace(/\.+$/, '').toLowerCase()

/**
 * Refuses what needs no look-up: schemes other than http and https, credentials, our own address, local names and literal
 * addresses that we would not dial. Throws TargetRefusedError.
 */
export function checkTargetName(url: URL, { opened, own }: Bounds): void {
  const host = bare(url.hostname)
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
  const isOurs = own !== undefined && isSameHost(url, new URL(own))
  const isClosed =
    (isIP(host) !== 0 && !isReachable(host, opened)) || (isLocalName(host) && opened.length === 0)
  if (!isWeb || url.username !== '' || url.password !== '' || isOurs || isClosed || host === '') {
    throw new TargetRefusedError(host === '' ? url.protocol : host)
  }
}

/** A machine's own addresses have many owners: there the port tells them apart. */
function isSameHost(url: URL, own: URL): boolean {
  const host = bare(url.hostname)
  if (named(host) !== named(bare(own.hostname))) return false
  const isShared = isLocalName(host) || (isIP(host) !== 0 && !isReachable(host, []))
  return !isShared || portOf(url) === portOf(own)
}

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80')

/**
 * Whether a URL may be saved as a target: refuses by name, and names that resolve now to what we would not dial. A name that
 * does not resolve passes: the dial decides. Throws TargetRefusedError.
 */
export async function checkTarget(
  text: string,
  bounds: Bounds,
  resolve: Resolve = systemResolve,
): Promise<void> {
  const url = new URL(text)
  checkTargetName(url, bounds)
  const host = bare(url.hostname)
  if (isIP(host) !== 0) return
  const addresses = await new Promise<string[]>((done) =>
    resolve(
      host,
      (error, found) => done(error ? [] : found.map(({ address }) => address)),
      bounds.tenant,
    ),
  )
  if (addresses.length > 0 && !areReachable(host, addresses, bounds.opened)) {
    throw new TargetRefusedError(host)
  }
}

/**
 * An agent that dials what the bounds allow. The addresses are looked at after the look-up and one of them is dialled, so a
 * name cannot change its mind in between; literals never reach the look-up, so they are checked before.
 */
export function createGuardedAgent(bounds: Bounds, resolve: Resolve = systemResolve): Agent {
  const lookup: LookupFunction = (host, options, done) => {
    const answer: Parameters<Resolve>[1] = (error, addresses) => {
      const literals = addresses.map(({ address }) => address)
      const [first] = addresses
      if (error) done(error, '', 0)
      else if (!first || !areReachable(host, literals, bounds.opened)) {
        done(new TargetRefusedError(host), '', 0)
      } else if (options.all) done(null, [...addresses])
      else done(null, first.address, first.family)
    }
    resolve(host, answer, bounds.tenant)
  }
  // No HTTP/2: its one connection is kept though it answers nothing any more, and every try would go the same dead way.
  const allowH2 = false
  const dial = buildConnector({ lookup, timeout: 5_000, allowH2 })
  return new Agent({
    allowH2,
    keepAliveTimeout: 4_000,
    pipelining: 1,
    connect(options, callback) {
      const { protocol, hostname, port } = options
      const host = isIP(hostname) === 6 ? `[${hostname}]` : hostname // undici takes the brackets off
      try {
        checkTargetName(new URL(`${protocol}//${host}${port ? `:${port}` : ''}`), bounds)
      } catch (error) {
        callback(error as Error, null)
        return
      }
      dial(options, callback)
    },
  })
}
