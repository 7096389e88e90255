import type { FastifyPluginAsync } from 'fastify'

/** `/live` says that the process answers, and nothing more: a restart would cure nothing else. */
const health: FastifyPluginAsync = async (app) => {
  app.get('/live', { logLevel: 'silent' }, async () => ({ status: 'live' }))
}
export default health
