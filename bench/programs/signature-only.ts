import fastify from 'fastify'
import { verifyBridgeSignature } from '../../src/bridge/events/webhook-signature.ts'
import { say } from './listen.ts'

// Bridge's webhooks, their signature checked and nothing stored.
const [secret = ''] = process.argv.slice(2)
const app = fastify()
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

app.post('/webhooks/bridge', (request, reply) => {
  const signature = request.headers['bridgeapi-signature'] as string
  const isGood = verifyBridgeSignature(signature, request.body as Buffer, [secret])
  void reply.code(isGood ? 200 : 401).send({})
})

await app.listen({ host: '127.0.0.1', port: 0 })
say(app.server)
