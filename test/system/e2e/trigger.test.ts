import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildApp, startSandbox } from '../../../src/app.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { createDemo, findDemo } from '../../../src/demo/demo-key.ts'
import { dayMs, hourMs } from '../../../src/durations.ts'
import { freePort } from '../../support/free-port.ts'
import { firstStart } from '../../support/gateway.ts'
import { openSite } from '../../support/receiving-site.ts'
import { runCli } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant } from '../../support/tenants.ts'
import { siteClient, visitBank, type Json } from './visit.ts'

/** A server with its sandbox on real sockets in this process, and `bank-api sandbox` beside it. */
async function aServer() {
  const env = {
    DATA_DIR: testFolder(),
    PORT: String(await freePort()),
    SANDBOX_PORT: String(await freePort()),
    LOG_LEVEL: 'silent',
  }
  const config = loadConfig(env)
  const clock = createMovableClock()
  const sandbox = await startSandbox(config, clock)
  const identity = { host: 'here', pid: 1, isAlive: () => true }
  const app = await buildApp({ config, clock, sandbox, identity, workers: true })
  onTestFinished(async () => {
    await app.close()
    await sandbox.close()
  })
  await app.listen({ host: '127.0.0.1', port: config.port })

  /** Runs `bank-api sandbox …`; what it prints for programs. */
  async function run(...args: string[]): Promise<Json> {
    const { code, out, err } = await runCli(env.DATA_DIR, ['sandbox', ...args, '--json'], env)
    if (code !== 0) throw new Error(err)
    return JSON.parse(out)
  }
  return { app, clock, config, env, run }
}

test('each trigger makes its event, and the site is told it by a webhook', async () => {
  const { app, clock, config, run } = await aServer()
  const site = await openSite(onTestFinished)
  const { tenant, siteKey } = await aTenant(app)
  const key = { api_key: siteKey.apiKey, api_secret: siteKey.apiSecret }
  const link = await siteClient(config.publicUrl, key)('get_bridge_connect_link', {
    base_url: site.origin,
    redirect_url: '/app/bank',
    webhook_url: site.webhookUrl,
    user: 'ada@acme.test',
  })
  await visitBank(link.url)
  const { event: completed } = await site.hears('connect.completed')
  const item_id = completed.content.item_id as number
  const trigger = async (type: string, ...more: string[]): Promise<Json> => {
    const before = site.of(type).length
    const told = await run('trigger', type, '--tenant', tenant.name, ...more)
    const heard = await site.hears(type, before + 1)
    expect(told).toMatchObject({ event: type, webhook_id: heard.headers['webhook-id'] })
    expect(told.content).toEqual(heard.event.content)
    return told.content
  }

  expect(await trigger('item.refreshed')).toMatchObject({ item_id, status_code: 0 })
  expect(await trigger('item.action_required')).toMatchObject({ status: 1010, next: 'sca' })
  expect(await trigger('item.action_required', '--status', '402')).toMatchObject({
    item_id,
    status: 402,
    next: 'edit',
  })
  expect(await trigger('item.action_required', '--status', '402')).toMatchObject({ status: 402 })
  expect(await trigger('item.repaired')).toMatchObject({ item_id, status: 0 })
  const expiring = await trigger('consent.expiring', '--days', '3')
  expect(expiring).toMatchObject({ item_id, days_left: 3 })
  expect((await fetch(expiring.renew_url)).status).toBe(200)
  expect(await trigger('consent.expiring', '--days', '3')).toMatchObject({ days_left: 3 })
  const before = clock.now()
  expect(await trigger('item.stale', '--item', String(item_id))).toMatchObject({ item_id })
  expect(clock.now() - before).toBeGreaterThan(36 * hourMs)
  const replaced = await trigger('account.replaced')
  expect(replaced).toMatchObject({ replaced_item_id: item_id })
  expect(await trigger('item.deleted')).toMatchObject({ item_id: replaced.item_id })
  await expect(run('trigger', 'item.refreshed', '--tenant', tenant.name)).rejects.toThrow(
    'This site has no connection yet: ask for a link as the site does',
  )
})

test('on a fresh sandbox the demo connects a bank first, and a clock that is moved brings reminders', async () => {
  const { app, clock, config, run } = await aServer()
  await createDemo(app, config.publicUrl)

  await expect(run('trigger', 'connect.completed', '--site', 'erp.acme.test')).rejects.toThrow(
    'connect.completed is made for the demo site alone',
  )
  const first = await run('trigger', 'item.refreshed')
  const another = await run('trigger', 'connect.completed')
  const before = clock.now()
  const moved = await run('advance', '170d', '--by', '85d')

  expect(first).toMatchObject({ site: 'demo', content: { status_code: 0 } })
  expect(another).toMatchObject({ site: 'demo', content: { success: true } })
  expect(another.content.item_id).not.toBe(first.content.item_id)
  expect(clock.now() - before).toBeGreaterThanOrEqual(170 * dayMs)
  expect(Date.parse(moved.now) - Date.parse(moved.was)).toBeGreaterThanOrEqual(170 * dayMs)
  expect(moved.refreshed).toBe(4)
  const { key } = (await findDemo(app))!
  const ask = siteClient(config.publicUrl, { api_key: key.apiKey, api_secret: key.apiSecret })
  const daysLeft = async () => {
    const asked = { since: '2020-01-01', types: 'consent.expiring' }
    const { events } = await ask('get_events', asked)
    return events.map(({ event }: Json) => event.content.days_left as number)
  }
  // Both consents, once each: who was away for months is told what is next, not all that was.
  await expect.poll(daysLeft).toEqual([10, 10])
})

test('a name that is no trigger is answered with those there are', async () => {
  const folder = testFolder()

  const ended = await runCli(folder, ['sandbox', 'trigger', 'consent.ended'])
  const listed = await runCli(folder, ['sandbox', 'trigger', '--json'])
  const names = (JSON.parse(listed.out) as { event: string }[]).map(({ event }) => event)
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/sandbox.md'), 'utf8')

  expect(ended).toMatchObject({ code: 2, out: '' })
  expect(ended.err).toMatch(/^There is no trigger consent\.ended\. There are:\n/)
  expect(names).toEqual(expect.arrayContaining(['connect.completed', 'consent.expiring']))
  expect((await runCli(folder, ['sandbox', 'trigger'])).out).not.toContain('…')
  for (const name of names) {
    expect(ended.err).toContain(`\n  ${name}\n`)
    expect(guide).toContain(`| \`${name}\``)
  }
})

test('against a Bridge nothing is triggered, and no clock is moved', async () => {
  const env = {
    DATA_DIR: testFolder(),
    BRIDGE_CLIENT_ID: 'id',
    BRIDGE_CLIENT_SECRET: 'secret',
    MASTER_KEY: Buffer.alloc(32).toString('base64'),
  }
  await firstStart(env)
  const sandbox = (...args: string[]) => runCli(env.DATA_DIR, ['sandbox', ...args], env)

  const ended = [await sandbox('trigger', 'item.refreshed'), await sandbox('advance', '1d')]

  const err =
    'This is for the sandbox in the box, and Bridge is https://api.bridgeapi.io here: nothing was done.\n'
  expect(ended).toEqual([
    { code: 1, out: '', err },
    { code: 1, out: '', err },
  ])
})

test('without a server that runs there is no bank', async () => {
  const { app, env } = await aServer()
  await app.close()

  const ended = await runCli(env.DATA_DIR, ['sandbox', 'advance', '1d'], env)

  expect(ended).toMatchObject({
    code: 1,
    err: 'No server has this database open: start it first.\n',
  })
})
