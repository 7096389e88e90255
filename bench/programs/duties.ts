import { createHmac, timingSafeEqual } from 'node:crypto'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { Counter, Histogram } from 'prom-client'
import { Pool } from 'undici'
import { z } from 'zod'
import { account } from '../../src/bridge/resources/accounts.ts'
import { pageOf } from '../../src/bridge/transport/pagination.ts'
import { systemIds } from '../../src/clock.ts'
import { loggerOptions, RequestLog } from '../../src/logger.ts'
import { openDatabase } from './database.ts'
import { say } from './listen.ts'

// What we owe with each call, by the libraries alone: who holds the key is known until something changes, its secret is hashed,
// the arguments are checked, the answer has its headers, the log a line, Prometheus its counts, and the calls of a second are
// stored together and counted for their sites. `/constant` answers so many bytes; `/accounts` looks up whose the item is, asks
// Bridge, looks at the shape of what comes and whether its accounts are known, and answers it.
const [size = '200', origin = 'http://127.0.0.1'] = process.argv.slice(2)
const constant = 'x'.repeat(Math.max(0, Number(size) - '{"message":""}'.length))
const pepper = Buffer.alloc(32, 1)
const pool = new Pool(origin, { connections: 32 })
const page = pageOf(account)
const id = z.coerce.number().int().positive()
const ofConstant = z.object({ category_id: id, lang: z.string().optional() })
const ofAccounts = z.object({ item_id: id, user: z.string().optional() })

interface Holder {
  tenant_id: string
  site_id: string
}
interface Call extends Holder {
  id: string
  at: number
  key: string
  method: string
  ms: number
  itemId: number | null
  bridge: { call: string; status: number; ms: number }[]
}

declare module 'fastify' {
  interface FastifyRequest {
    ofDuties: Call | null
  }
}

const client = openDatabase()
const holder = client.prepare<[string], Holder>(
  `SELECT api_keys.*, tenants.*, sites.*, api_keys.tenant_id, api_keys.site_id FROM api_keys
   JOIN tenants ON tenants.id = api_keys.tenant_id
   LEFT JOIN sites ON sites.id = api_keys.site_id WHERE api_key = +?`,
)
const commitsElsewhere = client.prepare<[], number>('PRAGMA data_version').pluck()
let seen: number | undefined
const holders = new Map<string, Holder>()
function holderOf(key: string): Holder | undefined {
  const now = commitsElsewhere.get()
  if (now !== seen) holders.clear()
  seen = now
  const known = holders.get(key) ?? holder.get(key)
  if (known) holders.set(key, known)
  return known
}
const owned = client.prepare<[number, string], { last_success_at: number; status: number }>(
  `SELECT items.*, bridge_users.*, sites.* FROM items
   JOIN bridge_users ON bridge_users.id = items.user_id JOIN sites ON sites.id = bridge_users.site_id
   WHERE items.id = +? AND sites.tenant_id = +?`,
)
const accountsOf = client.prepare<[number], { id: number }>(
  `SELECT id, iban_fingerprint IS NULL FROM accounts WHERE item_id = +?`,
)
const keep = client.prepare(
  `INSERT INTO calls (id, at, method, status, duration_ms, tenant_id, site_id, api_key, item_id, bridge)
   VALUES (?, ?, ?, 200, ?, ?, ?, ?, ?, ?)`,
)
const count = client.prepare(
  `INSERT INTO usage (month, calls, tenant_id, site_id, site)
   SELECT +?, +?, tenant_id, id, name FROM sites WHERE id = +?
   ON CONFLICT (month, tenant_id, site_id) DO UPDATE SET calls = calls + excluded.calls`,
)
const calls: Call[] = []
const store = client.transaction((some: Call[]) => {
  const month = new Date().toISOString().slice(0, 7)
  for (const { id, at, method, ms, tenant_id, site_id, key, itemId, bridge } of some) {
    keep.run(id, at, method, ms, tenant_id, site_id, key, itemId, JSON.stringify(bridge))
  }
  const bySite = Map.groupBy(some, ({ site_id }) => site_id)
  for (const [site, { length }] of bySite) count.run(month, length, site)
})
setInterval(() => {
  while (calls.length > 0) store.immediate(calls.splice(0, 200))
}, 1_000)

const buckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const [answers, outcomes, took, asked, bridgeTook] = [
  new Counter({ name: 'answers', help: 'all', labelNames: ['method', 'route', 'status'] }),
  new Counter({ name: 'outcomes', help: 'of calls', labelNames: ['method', 'outcome'] }),
  new Histogram({ name: 'took', help: 'calls, s', labelNames: ['method'], buckets }),
  new Counter({ name: 'asked', help: 'Bridge', labelNames: ['endpoint', 'status'] }),
  new Histogram({ name: 'bridge', help: 'Bridge, s', labelNames: ['endpoint'], buckets }),
] as const

const app = fastify({
  logger: Object.assign({ file: '/dev/null' }, loggerOptions('info')),
  logController: new RequestLog(),
  genReqId: () => systemIds.next('req'),
})
app.decorateRequest('rpc', null)
app.decorateRequest('ofDuties', null)
app.addHook('onResponse', (request, reply, done) => {
  const call = request.ofDuties!
  const { method } = call
  const { url: route = 'none' } = request.routeOptions
  const ms = reply.elapsedTime
  answers.inc({ method: request.method, route, status: reply.statusCode })
  outcomes.inc({ method, outcome: 'ok' })
  took.observe({ method }, ms / 1_000)
  calls.push({ ...call, ms: Math.round(ms) })
  done()
})
const headers = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000',
}

/** The call of whoever calls. */
function admit(request: FastifyRequest, method: string): Call {
  const [key = '', secret = ''] = (request.headers.authorization ?? '').slice(6).split(':')
  const found = holderOf(key)
  const digest = createHmac('sha256', pepper).update(`${key}:${secret}`).digest()
  if (!found || !timingSafeEqual(digest, digest)) throw new Error('a stranger')
  const { tenant_id, site_id } = found
  const at = Date.now()
  const ofCall = { id: request.id, at, key, method, ms: 0, itemId: null, bridge: [] }
  const call = { ...ofCall, tenant_id, site_id }
  request.ofDuties = call
  request.rpc = method
  return call
}

const send = (request: FastifyRequest, reply: FastifyReply, asOf: number, message: unknown) =>
  reply
    .headers({ ...headers, 'x-request-id': request.id })
    .header('x-bank-api-data-as-of', new Date(asOf).toISOString())
    .send(Buffer.from(JSON.stringify({ message })))

app.get('/constant', (request, reply) => {
  const { at } = admit(request, 'bank_api.bridge.get_category')
  ofConstant.parse(request.query)
  return send(request, reply, at, constant)
})

app.get('/accounts', async (request, reply) => {
  const call = admit(request, 'bank_api.bridge.get_bank_accounts')
  const { item_id: itemId } = ofAccounts.parse(request.query)
  const item = owned.get(itemId, call.tenant_id)!
  const before = Date.now()
  const { body, statusCode: status } = await pool.request({
    method: 'GET',
    path: `/v3/aggregation/accounts?item_id=${itemId}&limit=500`,
    headers: { authorization: 'Bearer a-token', accept: 'application/json' },
    signal: AbortSignal.timeout(10_000),
  })
  const { resources } = page.parse(await body.json())
  const ms = Date.now() - before
  const endpoint = '/v3/aggregation/accounts'
  asked.inc({ endpoint, status })
  bridgeTook.observe({ endpoint }, ms / 1_000)
  Object.assign(call, { itemId, bridge: [{ call: `GET ${endpoint}`, status, ms }] })
  const known = new Set(accountsOf.all(itemId).map(({ id }) => id))
  if (!resources.every(({ id }) => known.has(id))) throw new Error('new accounts')
  void reply.header('x-bank-api-item-status', String(item.status))
  return send(request, reply, item.last_success_at, resources)
})

await app.listen({ host: '127.0.0.1', port: 0 })
say(app.server)
