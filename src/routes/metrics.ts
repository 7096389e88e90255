import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsync } from 'fastify'
import { networkOf } from '../networks.ts'
import type { GaugeValues } from '../metrics/gauges.ts'
import type { Metrics } from '../metrics/metrics.ts'

interface Options {
  metrics: Metrics
  read: () => Promise<GaugeValues>
  /** Without it the page does not exist. */
  token: string | undefined
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * What Prometheus scrapes, with `Authorization: Bearer` and the operator's token. To all others it is not there; guesses
 * count as calls without a good key do.
 */
const metricsPage: FastifyPluginAsync<Options> = async (app, { metrics, read, token }) => {
  const expected = token === undefined ? undefined : digest(token)
  app.get('/metrics', { logLevel: 'silent' }, async (request, reply) => {
    const { authorization } = request.headers
    const [, given = ''] = /^bearer (.*)$/i.exec(authorization ?? '') ?? []
    if (!expected || !timingSafeEqual(digest(given), expected)) {
      if (expected && authorization) app.limits.unauthenticated.take(networkOf(request.ip))
      return reply.callNotFound()
    }
    void reply.type(metrics.contentType).header('cache-control', 'no-store')
    return metrics.text(read)
  })
}
export default metricsPage
