import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { copyName } from '../../../src/backup/folder.ts'
import { exitCodeOf, type Finding } from '../../../src/doctor/finding.ts'
import { testFolder } from '../../support/store.ts'
import { aKey, aTenant, anAnnouncement, aUser, itemFacts, testBy } from '../../support/tenants.ts'
import { anInstallation, bad, coded, day, gigabyte, nfs } from './installation.ts'

test('a healthy installation has nothing to do, and exit code 0', async () => {
  const { look } = await anInstallation()

  const findings = await look()

  expect(bad(findings)).toEqual([])
  expect(findings.length).toBeGreaterThan(9)
  expect(exitCodeOf(findings)).toBe(0)
})

test('keys that may be asked for a link without an address are named, until there is one for all', async () => {
  const { look, user, store, acme, ...rooms } = await anInstallation({ DEFAULT_USER_EMAIL: '' })
  const unnamed = bad(await look())
  await store.ensureUser({ id: 'usr_ada', siteId: user.siteId, name: 'ada@acme.test', at: 1 })
  const addressed = bad(await look())
  const { tenant, site } = await aTenant({ ...rooms, store }, { name: 'globex', sites: ['erp'] })
  await aUser({ ...rooms, store }, site, { name: '42' })
  const numbered = bad(await look())

  expect(unnamed).toMatchObject([
    { check: 'user addresses', level: 'warning', remedy: expect.stringContaining('DEFAULT_USER') },
  ])
  expect(unnamed[0]?.message).toContain(acme.siteKey.apiKey)
  expect(addressed).toEqual([])
  expect(numbered[0]?.message).toContain(`of ${tenant.name}`)
  expect(numbered[0]?.message).not.toContain(acme.siteKey.apiKey)
})

test('a range that a site opened counts only within the operator’s bounds', async () => {
  const within = await anInstallation({ ALLOWED_TARGETS: '10.1.0.0/16' })
  const beyond = await anInstallation({ ALLOWED_TARGETS: '10.2.0.0/16' })
  for (const { store, acme, world } of [within, beyond]) {
    await store.allowTargets(acme.site.id, ['10.1.2.0/24'], { actor: 'test', at: 1 })
    world.addresses = ['10.1.2.3']
  }

  expect(bad(await within.look())).toEqual([])
  expect(bad(await beyond.look())).toMatchObject([
    { message: 'erp.acme.test leads to an address webhooks may not go to' },
  ])
  expect(beyond.world.dialled).toEqual([])
})

type World = Awaited<ReturnType<typeof anInstallation>>['world']

test.each<[string, (world: World) => void, Partial<Finding>]>([
  [
    'Bridge refuses the credentials',
    (world) => (world.bridge = 401),
    { check: 'bridge credentials', level: 'critical' },
  ],
  [
    'Bridge cannot be reached',
    (world) => (world.bridge = coded('ENOTFOUND')),
    {
      check: 'bridge credentials',
      level: 'critical',
      message: expect.stringContaining('ENOTFOUND'),
    },
  ],
  [
    'Bridge is ill',
    (world) => (world.bridge = 500),
    { check: 'bridge credentials', level: 'warning', rouses: true },
  ],
  [
    'Bridge takes no more calls',
    (world) => (world.bridge = 429),
    {
      check: 'bridge credentials',
      level: 'warning',
      message: 'Bridge answers 429: it takes no more calls of this application now',
    },
  ],
  [
    'the clock is a little off',
    (world) => (world.drift = 30_000),
    { check: 'clock', level: 'warning', message: "30 s ahead of Bridge's" },
  ],
  [
    'the clock is far off',
    (world) => (world.drift = -300_000),
    { check: 'clock', level: 'critical', message: "300 s behind Bridge's" },
  ],
  [
    'the public name leads nowhere',
    (world) => (world.live = coded('ECONNREFUSED')),
    { check: 'public address', level: 'critical' },
  ],
  [
    'the public name leads to another server',
    (world) => (world.live = { status: 200, body: '<html>' }),
    { check: 'public address', level: 'critical' },
  ],
  [
    'the disk is a network disk',
    (world) => (world.type = nfs),
    { check: 'data directory', level: 'critical', message: expect.stringContaining('NFS') },
  ],
  [
    'the disk gets full',
    (world) => (world.freeBytes = 0.5 * gigabyte),
    { check: 'disk space', level: 'warning' },
  ],
  [
    'the disk is full',
    (world) => (world.freeBytes = 1_000),
    { check: 'disk space', level: 'critical', message: '0 MB free' },
  ],
  [
    "a site's name does not resolve",
    (world) => (world.addresses = coded('ENOTFOUND')),
    { check: 'site erp.acme.test (acme)', level: 'critical' },
  ],
  [
    "a site's certificate is not to be trusted",
    (world) => (world.certificateError = coded('CERT_HAS_EXPIRED')),
    {
      check: 'site erp.acme.test (acme)',
      level: 'critical',
      message: expect.stringContaining('CERT_HAS_EXPIRED'),
    },
  ],
])('when %s, that alone is found, with what to do', async (_name, spoil, finding) => {
  const { look, world } = await anInstallation()

  spoil(world)
  const findings = bad(await look())

  expect(findings).toHaveLength(1)
  expect(findings[0]).toMatchObject({ ...finding, remedy: expect.stringMatching(/\w{3}/) })
  expect(exitCodeOf(findings)).toBe(finding.level === 'critical' ? 2 : 1)
})

