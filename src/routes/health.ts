import type { FastifyPluginAsync } from 'fastify'
import type { Readiness } from '../cluster/readiness.ts'

interface Options {
  readiness: () => Promise<Readiness>
  version: string
}

/**
 * `/live` says that the process answers, of which version, and nothing more: a restart would cure nothing else. `/ready`
 * says whether to send it work, and why not; it turns to no first when the server stops.
 */
const health: FastifyPluginAsync<Options> = async (app, { readiness, version }) => {
  const quiet = { logLevel: 'silent', exposeHeadRoute: true } as const
  app.get('/live', quiet, async (_request, reply) => {
    void reply.header('cache-control', 'no-store')
    return { status: 'live', version }
  })
  app.get('/ready', quiet, async (_request, reply) => {
    const { ready, checks } = await readiness()
    void reply.code(ready ? 200 : 503).header('cache-control', 'no-store')
    return { status: ready ? 'ready' : 'not ready', checks }
  })
}
export default health
