import fastify from 'fastify'
import { say } from './listen.ts'

// A route that answers so many bytes, always the same.
const size = Number(process.argv[2] ?? 200)
const constant = JSON.stringify({
  message: 'x'.repeat(Math.max(0, size - '{"message":""}'.length)),
})
const app = fastify()

app.get('/constant', (_request, reply) => {
  void reply.header('content-type', 'application/json').send(constant)
})

await app.listen({ host: '127.0.0.1', port: 0 })
say(app.server)