test.each([
  [5 * day, 'in 5 d'],
  [day / 3, 'in 8 h'],
])('a certificate that ends soon is a warning that says when', async (ms, when) => {
  const { look, world, clock } = await anInstallation()

  world.certificateEnd = clock.now() + ms

  expect(bad(await look())).toMatchObject([
    { level: 'warning', message: `its certificate ends ${when}` },
  ])
})

test('an address webhooks may not go to is not dialled by the doctor either', async () => {
  const { look, world } = await anInstallation()

  world.addresses = ['10.0.0.8']
  const findings = bad(await look())

  expect(findings).toMatchObject([{ level: 'critical', check: 'site erp.acme.test (acme)' }])
  expect(world.dialled).toEqual([])
})

test('a server that stopped is found', async () => {
  const { look, clock } = await anInstallation()

  clock.advance(11_000)

  expect(bad(await look())).toMatchObject([
    { check: 'server', level: 'critical', remedy: 'Start it.' },
  ])
})

test('webhooks: no secret, none yet, none for days, and a secret that does not match', async () => {
  const without = await anInstallation({ BRIDGE_WEBHOOK_SECRETS: '' })
  const silent = await anInstallation()
  silent.clock.advance(4 * day)
  const wrong = await anInstallation()
  wrong.clock.advance(2 * day)
  await wrong.store.audit({
    at: wrong.clock.now(),
    actor: 'bridge',
    action: 'webhook.refused',
    subject: 'signature',
  })
  const find = async ({ look }: typeof wrong) =>
    (await look()).find(({ check }) => check === 'bridge webhooks')

  expect(await find(without)).toMatchObject({
    level: 'critical',
    remedy: expect.stringContaining('https://bank.test/webhooks/bridge'),
  })
  expect(await find(silent)).toMatchObject({
    level: 'warning',
    message: 'none has arrived for 4 days',
  })
  expect(await find(wrong)).toMatchObject({
    level: 'critical',
    message: expect.stringContaining('signature'),
  })
})

test('a copy with a date to come is critical, and hides no old one', async () => {
  const { look, config, clock } = await anInstallation()
  writeFileSync(join(config.backup.dir, copyName(clock.now() + 160 * day)), '')
  clock.advance(5 * day)

  const findings = (await look()).filter(({ check }) => check === 'backup')

  expect(findings.map(({ level, message }) => ({ level, message }))).toEqual([
    { level: 'critical', message: 'the newest copy is 5 days old' },
    { level: 'critical', message: expect.stringContaining('1 copy in') as string },
  ])
  expect(findings[1]?.message).toContain('a date to come')
})

test('no age is below zero: of a server and of webhooks seen at a time to come', async () => {
  const { look, store, clock, user, ...rooms } = await anInstallation()
  const at = clock.now() + 160 * day
  await store.joinMembers({ id: 'srv', host: 'here', pid: 7 }, { at, silentSince: at })
  await store.acceptEvent(
    anAnnouncement({ ...rooms, clock }, user, {
      id: 'evt_early',
      dedupeKey: 'bridge:2',
      receivedAt: at,
    }),
  )

  const found = bad(await look())

  expect(found).toMatchObject([
    { check: 'server', level: 'critical', message: expect.stringContaining('a time to come') },
    {
      check: 'bridge webhooks',
      level: 'critical',
      message: expect.stringContaining('yet to come'),
    },
  ])
})

test('an old copy and a missing one are found', async () => {
  const { look, config, clock } = await anInstallation()
  const missing = await anInstallation({ BACKUP_DIR: join(testFolder(), 'nowhere') })
  const find = (findings: Finding[]) => findings.find(({ check }) => check === 'backup')

  clock.advance(5 * day)

  expect(config.backup.everyMs).toBe(day)
  expect(find(await look())).toMatchObject({
    level: 'critical',
    message: 'the newest copy is 5 days old',
  })
  expect(find(await missing.look())).toMatchObject({
    level: 'warning',
    message: 'there is no copy of the database',
  })
})

