import { isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'
import type { Box } from './box.ts'

/**
 * Answers to no name that a stranger could own: their DNS may lead it to this machine, and then a page of theirs in a
 * developer's browser would be one of ours. Programs name an address, `localhost` or a name of the local network.
 */
export function guardName(app: FastifyInstance, { origin }: Pick<Box, 'origin'>): void {
  app.addHook('onRequest', async ({ headers: { host } }) => {
    if (host === undefined) return
    const name = URL.parse(`http://${host}`)?.hostname ?? ''
    if (isLocal(name) || name === URL.parse(origin())?.hostname) return
    throw new Problem(403, 'forbidden', 'The sandbox answers to addresses and local names alone')
  })
}

/** Takes no call that a page elsewhere makes: a browser sends what needs no answer before it asks whether it may. */
export function guardFromPages(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (isFromElsewhere(request)) {
      throw new Problem(403, 'forbidden', 'The levers take no calls from pages elsewhere')
    }
  })
}

/** Browsers say where a page comes from; `null` is one that hides it. Programs say nothing. */
function isFromElsewhere({ headers: { host, origin, ...headers } }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && origin !== `http://${host}`
}

/** An address, or a name that nobody can register: those of RFC 6761, of Docker, and names without a dot. */
const isLocal = (name: string): boolean =>
  isIP(name.replaceAll(/^\[|\]$/g, '')) !== 0 ||
  /^[a-z0-9_-]+$|\.(?:localhost|test|internal)$/.test(name)
