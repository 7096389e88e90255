import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { bare } from './networks.ts'

/**
 * Whether a Host header names this machine as no stranger could: their DNS may lead a name of theirs to it, and then a page of
 * theirs in a developer's browser would be one of ours. Good are an address, a name of the local network, and the one in `url`.
 */
export function isOwnHost(host: string, url: string): boolean {
  const name = URL.parse(`http://${host}`)?.hostname ?? ''
  return isLocal(name) || name === URL.parse(url)?.hostname
}

/** The same of a request: of the name it was sent to, and of what a proxy says of it, which a page of theirs may write too. */
export const isForOwnHost = (
  { host, headers }: Pick<FastifyRequest, 'host' | 'headers'>,
  url: string,
): boolean => isOwnHost(host, url) && isOwnHost(headers.host ?? '', url)

/** An address, or a name that nobody can register: those of RFC 6761, of Docker, and names without a dot. */
const isLocal = (name: string): boolean =>
  isIP(bare(name)) !== 0 || /^[a-z0-9_-]+$|\.(?:localhost|test|internal)$/.test(name)
