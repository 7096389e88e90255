import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { createSqliteStore } from './sqlite/store.ts'
import type { Store } from './store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    store: Store
  }
}

/** Opens the database and closes it last. `path` is a file, or `:memory:`. */
const plugin: FastifyPluginAsync<{ path: string }> = async (app, { path }) => {
  const store = createSqliteStore(path)
  app.decorate('store', store)
  app.addHook('onClose', async () => store.close())
}
export default fp(plugin, { name: 'db', fastify: '5.x' })
