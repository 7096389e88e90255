import type { FastifyRequest } from 'fastify'

/** Whether a page of another origin sent it, a neighbour host's among them: browsers tell, programs say nothing. */
export function isCrossOrigin({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}
