import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { handleCallback } from '../connect/callback.ts'
import type { Settling } from '../connect/settle.ts'
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

/** How often one address may come back from Bridge, per minute. */
const perMinute = 60

const bridgeCallback: FastifyPluginAsync<{ settling: Settling }> = async (app, { settling }) => {
  app.get(
    '/bridge/callback',
    { config: { rateLimit: { max: perMinute, timeWindow: 60_000 } } },
    async (request, reply) => {
      const { context, item_id: itemId, step } = callbackQuery.parse(request.query)
      const answer = await handleCallback(settling, { context, itemId, step })

      void reply.headers({ 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' })
      if ('redirect' in answer) return reply.redirect(answer.redirect, 302)
      return page(request, reply, answer.page)
    },
  )
}
export default bridgeCallback