test('copies that cannot be read are a finding of their own, not an examination that failed', async () => {
  const dir = join(testFolder(), 'backups')
  writeFileSync(dir, '')
  const { look } = await anInstallation({ BACKUP_DIR: dir })

  const found = bad(await look())

  expect(found).toMatchObject([
    {
      code: 'backup.unreadable',
      check: 'backup',
      level: 'critical',
      message: expect.stringContaining(dir),
    },
  ])
})

test('keys and consents that end soon are found', async () => {
  const setup = await anInstallation()
  const { clock, store, acme, user } = setup
  const ends = clock.now() + 3 * day + 1
  const key = await aKey(setup, acme.tenant, null, { label: 'back office', expiresAt: ends })
  const first = await aKey(setup, acme.tenant, acme.site, { expiresAt: clock.now() + 2 * day + 1 })
  await aKey(setup, acme.tenant, null, { expiresAt: clock.now() + 90 * day })
  await aKey(setup, acme.tenant, null, { expiresAt: clock.now() })
  const revoked = await aKey(setup, acme.tenant, null, { expiresAt: ends })
  await store.changeKey(revoked.apiKey, { kind: 'revoked' }, testBy)
  const other = await aTenant(setup, { name: 'other' })
  await aKey(setup, other.tenant, null, { expiresAt: ends })
  await store.setTenantDisabled(other.tenant.id, true, testBy)
  await store.keepItems(user.id, [itemFacts({ authenticationExpiresAt: ends })], {
    at: clock.now(),
    complete: false,
  })

  const findings = bad(await setup.look())

  expect(findings).toMatchObject([
    { check: 'api keys', message: `${first.apiKey} of acme ends in 2 d` },
    {
      check: 'api keys',
      message: `${key.apiKey} of acme (back office) ends in 3 d`,
      // A key's end is given when it is made; neither its rotation nor its update moves it.
      remedy: expect.stringContaining('`bank-api key create`') as string,
    },
    {
      code: 'consents.ending',
      message: '1 ends within a week, 0 have ended: item 4568477 of erp.acme.test in 3 d',
    },
  ])
})

test('one part that cannot be examined does not hide the others', async () => {
  const { look, store } = await anInstallation()

  store.listEndpoints = () => Promise.reject(new Error('broken table'))
  const findings = await look()

  expect(bad(findings)).toMatchObject([
    { check: 'sites', level: 'critical', message: 'could not be examined: broken table' },
  ])
  expect(findings.length).toBeGreaterThan(8)
})

test('mail: sites that want it without a server, one that does not let us in, addresses it refuses', async () => {
  const mail = { SMTP_URL: 'smtp://mail.test', MAIL_FROM: 'reminders@bank.test' }
  const found = async ({ look }: Awaited<ReturnType<typeof anInstallation>>) =>
    (await look())
      .filter(({ check }) => check === 'mail')
      .map(({ code, message }) => [code, message])
  const without = await anInstallation()
  const { world, store, acme, user, ...rooms } = await anInstallation(mail)
  const withServer = { world, store, acme, user, ...rooms }
  expect([await found(without), await found(withServer)]).toEqual([
    [],
    [['mail.ok', 'no site wants reminders by mail']],
  ])

  const by = { actor: 'test', at: 1 }
  await without.store.updateSite(without.acme.site.id, { remindBy: 'mail' }, by)
  await store.updateSite(acme.site.id, { remindBy: 'mail' }, by)
  expect(await found(without)).toEqual([
    ['mail.no_server', 'a site wants reminders by mail, and there is no mail server: none is sent'],
  ])
  expect(await found(withServer)).toEqual([['mail.ok', 'the mail server lets us in']])

  const end = rooms.clock.now() + 100 * day
  const item = { id: 7, authenticationExpiresAt: end }
  await store.keepItems(user.id, [itemFacts(item)], { at: rooms.clock.now(), complete: false })
  await store.noteItem(7, { seen: {}, change: { mailedAt: 5 } })
  await store.settleMail(7, 5, 'refused')
  expect(await found(withServer)).toEqual([
    ['mail.refused', 'the mail server refused the last reminder to a user'],
  ])

  world.mailError = new Error('535')
  expect(await found(withServer)).toEqual([
    ['mail.unreachable', 'the mail server does not let us in: 535. Reminders wait until it does'],
  ])
})
