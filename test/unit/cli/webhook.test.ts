import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { systemClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { runCli } from '../../support/run-cli.ts'
import { testIds } from '../../support/ids.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, anAnnouncement, aUser, itemFacts } from '../../support/tenants.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- read as a stranger reads it
const jsonOf = ({ out, err }: { out: string; err: string }): any => {
  expect(err).toBe('')
  return JSON.parse(out)
}

/** An installation with one site, as a server in this process would open it. */
async function installation() {
  const folder = testFolder()
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const clock = systemClock
  const config = loadConfig({ DATA_DIR: folder })
  const keyring = await unlockInstance(store, { config, clock })
  const rooms = { store, clock, keyring, ids: testIds() }
  const tenant = await aTenant(rooms)
  const user = await aUser(rooms, tenant.site)
  const emit = async (type = 'item.refreshed') => {
    const event = anAnnouncement(rooms, user)
    const body = keyring.seal('{}', `events/${event.id}`)
    await store.acceptEvent({ ...event, type, body })
    return event.id
  }
  /** Ends the try that is due, with an answer of the site's. */
  const die = async (status: number, said: string) => {
    const at = clock.now()
    const [claim] = await store.claimDeliveries({
      at,
      by: 'srv_test',
      leaseUntil: at + 60_000,
      limit: 1,
    })
    const { id, attempt } = claim!
    const response = keyring.seal(said, `deliveries/${id}`)
    await store.settleDelivery({
      id,
      attempt,
      at,
      outcome: { kind: 'dead' },
      try: { startedAt: at, durationMs: 7, status, error: null, response },
      endpoint: null,
    })
  }
  const cli = (...args: string[]) => runCli(folder, args)
  const of = (...args: string[]) => runCli(folder, [...args, '--tenant', 'acme', '--json'])
  return { ...rooms, ...tenant, folder, emit, die, cli, of }
}

const site = 'erp.acme.test'
const by = { actor: 'test', at: 1 }

test('list, show and replay tell and send again what a site refused', async () => {
  const { store, site: row, emit, die, cli } = await installation()
  await store.updateSite(row.id, { webhookUrl: 'https://erp.acme.test/hook' }, by)
  const [id, other] = [await emit(), await emit('connect.completed')]
  await die(500, 'Oops \u001b[2J<b>')

  const dead = jsonOf(await cli('webhook', 'list', '--state', 'dead', '--json'))
  expect(dead).toMatchObject([{ webhook_id: id, site, state: 'dead', tries: 1, last: 500 }])
  const all = jsonOf(await cli('webhook', 'list', '--tenant', 'acme', '--site', site, '--json'))
  expect(all.map((each: { webhook_id: string }) => each.webhook_id)).toEqual([other, id])
  const typed = jsonOf(await cli('webhook', 'list', '--type', 'connect.completed', '--json'))
  expect(typed).toHaveLength(1)
  expect(jsonOf(await cli('webhook', 'list', '--since', '2999-01-01', '--json'))).toEqual([])

  const told = jsonOf(await cli('webhook', 'show', id, '--json'))
  expect(told).toMatchObject({
    webhook_id: id,
    attempts: [{ try: 1, status: 500, ms: 7, response: 'Oops \u001b[2J<b>' }],
  })
  const shown = await cli('webhook', 'show', id)
  expect(shown.out).toContain('Oops  [2J<b>')
  for (const { out } of [shown, await cli('webhook', 'list')]) {
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  }

  expect(jsonOf(await cli('webhook', 'replay', id, '--json'))).toEqual({
    replayed: 1,
    underway: 0,
    impossible: 0,
  })
  await die(503, 'again')
  const since = jsonOf(await cli('webhook', 'replay', '--since', '2020-01-01', '--json'))
  expect(since).toEqual({ replayed: 2, underway: 0, impossible: 0 })
  expect(await store.listAudit({ action: 'webhook.replayed', limit: 9 })).toHaveLength(2)
})

test('what waited for a connection that was deleted is forgotten, and no more kept for a URL', async () => {
  const { store, ids, clock, site: row, cli } = await installation()
  await store.updateSite(row.id, { webhookUrl: 'https://erp.acme.test/hook' }, by)
  const user = await aUser({ store, ids, clock }, row, { name: 'ann' })
  await store.keepItems(user.id, [itemFacts({ id: 7 })], { at: clock.now(), complete: false })
  const event = { ...anAnnouncement({ ids, clock }, user), itemId: 7 }
  await store.acceptEvent(event)
  await store.deleteItem(7, by)

  const forgotten = [{ webhook_id: event.id, state: 'forgotten', due: null }]
  for (const filter of [[], ['--state', 'forgotten']]) {
    expect(jsonOf(await cli('webhook', 'list', '--json', ...filter))).toMatchObject(forgotten)
  }
  expect((await cli('webhook', 'replay', '--state', 'forgotten')).code).toBe(2)
  expect(jsonOf(await cli('webhook', 'list', '--state', 'kept', '--json'))).toEqual([])
  expect(jsonOf(await cli('event', 'list', '--json'))).toMatchObject([{ delivery: 'forgotten' }])
})

test('a site that wants no more webhooks is left alone: its address goes, its events stay', async () => {
  const { store, clock, site: row, emit, cli, of } = await installation()
  await store.updateSite(row.id, { webhookUrl: 'https://erp.acme.test/hook' }, by)
  const [gone, waiting] = [await emit(), await emit()]
  const at = clock.now()
  const [claim] = await store.claimDeliveries({ at, by: 'srv', leaseUntil: at + 9, limit: 1 })
  const { id, attempt, site: receiver } = claim!
  await store.settleDelivery({
    id,
    attempt,
    at,
    outcome: { kind: 'dead' },
    try: { startedAt: at, durationMs: 7, status: 410, error: null, response: null },
    endpoint: { webhookUrl: receiver.webhookUrl, status: 410 },
  })
  const disabled = async () => {
    const findings = JSON.parse((await cli('doctor', '--json')).out) as Record<string, string>[]
    return findings.filter(({ code }) => code === 'site.disabled')
  }
  expect(await disabled()).toMatchObject([
    { do: expect.stringContaining('site update --no-webhook-url') as string },
  ])

  const cleared = await of('site', 'update', site, '--no-webhook-url')

  expect(jsonOf(cleared)).toMatchObject({ site, webhook_url: null })
  expect(await disabled()).toEqual([])
  const later = await emit()
  const events = jsonOf(await cli('webhook', 'list', '--json')) as Record<string, string>[]
  expect(events.map((one) => one['webhook_id'])).toEqual([later, waiting, gone])
  expect(jsonOf(await cli('webhook', 'replay', later, '--json'))).toMatchObject({ impossible: 1 })
  expect((await cli('explain', waiting)).out).toContain('the site has no webhook URL any more')
})

test.each([
  [['webhook', 'replay'], 'Give a webhook-id, or options that say which, as --since'],
  [['webhook', 'replay', 'evt_x', '--since', '2020-01-01'], 'Give a webhook-id, or options'],
  [['webhook', 'replay', 'evt_x'], 'There is no webhook evt_x'],
  [['webhook', 'show', 'evt_x'], 'There is no webhook evt_x'],
  [['webhook', 'list', '--site', 'nowhere'], 'There is no site named nowhere'],
  [['webhook', 'test', site, '--tenant', 'acme'], `Site ${site} has no webhook URL`],
  [['site', 'allow-target', site, '--tenant', 'acme'], 'Give the ranges, or --none'],
  [['site', 'allow-target', site, '10.1', '--tenant', 'acme'], 'is no range'],
  [['site', 'allow-target', site, '10.0.0.0/8', '--tenant', 'acme'], 'not within ALLOWED_TARGETS'],
  [['site', 'allow-target', site, '169.254.0.0/24', '--tenant', 'acme'], 'is never opened'],
])('%j is refused in one line', async (args, reason) => {
  const { cli } = await installation()

  const { code, out, err } = await cli(...args)

  expect([code, out]).toEqual([1, ''])
  expect(err).toContain(reason)
  expect(err.trim().split('\n')).toHaveLength(1)
})

test('a time that is none is answered with both forms of one', async () => {
  const { cli } = await installation()

  const { code, err } = await cli('webhook', 'list', '--since', 'foo')

  expect(code).toBe(2)
  expect(err).toContain(
    'Give a date such as 2027-01-31 or 2027-01-31T18:00Z, or how long ago: 12h, 3d.',
  )
})

test('a site’s secret is shown and rotated; for a day the old one signs too', async () => {
  const { store, keyring, site: row, of } = await installation()

  const first = jsonOf(await of('site', 'secret', site))
  const rotated = jsonOf(await of('site', 'rotate-secret', site))

  expect(first).toEqual({ secret: expect.stringMatching(/^whsec_[\w+/]{43}=$/) })
  expect(rotated.secret).not.toBe(first.secret)
  const day = Date.parse(rotated.previous_until) - systemClock.now()
  expect(Math.round(day / 60_000)).toBe(24 * 60)
  expect(jsonOf(await of('site', 'secret', site)).secret).toBe(rotated.secret)
  const sealed = await store.readWebhookSecret(row.id)
  expect(keyring.open(sealed, `sites/${row.id}/webhook_secret`).toString()).toBe(rotated.secret)
})

test('a second rotation within the day would end the first secret early: it is refused, or forced', async () => {
  const { store, of, cli } = await installation()
  const rotate = (...more: string[]) => of('site', 'rotate-secret', site, ...more)
  const { previous_until: until } = jsonOf(await rotate())
  const { secret } = jsonOf(await of('site', 'secret', site))

  const refused = await rotate()

  expect([refused.code, refused.out]).toEqual([1, ''])
  expect(refused.err).toBe(
    `An earlier secret is good until ${until}: rotate after that, or with --force, which ends it at once\n`,
  )
  expect(jsonOf(await of('site', 'secret', site))).toEqual({ secret })

  const forced = jsonOf(await rotate('--force'))
  expect(forced).toMatchObject({ earlier_secret: 'ended at once' })
  expect(forced.secret).not.toBe(secret)
  const { out } = await cli('site', 'rotate-secret', site, '--tenant', 'acme', '--force')
  expect(out).toContain('ended at once')
  const noted = await store.listAudit({ action: 'site.secret_rotated', limit: 9 })
  expect(noted.map(({ detail }) => detail)).toEqual([
    { earlier_ended: true },
    { earlier_ended: true },
    null,
  ])
})

test('a target is opened within the operator’s bounds, for its site, and refused ones are noted', async () => {
  const { folder, store, site: row } = await installation()
  const as = (env: Record<string, string>, ...args: string[]) =>
    runCli(folder, [...args, '--tenant', 'acme', '--json'], env)
  const bounds = { ALLOWED_TARGETS: '10.1.0.0/16', PUBLIC_URL: 'https://bank.example' }
  const update = (url: string) => as(bounds, 'site', 'update', site, '--webhook-url', url)

  expect((await update('http://10.1.2.3/hook')).err).toMatch(
    /not be sent to 10\.1\.2\.3\n.*ALLOWED_TARGETS.*\nbank-api site allow-target \S+ 10\.1\.2\.3\/32 --tenant acme\n$/,
  )
  for (const url of ['https://bank.example/x', 'http://169.254.169.254/']) {
    const refused = await update(url)
    expect([refused.code, refused.out]).toEqual([1, ''])
    expect(refused.err).toMatch(/^Webhooks may not be sent to .*\n$/)
  }
  const encrypted = ['site', 'update', site, '--webhook-url', 'http://10.1.2.3/hook']
  expect((await as({ ...bounds, ALLOW_HTTP: 'false' }, ...encrypted)).err).toBe(
    'The webhook URL must be an https address\n',
  )
  const noted = await store.listAudit({ action: 'target.refused', limit: 9 })
  expect(noted.map(({ detail }) => detail)).toEqual([
    { host: '10.1.2.3' },
    { host: '169.254.169.254' },
    { host: 'bank.example' },
    { host: '10.1.2.3' },
  ])

  const allowed = await as(bounds, 'site', 'allow-target', site, '10.1.2.0/24')
  expect(jsonOf(allowed)).toEqual({ site, allowed_targets: ['10.1.2.0/24'] })
  expect((await update('http://10.1.2.3/hook')).code).toBe(0)
  expect((await update('http://10.1.3.3/hook')).code).toBe(1)

  jsonOf(await as(bounds, 'site', 'allow-target', site, '--none'))
  expect((await store.readEndpoint(row.id)).allowedTargets).toEqual([])
})
