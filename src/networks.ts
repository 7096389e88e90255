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
