import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { readWebhookSecret, rotateWebhookSecret } from '../../../src/vault/webhook-secret.ts'
import { callMethod, testApp } from '../../support/app.ts'
import { aTenant, testBy } from '../../support/tenants.ts'
import { receiver, type Post } from './receiver.ts'
import { relayRooms } from './relay-rooms.ts'

const hourMs = 60 * 60_000

/** What the published library makes of a secret, at the second the webhook says: it must be among the signatures. */
function isSignedWith(secret: string, { headers, body }: Post): boolean {
  const at = new Date(Number(headers['webhook-timestamp']) * 1_000)
  const expected = new Webhook(secret).sign(String(headers['webhook-id']), at, body)
  return String(headers['webhook-signature']).split(' ').includes(expected)
}

async function signing() {
  const rooms = await relayRooms()
  const { store, keyring, clock, site, relay, emit, listenAt } = rooms
  const at = await receiver()
  await listenAt(at.url)
  const send = async (mark: string): Promise<Post> => {
    await emit(mark)
    await relay.tick()
    return at.posts.at(-1)!
  }
  const read = () => readWebhookSecret({ store, keyring }, site.id)
  const rotate = (options?: { force: boolean }) =>
    rotateWebhookSecret({ store, keyring }, site.id, { ...testBy, at: clock.now() }, options)
  return { ...rooms, send, read, rotate }
}

test('the standardwebhooks library verifies what we send, whole, with the site’s secret alone', async () => {
  const { send, read, clock } = await signing()
  clock.advance(Date.now() - clock.now()) // the library looks at the real clock
  const secret = await read()

  const post = await send('Crédit')

  const headers = post.headers as Record<string, string>
  expect(new Webhook(secret).verify(post.body, headers)).toEqual({ mark: 'Crédit' })
  const other = `whsec_${Buffer.alloc(32, 3).toString('base64')}`
  expect(() => new Webhook(other).verify(post.body, headers)).toThrow('No matching signature')
  expect(() => new Webhook(secret).verify(`${post.body} `, headers)).toThrow('No matching')
})

test('while a secret rotates both verify, for 24 hours; Frappe’s signature has the newest at once', async () => {
  const { send, read, rotate, clock } = await signing()
  const old = await read()

  const { secret } = await rotate()
  const during = await send('during')
  clock.advance(24 * hourMs - 1)
  const late = await send('late')
  clock.advance(1)
  const after = await send('after')

  expect([during, late, after].map((post) => isSignedWith(secret, post))).toEqual([
    true,
    true,
    true,
  ])
  expect([during, late, after].map((post) => isSignedWith(old, post))).toEqual([true, true, false])
  expect(during.headers['x-frappe-webhook-signature']).toBe(
    createHmac('sha256', secret).update(during.body).digest('base64'),
  )
})

test('no secret ends before its day is over, unless the next rotation is forced', async () => {
  const { send, read, rotate, clock } = await signing()
  const first = await read()
  const { secret: second, previousUntil } = await rotate()

  clock.advance(24 * hourMs - 1)
  await expect(rotate()).rejects.toThrow(expect.objectContaining({ until: previousUntil }))
  const kept = await send('kept')
  const { secret: third } = await rotate({ force: true })
  const forced = await send('forced')
  clock.advance(24 * hourMs)
  await rotate()

  const signers = (post: Post) => [first, second, third].map((each) => isSignedWith(each, post))
  expect(signers(kept)).toEqual([true, true, false])
  expect(signers(forced)).toEqual([false, true, true])
})

test('get_webhook_secret gives a site key its site’s secret, and a tenant key a 403', async () => {
  const { app } = await testApp()
  const { siteKey, tenantKey, site } = await aTenant(app)

  const given = await callMethod(app, 'get_webhook_secret', {}, { as: siteKey })
  const refused = await callMethod(app, 'get_webhook_secret', {}, { as: tenantKey })

  expect(given.message).toEqual({ secret: await readWebhookSecret(app, site.id) })
  expect(given.headers['cache-control']).toBe('no-store')
  expect([refused.status, refused.body.exc_type]).toEqual([403, 'PermissionError'])
  expect(refused.text).not.toContain('whsec_')
})

test('a secret that was read is in no log line', async () => {
  const { app, log } = await testApp()
  const { siteKey } = await aTenant(app)

  const { message } = await callMethod(app, 'get_webhook_secret', {}, { as: siteKey })

  expect(log.length).toBeGreaterThan(0)
  expect(log.join('')).not.toContain(message.secret)
})
