import { createHmac } from 'node:crypto'
import fastify from 'fastify'
import { parseBridgeEvent } from '../../src/bridge/events/webhook-events.ts'
import { verifyBridgeSignature } from '../../src/bridge/events/webhook-signature.ts'
import { systemIds } from '../../src/clock.ts'
import { createGroup, openDatabase } from './database.ts'
import { say } from './listen.ts'
import { key, open, seal } from './sealing.ts'

// What we owe with each webhook, by the libraries alone: its signature is checked, its owner looked up, its body sealed and
// stored with a delivery before the 200, the log has a line; then it is read back, opened, applied and noted as handled.
const [secret = ''] = process.argv.slice(2)
const client = openDatabase()
const group = createGroup(client)

const ownerOf = client.prepare<[string], { user_id: string; site_id: string }>(
  `SELECT bridge_users.*, sites.*, bridge_users.id AS user_id, sites.id AS site_id FROM bridge_users
   JOIN sites ON sites.id = bridge_users.site_id WHERE user_uuid = +?`,
)
const addEvent = client
  .prepare<unknown[], number>(
    `INSERT INTO events (id, dedupe_key, type, user_id, site_id, item_id, body, occurred_at, received_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dedupe_key) DO NOTHING RETURNING seq`,
  )
  .pluck()
const addDelivery = client.prepare(
  `INSERT INTO deliveries (id, event_seq, site_id, item_id, state, created_at)
   VALUES (?, ?, ?, ?, 'pending', ?)`,
)
const unhandled = client.prepare<unknown[], { seq: number; body: Buffer }>(
  `SELECT * FROM events WHERE handled_at IS NULL ORDER BY seq LIMIT 100`,
)
const userOf = client.prepare(`SELECT * FROM bridge_users WHERE user_uuid = +?`)
const itemOf = client.prepare(`SELECT * FROM items WHERE id = +?`)
const addAccount = client.prepare(
  `INSERT INTO accounts (id, item_id, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
)
const handled = client.prepare(`UPDATE events SET handled_at = ? WHERE seq = ?`)

type Content = { item_id: number; account_id: number; user_uuid: string }
const read = (body: Buffer) => {
  const { type, content } = parseBridgeEvent(JSON.parse(body.toString()))
  return { type, content: content as Content }
}

/** Applies what is stored, as long as there is any. */
async function handle(): Promise<void> {
  for (let some = unhandled.all(); some.length > 0; some = unhandled.all()) {
    await Promise.all(
      some.map(({ seq, body }) => {
        const { content } = read(open(body))
        return group(() => {
          userOf.get(content.user_uuid)
          itemOf.get(content.item_id)
          addAccount.run(content.account_id, content.item_id, Date.now())
          handled.run(Date.now(), seq)
        })
      }),
    )
  }
}
let handling: Promise<void> | undefined

const app = fastify({ logger: { file: '/dev/null' } })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

app.post('/webhooks/bridge', async (request, reply) => {
  const body = request.body as Buffer
  const signature = request.headers['bridgeapi-signature'] as string
  if (!verifyBridgeSignature(signature, body, [secret])) return reply.code(401).send({})
  const { type, content } = read(body)
  const { user_id: user, site_id: site } = ownerOf.get(content.user_uuid)!
  const digest = `bridge:${createHmac('sha256', key).update(body).digest('hex')}`
  const [id, at, sealed] = [systemIds.next('evt'), Date.now(), seal(body)]
  await group(() => {
    const seq = addEvent.get(id, digest, type, user, site, content.item_id, sealed, at, at)
    addDelivery.run(systemIds.next('dlv'), seq, site, content.item_id, at)
  })
  handling ??= handle().finally(() => (handling = undefined))
  return reply.send({})
})

await app.listen({ host: '127.0.0.1', port: 0 })
say(app.server)
