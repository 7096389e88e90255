import fastify from 'fastify'
import { unlockInstance } from '../../src/vault/unlock.ts'
import { createClockWatch, systemClock, systemIds } from '../../src/clock.ts'
import { databasePath, loadConfig } from '../../src/config.ts'
import { openSqlite } from '../../src/db/sqlite/open.ts'
import { insertEvent } from '../../src/db/sqlite/operations/events.ts'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { createTools } from '../../src/db/sqlite/tools.ts'
import { receiveWebhook } from '../../src/webhooks/inbox/receive.ts'
import { say } from './listen.ts'

// Bridge's webhooks stored as the server stores them, but each in a commit of its own.
const config = loadConfig(process.env)
const store = createSqliteStore(databasePath(config))
const { db, write } = createTools(openSqlite(databasePath(config)))
const inbox = {
  store: {
    ...store,
    acceptEvent: (event) => write(() => (insertEvent(db, event) ? 'new' : 'repeat')),
  },
  keyring: await unlockInstance(store, { config, clock: systemClock }),
  clock: systemClock,
  clockWatch: createClockWatch(),
  isClockInDoubt: () => false,
  bridgeTime: { aheadMs: () => 0 },
  ids: systemIds,
  auditCounter: { count() {}, flush: async () => {} },
  log: { error() {} },
} satisfies Parameters<typeof receiveWebhook>[0]

const { webhookSecrets: secrets } = config.secrets
const since = systemClock.now()
const app = fastify()
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/webhooks/bridge', async (request, reply) => {
  const rawBody = request.body as Buffer
  const signature = request.headers['bridgeapi-signature'] as string
  await receiveWebhook(inbox, { rawBody, signature, secrets, since })
  return reply.send({})
})

await app.listen({ host: '127.0.0.1', port: 0 })
say(app.server)
