import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { DatabaseLocation } from '../config.ts'
import { openStore } from './open.ts'
import type { SignerOf } from './signer.ts'
import type { Store } from './store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    store: Store
  }
}

interface Options {
  location: DatabaseLocation
  /** Signs the copy that is made before a migration. */
  signerOf?: SignerOf
}

/** Opens the database and closes it last. */
const plugin: FastifyPluginAsync<Options> = async (app, { location, signerOf }) => {
  const onWait = (): void =>
    app.log.warn('another program is bringing the database up to date: waiting for it')
  const store = await openStore(location, { ...(signerOf && { signerOf }), onWait })
  app.decorate('store', store)
  app.addHook('onClose', () => store.close())
}
export default fp(plugin, { name: 'db', fastify: '5.x' })
