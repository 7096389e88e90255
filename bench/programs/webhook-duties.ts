import { createHmac } from 'node:crypto'
import fastify from 'fastify'
import { readBridgeEvent } from '../../src/bridge/events/webhook-events.ts'
import { verifyBridgeSignature } from '../../src/bridge/events/webhook-signature.ts'
import { systemIds } from '../../src/clock.ts'
import { createGroup, openDatabase } from './database.ts'
import { say } from './listen.ts'
import { key, seal } from './sealing.ts'

// What we owe with each webhook, by the libraries alone: its signature is checked, its owner looked up, its body sealed. Before
// the 200 one commit holds the event, its delivery, due unless an earlier one of its item was not tried, and what it
// changes, unless an earlier one of its user waits. The log has two lines.
const [secret = ''] = process.argv.slice(2)
const client = openDatabase()
const group = createGroup(client)

const ownerOf = client.prepare<
  [string],
  { user_id: string; site_id: string; webhook_url: string | null }
>(
  `SELECT bridge_users.*, sites.*, bridge_users.id AS user_id, sites.id AS site_id FROM bridge_users
   JOIN sites ON sites.id = bridge_users.site_id WHERE user_uuid = +?`,
)
const waiting = client.prepare(
  `SELECT 1 FROM events WHERE handled_at IS NULL AND handle_after <= +? AND user_id = +? LIMIT 1`,
)
const addEvent = client
  .prepare<unknown[], number>(
    `INSERT INTO events
       (id, dedupe_key, type, user_id, site_id, item_id, body, occurred_at, received_at, handled_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dedupe_key) DO NOTHING RETURNING seq`,
  )
  .pluck()
const untried = client.prepare(
  `SELECT 1 FROM deliveries WHERE site_id = +? AND item_id = +? AND first_ended_at IS NULL LIMIT 1`,
)
const addDelivery = client.prepare(
  `INSERT INTO deliveries (id, event_seq, site_id, item_id, state, due_at, created_at)
   VALUES (?, ?, ?, ?, 'pending', ?, ?)`,
)
const userOf = client.prepare(`SELECT * FROM bridge_users WHERE user_uuid = +?`)
const itemOf = client.prepare(`SELECT * FROM items WHERE id = +?`)
const addAccount = client.prepare(
  `INSERT INTO accounts (id, item_id, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
)

type Content = { item_id: number; account_id: number; user_uuid: string }
const read = (body: Buffer) => {
  const { type, content, timestamp } = readBridgeEvent(body)
  return { type, content: content as Content, timestamp }
}

const app = fastify({ logger: { file: '/dev/null' } })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

app.post('/webhooks/bridge', async (request, reply) => {
  const body = request.body as Buffer
  const signature = request.headers['bridgeapi-signature'] as string
  if (!verifyBridgeSignature(signature, body, [secret])) return reply.code(401).send({})
  const { type, content, timestamp } = read(body)
  const { item_id: item, account_id: account, user_uuid: uuid } = content
  const { user_id: user, site_id: site, webhook_url: url } = ownerOf.get(uuid)!
  const digest = `bridge:${timestamp}:${createHmac('sha256', key).update(body).digest('base64url')}`
  const [id, at, sealed] = [systemIds.next('evt'), Date.now(), seal(body)]
  await group(() => {
    if (waiting.get(at, user)) throw new Error('None of these has to wait')
    const seq = addEvent.get(id, digest, type, user, site, item, sealed, at, at, at)
    const due = untried.get(site, item) ? null : at
    if (url !== null) addDelivery.run(systemIds.next('dlv'), seq, site, item, due, at)
    userOf.get(uuid)
    itemOf.get(item)
    addAccount.run(account, item, at)
  })
  return reply.send({})
})

await app.listen({ host: '127.0.0.1', port: 0 })
say(app.server)
