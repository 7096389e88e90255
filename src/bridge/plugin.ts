import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { Pool, type Dispatcher } from 'undici'
import { createBridgeClient, type BridgeClient, type BridgeOptions } from './client.ts'
import { createReferenceData, type ReferenceData } from './reference-data.ts'

declare module 'fastify' {
  interface FastifyInstance {
    bridge: BridgeClient
    reference: ReferenceData
  }
}

type Options = Omit<BridgeOptions, 'dispatcher'> & { dispatcher?: Dispatcher | undefined }

/** Builds the Bridge client. Without a dispatcher it keeps a pool of its own and closes it. */
const plugin: FastifyPluginCallback<Options> = (app, options, done) => {
  const pool = options.dispatcher ? undefined : new Pool(options.baseUrl, { connections: 32 })
  const dispatcher = options.dispatcher ?? pool!
  const bridge = createBridgeClient({ ...options, dispatcher })
  app.decorate('bridge', bridge)
  app.decorate('reference', createReferenceData(bridge, options.clock))
  app.addHook('onClose', async () => pool?.close())
  done()
}
export default fp(plugin, { name: 'bridge', fastify: '5.x' })
