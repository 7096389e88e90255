import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import type { ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { runCli as runHere } from '../../../src/cli/run.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { testIds } from '../../support/ids.ts'
import { runCli } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, anAnnouncement, aUser } from '../../support/tenants.ts'
import { receiver } from '../webhooks/receiver.ts'

const minuteMs = 60_000

/** A site that listens, on an installation that no server serves. */
async function aSiteThatListens() {
  const folder = testFolder()
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const config = loadConfig({ DATA_DIR: folder })
  const keyring = await unlockInstance(store, { config, clock: systemClock })
  const rooms = { store, clock: systemClock, keyring, ids: testIds() }
  const { site } = await aTenant(rooms)
  const user = await aUser(rooms, site)
  const at = await receiver()
  const by = { actor: 'test', at: 1 }
  const listenAt = (webhookUrl: string) => store.updateSite(site.id, { webhookUrl }, by)
  await listenAt(at.url)
  /** Ends a try of another webhook with this answer. */
  const answers = async (status: number) => {
    const event = anAnnouncement(rooms, user)
    const body = keyring.seal('{}', `events/${event.id}`)
    await store.acceptEvent({ ...event, type: 'item.refreshed', body })
    const now = systemClock.now()
    const leaseUntil = now + minuteMs
    const [claim] = await store.claimDeliveries({ at: now, by: 'srv_test', leaseUntil, limit: 1 })
    const webhookUrl = claim!.site.webhookUrl
    await store.settleDelivery({
      id: claim!.id,
      attempt: claim!.attempt,
      at: now,
      outcome: { kind: 'failed', dueAt: now + minuteMs },
      try: { startedAt: now, durationMs: 1, status, error: null, response: null },
      endpoint: { webhookUrl, status, retryAfterMs: 10 * minuteMs },
    })
  }
  const run = async (...more: string[]) => {
    const ran = await runCli(folder, ['webhook', 'test', site.name, '--tenant', 'acme', ...more])
    expect(ran.err).toBe('')
    return ran
  }
  // oxlint-disable-next-line typescript/no-explicit-any -- read as a stranger reads it
  const tell = async (): Promise<any> => JSON.parse((await run('--json')).out)
  return { store, site, at, listenAt, answers, run, tell, folder }
}

test('an endpoint that rests is tested at once, without a server, and its story is kept', async () => {
  const { at, answers, tell, store, site } = await aSiteThatListens()
  await answers(429)

  const told = await tell()

  expect(told).toMatchObject({ delivered: true, status: 200, hint: null, next: null, url: at.url })
  expect(told.endpoint).toMatch(/^rests until 20/)
  expect(told.addresses).toEqual(['127.0.0.1'])
  expect(JSON.parse(at.posts[0]!.body)).toMatchObject({ type: 'webhook.test' })
  expect(at.posts[0]!.headers['webhook-id']).toBe(told.webhook_id)
  expect(await store.listAudit({ action: 'endpoint.tested', limit: 9 })).toMatchObject([
    { actor: expect.stringContaining('cli'), subject: site.name },
  ])
  expect(await store.findDelivery(told.webhook_id)).toMatchObject({
    state: 'delivered',
    tries: [{ number: 1, status: 200 }],
  })
})

test('one that is disabled is tested too, stays disabled, and the command that enables it is told', async () => {
  const { answers, tell, run, store, site } = await aSiteThatListens()
  await answers(410)

  const told = await tell()

  expect(told).toMatchObject({ delivered: true })
  expect(told.endpoint).toMatch(/^disabled since 20.*: it answered 410 Gone$/)
  expect(told.next).toBe('bank-api webhook enable erp.acme.test --tenant acme')
  expect((await store.readEndpoint(site.id)).disabledAt).not.toBeNull()
  expect((await run()).out).toContain('\nIt stays disabled until this:\nbank-api webhook enable')
})

test('enabling one that took its test tells what that lets go', async () => {
  const { answers, tell, folder, site } = await aSiteThatListens()
  await answers(410)
  await tell()

  const enable = ['webhook', 'enable', site.name, '--tenant', 'acme', '--json']
  const { out } = await runCli(folder, enable)

  expect(JSON.parse(out)).toEqual({ site: site.name, enabled: true, waiting: 1, recovered: 0 })
})

test('one that failed is well once the test was taken', async () => {
  const { answers, tell } = await aSiteThatListens()
  await answers(500)

  expect(await tell()).toMatchObject({ delivered: true, endpoint: 'well' })
})

const say =
  (status: number, body = '', headers: Record<string, string> = {}) =>
  (_: unknown, response: ServerResponse) =>
    void response.writeHead(status, headers).end(body)

test.each([
  [301, '', { location: 'https://erp.acme.test/hook?token=1' }, /save the address.*, with https/],
  [302, '', { location: '/login?next=1' }, /login page/],
  [307, '', { location: 'http://other.test/hook?token=1' }, /: http:\/\/other.test\/hook$/],
  [403, '<h1>CSRF verification failed', {}, /CSRF token.*exempt/],
  [403, '{"exc_type":"PermissionError"}', {}, /allow_guest=True/],
  [404, 'Not Found', {}, /at that path/],
  [502, '', {}, /error log/],
] as const)('%i %s %j has a hint', async (status, body, headers, hint) => {
  const { at, run, tell } = await aSiteThatListens()
  at.answer(say(status, body, headers))

  const told = await tell()
  const { code, out } = await run()

  expect(told).toMatchObject({ delivered: false, status, response: body === '' ? null : body })
  expect(told.hint).toMatch(hint)
  expect(told.hint).not.toContain('token=1')
  expect(code).toBe(1)
  for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

test('nothing that listens, a name that leads nowhere and a private address have a hint', async () => {
  const { listenAt, tell } = await aSiteThatListens()

  await listenAt('http://127.0.0.1:1/hook')
  expect(await tell()).toMatchObject({
    error: 'ECONNREFUSED',
    hint: expect.stringMatching(/Nothing listens/),
  })
  await listenAt('http://10.1.2.3/hook')
  expect(await tell()).toMatchObject({
    error: 'the address is not allowed',
    hint: expect.stringMatching(/site allow-target/),
  })
  await listenAt('https://127.0.0.1:1/hook')
  expect(await tell()).toMatchObject({ tls: null, tls_error: 'ECONNREFUSED' })
})

test('on a screen it says that it waits, and wipes that', async () => {
  const { folder, site } = await aSiteThatListens()
  let shown = ''
  const screen = new Writable({
    write(chunk: Buffer, _encoding, done) {
      shown += chunk.toString()
      done()
    },
  })
  const stderr = Object.assign(screen, { isTTY: true, columns: 40 })
  const stdout = new PassThrough().resume()

  const words = ['webhook', 'test', site.name, '--tenant', 'acme']
  await runHere(words, { env: { DATA_DIR: folder }, stdout, stderr })

  expect(shown).toContain('\rtry 1 … waiting')
  expect(shown.split('\r').filter(Boolean).at(-1)?.trim()).toBe('')
})
