import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** The network of a CIDR, and how many of its bits count. */
export type Range = [network: Address, bits: number]

/** Kept, since each webhook asks: there are as many as operators wrote down. */
const parsed = new Map<string, Range>()

/** A well-formed CIDR, to compare addresses with. */
export function toRange(cidr: string): Range {
  const known = parsed.get(cidr)
  if (known) return known
  const range = ipaddr.parseCIDR(cidr)
  parsed.set(cidr, range)
  return range
}

/** Whether an address lies in one of these ranges. */
export const isIn = (address: Address, ranges: readonly Range[]): boolean =>
  ranges.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  )

/** Whether a text is a CIDR, as 10.1.2.0/24. */
export const isRange = (text: string): boolean =>
  isIP(text.split('/', 1)[0]!) !== 0 && ipaddr.isValidCIDR(text)

/** Whether one CIDR lies within another. */
export function isRangeWithin(cidr: string, bound: string): boolean {
  const [network, bits] = toRange(cidr)
  const outer = toRange(bound)
  return bits >= outer[1] && isIn(network, [outer])
}

/** A URL's host without the brackets that stand around IPv6. */
export const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

/** Whether an address, as a socket has it or a proxy writes it, lies in one of the addresses and ranges. */
export function isWithin(ranges: readonly string[]): (written: string) => boolean {
  const nets = ranges.map((range) =>
    unmapped(toRange(range.includes('/') ? range : `${range}/${widthOf(range)}`)),
  )
  return (written) => {
    const address = readAddress(written)
    return address !== undefined && isIn(address, nets)
  }
}

const widthOf = (address: string): number => (address.includes(':') ? 128 : 32)

const unmapped = ([network, bits]: Range): Range =>
  network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= 96
    ? [network.toIPv4Address(), bits - 96]
    : [network, bits]

/**
 * What one network is given for free: an IPv4 address, or the /64 of an IPv6 one, for whoever has one has all of it. What is
 * no address is `unknown`, all of it together: to invent names makes nobody many.
 */
export function networkOf(written: string): string {
  const address = readAddress(written)
  if (!address) return 'unknown'
  if (address instanceof ipaddr.IPv4) return address.toString()
  const parts = address.parts.slice(0, 4).map((part) => part.toString(16))
  return `${parts.join(':')}::/64`
}

/** The address in what a proxy may write for one: `203.0.113.9:4001`, `[2001:db8::1]`, `"[2001:db8::1]:4001"`. */
function readAddress(written: string): Address | undefined {
  const [, ipv6, ipv4] = /^"?(?:\[([^\]]*)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?"?$/.exec(written) ?? []
  const alone = ipv6 ?? ipv4 ?? written
  return ipaddr.isValid(alone) ? ipaddr.process(alone) : undefined
}
