import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isCrossOrigin } from '../html/cross-origin.ts'
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
    if (isCrossOrigin(request) || hasForeignOrigin(request)) {
      throw new Problem(403, 'forbidden', 'The levers take no calls from pages elsewhere')
    }
  })
}

/** An origin that is `null` is one that a page hides. */
const hasForeignOrigin = ({ headers: { host, origin } }: FastifyRequest): boolean =>
  origin !== undefined && origin !== `http://${host}`
