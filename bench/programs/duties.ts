import { createHmac, timingSafeEqual } from 'node:crypto'
import Sqlite from 'better-sqlite3'
import fastify from 'fastify'
import { systemIds } from '../../src/clock.ts'
import { databasePath, loadConfig } from '../../src/config.ts'
import { say } from './listen.ts'

// What we owe with each call, by the libraries alone: a key is looked up and its secret hashed, the answer has its headers,
// the log a line, and the calls of a second are stored together. The answer itself is a constant.
const size = Number(process.argv[2] ?? 200)
const constant = JSON.stringify({
  message: 'x'.repeat(Math.max(0, size - '{"message":""}'.length)),
})
const pepper = Buffer.alloc(32, 1)

const client = new Sqlite(databasePath(loadConfig(process.env)))
client.pragma('synchronous = FULL')
const holder = client.prepare<[string], { id: string }>(
  `SELECT api_keys.*, tenants.*, sites.* FROM api_keys
   JOIN tenants ON tenants.id = api_keys.tenant_id
   LEFT JOIN sites ON sites.id = api_keys.site_id WHERE api_key = +?`,
)
const call = client.prepare(
  `INSERT INTO calls (id, at, method, status, duration_ms, api_key, bridge)
   VALUES (?, ?, 'get_category', 200, 1, ?, '[]')`,
)
let calls: { id: string; at: number; key: string }[] = []
const store = client.transaction((some: typeof calls) => {
  for (const { id, at, key } of some) call.run(id, at, key)
})
setInterval(() => {
  while (calls.length > 0) store.immediate(calls.splice(0, 200))
  calls = []
}, 1_000)

const app = fastify({ logger: { file: '/dev/null' }, genReqId: () => systemIds.next('req') })
const headers = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
}

app.get('/constant', (request, reply) => {
  const [key = '', secret = ''] = (request.headers.authorization ?? '').slice(6).split(':')
  const found = holder.get(key)
  const digest = createHmac('sha256', pepper).update(`${key}:${secret}`).digest()
  if (!found || !timingSafeEqual(digest, digest)) return reply.code(401).send({})
  calls.push({ id: request.id, at: Date.now(), key })
  return reply.headers({ ...headers, 'x-request-id': request.id }).send(Buffer.from(constant))
})

await app.listen({ host: '127.0.0.1', port: 0 })
say(app.server)
