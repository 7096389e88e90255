import { createHmac, timingSafeEqual } from 'node:crypto'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { Pool } from 'undici'
import { account } from '../../src/bridge/resources/accounts.ts'
import { pageOf } from '../../src/bridge/transport/pagination.ts'
import { systemIds } from '../../src/clock.ts'
import { openDatabase } from './database.ts'
import { say } from './listen.ts'

// What we owe with each call, by the libraries alone: a key is looked up and its secret hashed, the answer has its headers,
// the log a line, and the calls of a second are stored together. `/constant` answers so many bytes; `/accounts` looks up whose
// the item is, asks Bridge, looks at the shape of what comes and whether its accounts are known, and answers it.
const [size = '200', origin = 'http://127.0.0.1'] = process.argv.slice(2)
const constant = JSON.stringify({
  message: 'x'.repeat(Math.max(0, Number(size) - '{"message":""}'.length)),
})
const pepper = Buffer.alloc(32, 1)
const pool = new Pool(origin, { connections: 32 })
const page = pageOf(account)

const client = openDatabase()
const holder = client.prepare<[string], { tenant_id: string }>(
  `SELECT api_keys.*, tenants.*, sites.*, api_keys.tenant_id FROM api_keys
   JOIN tenants ON tenants.id = api_keys.tenant_id
   LEFT JOIN sites ON sites.id = api_keys.site_id WHERE api_key = +?`,
)
const owned = client.prepare<[number, string], { last_success_at: number }>(
  `SELECT items.*, bridge_users.*, sites.* FROM items
   JOIN bridge_users ON bridge_users.id = items.user_id JOIN sites ON sites.id = bridge_users.site_id
   WHERE items.id = +? AND sites.tenant_id = +?`,
)
const accountsOf = client.prepare<[number], { id: number }>(
  `SELECT id, iban_fingerprint IS NULL FROM accounts WHERE item_id = +?`,
)
const call = client.prepare(
  `INSERT INTO calls (id, at, method, status, duration_ms, api_key, bridge)
   VALUES (?, ?, 'get_category', 200, 1, ?, '[]')`,
)
const calls: { id: string; at: number; key: string }[] = []
const store = client.transaction((some: typeof calls) => {
  for (const { id, at, key } of some) call.run(id, at, key)
})
setInterval(() => {
  while (calls.length > 0) store.immediate(calls.splice(0, 200))
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

/** The tenant of whoever calls, who is written down. */
function admit({ id, headers: { authorization = '' } }: FastifyRequest): string {
  const [key = '', secret = ''] = authorization.slice(6).split(':')
  const found = holder.get(key)
  const digest = createHmac('sha256', pepper).update(`${key}:${secret}`).digest()
  if (!found || !timingSafeEqual(digest, digest)) throw new Error('a stranger')
  calls.push({ id, at: Date.now(), key })
  return found.tenant_id
}

const send = (request: FastifyRequest, reply: FastifyReply, body: string): FastifyReply =>
  reply.headers({ ...headers, 'x-request-id': request.id }).send(Buffer.from(body))

app.get('/constant', (request, reply) => {
  admit(request)
  return send(request, reply, constant)
})

app.get<{ Querystring: { item_id: string } }>('/accounts', async (request, reply) => {
  const tenant = admit(request)
  const itemId = Number(request.query.item_id)
  const item = owned.get(itemId, tenant)!
  const { body } = await pool.request({
    method: 'GET',
    path: `/v3/aggregation/accounts?item_id=${itemId}&limit=500`,
    headers: { authorization: 'Bearer a-token', accept: 'application/json' },
    signal: AbortSignal.timeout(10_000),
  })
  const { resources } = page.parse(await body.json())
  const known = new Set(accountsOf.all(itemId).map(({ id }) => id))
  if (!resources.every(({ id }) => known.has(id))) throw new Error('new accounts')
  void reply.header('x-bank-api-data-as-of', new Date(item.last_success_at).toISOString())
  return send(request, reply, JSON.stringify({ message: resources }))
})

await app.listen({ host: '127.0.0.1', port: 0 })
say(app.server)
