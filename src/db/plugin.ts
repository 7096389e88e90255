import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { createSqliteStore } from './sqlite/store.ts'
import type { Store } from './store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    store: Store
  }
}

/** Opens the database and closes it last. `path` is a file, or `:memory:`. */
const plugin: FastifyPluginCallback<{ path: string }> = (app, { path }, done) => {
  const store = createSqliteStore(path)
  app.decorate('store', store)
  app.addHook('onClose', async () => store.close())
  done()
}
export default fp(plugin, { name: 'db', fastify: '5.x' })
