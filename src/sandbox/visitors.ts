import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isOwnHost } from '../own-host.ts'
import { Problem } from './problem.ts'
import type { Box } from './box.ts'

/** Answers to no name that a stranger could own. */
export function guardName(app: FastifyInstance, { origin }: Pick<Box, 'origin'>): void {
  app.addHook('onRequest', async ({ headers: { host } }) => {
    if (host === undefined || isOwnHost(host, origin())) return
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
