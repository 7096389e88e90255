import fastify from 'fastify'
import { Pool } from 'undici'
import { say } from './listen.ts'

// The least that stands between a site and Bridge: a header is looked at, the JSON put under `message`.
const [origin = '', authorization = ''] = process.argv.slice(2)
const pool = new Pool(origin, { connections: 32 })
const app = fastify()

app.get<{ Querystring: { item_id: string } }>('/accounts', async (request, reply) => {
  if (request.headers.authorization !== authorization) return reply.code(401).send({})
  const { statusCode, body } = await pool.request({
    method: 'GET',
    path: `/v3/aggregation/accounts?item_id=${request.query.item_id}&limit=500`,
    headers: { authorization: 'Bearer a-token', accept: 'application/json' },
  })
  const { resources } = (await body.json()) as { resources: unknown }
  return reply.code(statusCode).send({ message: resources })
})

await app.listen({ host: '127.0.0.1', port: 0 })
say(app.server)
