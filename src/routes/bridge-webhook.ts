import type { FastifyPluginAsync } from 'fastify'
import { isBridge } from '../bridge/bridge-errors.ts'
import { StoreBusyError } from '../db/store-errors.ts'
import { NotNowError } from '../errors.ts'
import { receiveWebhook, WebhookSignatureError } from '../webhooks/inbox/receive.ts'

/** The largest webhook we read, in bytes. */
const bodyLimit = 64 * 1024

/** Where Bridge posts its events. A 200 means the event is stored for good. `secrets`: the active ones of Bridge's webhook. */
const bridgeWebhook: FastifyPluginAsync<{ secrets: readonly string[] }> = async (
  app,
  { secrets },
) => {
  const since = app.clock.now()
  // The signature is over the bytes, whatever the content type says.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => {
    done(null, body)
  })

  app.post('/webhooks/bridge', {
    bodyLimit,
    async onRequest(request) {
      if (secrets.length === 0) throw new NotNowError('webhook_secret_missing')
      if (signatureOf(request.headers) === undefined) throw new WebhookSignatureError()
    },
    async handler(request, reply) {
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      // Not a stranger while its event waits for the disk, nor when it is told to come again.
      const onGenuine = () => app.connections.admitted(request.socket, 'bridge')
      const given = { rawBody, signature: signatureOf(request.headers), secrets, onGenuine, since }
      const { received, type, reason } = await receiveWebhook(app, given).catch(
        (error: unknown) => {
          if (error instanceof WebhookSignatureError) {
            app.metrics.webhookReceived('refused')
            app.refusedWebhooks.note(rawBody)
          }
          if (!(error instanceof StoreBusyError)) throw error
          // Bridge tries again for a day or two (Bridge: webhooks).
          throw new NotNowError('event_not_stored', {}, { retryAfter: 5, cause: error })
        },
      )
      app.metrics.webhookReceived(received)
      if (received === 'nonsense') {
        const problem = isBridge(reason, 'nonsense') ? reason.detail : 'it is no JSON'
        request.log.error({ received, problem }, 'Bridge signed a webhook that is no event')
      } else {
        request.log.info({ received, type }, 'webhook received')
      }
      if (received === 'new') {
        app.wakeups.emit('events')
        app.wakeups.emit('deliveries')
      }
      return reply.header('Cache-Control', 'no-store').send({})
    },
  })
}
export default bridgeWebhook

const signatureOf = (headers: Record<string, unknown>): string | undefined => {
  const header = headers['bridgeapi-signature']
  return typeof header === 'string' ? header : undefined
}
