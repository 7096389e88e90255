import fastify from 'fastify'
import { say } from './listen.ts'

// Fastify and nothing else.
const app = fastify()
app.get('/ready', () => ({}))
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0) })
say(app.server)
