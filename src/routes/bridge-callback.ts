import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { networkOf } from '../auth/limits.ts'
import { handleCallback } from '../connect/callback.ts'
import type { SettleDeps } from '../connect/settle.ts'
import { page } from './pages.ts'

/** Bridge's words on the way back (Bridge: end of the Connect flow). Lenient: the browser may say anything. */
const callbackQuery = z.object({
  context: z.string().max(100).catch(''),
  item_id: z
    .string()
    .regex(/^[0-9]{1,16}$/)
    .transform(Number)
    .nullable()
    .catch(null),
  step: z
    .string()
    .regex(/^[a-z_0-9]{1,40}$/)
    .nullable()
    .catch(null),
})

const bridgeCallback: FastifyPluginAsync<{ settling: SettleDeps }> = async (app, { settling }) => {
  app.get('/bridge/callback', async (request, reply) => {
    app.limits.callbacks.take(networkOf(request.ip))
    const { context, item_id: itemId, step } = callbackQuery.parse(request.query)
    const answer = await handleCallback(settling, { context, itemId, step })

    void reply.header('Cache-Control', 'no-store')
    // Only a request that is ours is worth keeping: its id cannot be guessed.
    if ('redirect' in answer) {
      Object.assign(request.openCall, { method: 'bridge/callback', request: context, itemId })
    }
    if ('redirect' in answer) return reply.redirect(answer.redirect, 302)
    return page(request, reply, answer.page)
  })
}
export default bridgeCallback
