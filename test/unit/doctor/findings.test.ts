import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CallRecord } from '../../../src/db/ports/history.ts'
import type { Finding } from '../../../src/doctor/finding.ts'
import { refusalOf } from '../../../src/webhooks/inbox/refused-webhooks.ts'
import { aKey, anAnnouncement, itemFacts } from '../../support/tenants.ts'
import { anInstallation, bad, day } from './installation.ts'

type Installation = Awaited<ReturnType<typeof anInstallation>>

const hour = day / 24

/** A call of the site that was refused. */
const refused = (
  { clock, ids, acme }: Installation,
  code: string,
  limit: NonNullable<CallRecord['refusal']>['limit'] = null,
): CallRecord => ({
  id: ids.next('req'),
  at: clock.now(),
  method: 'bank_api.bridge.get_bridge_connect_link',
  status: limit === null ? 417 : 429,
  excType: 'ValidationError',
  refusal: { code, message: 'no', named: {}, limit },
  durationMs: 1,
  tenantId: acme.tenant.id,
  siteId: acme.site.id,
  apiKey: acme.siteKey.apiKey,
  request: null,
  itemId: null,
  bridge: [],
})

const refuseKey = async ({ store, clock }: Installation, apiKey: string, count: number) => {
  const at = clock.now()
  const entry = { at, actor: 'address:93.184.215.14', action: 'key.refused', subject: apiKey }
  await store.audit({ ...entry, bucket: at, count })
}

const rousing = (findings: readonly Finding[]) =>
  findings.filter(({ rouses }) => rouses).map(({ code }) => code)

test('a key that was revoked and is still called with is told, with how often; a mistyped secret is not', async () => {
  const setup = await anInstallation()
  const { store, clock, acme, look } = setup
  const good = await aKey(setup, acme.tenant, acme.site)
  await refuseKey(setup, good.apiKey, 3)
  await refuseKey(setup, 'unknown key', 900)
  const before = bad(await look())

  const { apiKey } = acme.siteKey
  await store.changeKey(apiKey, { kind: 'revoked' }, { actor: 'test', at: clock.now() })
  clock.advance(2 * hour)
  await store.joinMembers({ id: 'srv', host: 'here', pid: 7 }, { at: clock.now(), silentSince: 0 })
  await refuseKey(setup, apiKey, 42)
  await refuseKey(setup, good.apiKey, 30)
  const after = bad(await look({ isBrief: true }))

  expect(before).toEqual([])
  expect(after).toMatchObject([
    {
      code: 'api_key.refused',
      check: 'key of erp.acme.test (acme)',
      message: `${apiKey} is revoked (2 h ago): 42 calls were refused within a day`,
      run: `bank-api explain ${apiKey}`,
      of: { tenant: 'acme', site: 'erp.acme.test' },
      rouses: true,
    },
    {
      message: `${good.apiKey} is good, but its secret is another: 33 calls were refused within a day`,
    },
  ])
  expect(rousing(after)).toEqual(['api_key.refused'])
})

test('of a tenant that was disabled no key is told, however its sites call', async () => {
  const setup = await anInstallation()
  const { store, acme, look } = setup
  await refuseKey(setup, acme.siteKey.apiKey, 42)
  const before = bad(await look({ isBrief: true }))

  await store.setTenantDisabled(acme.tenant.id, true, { actor: 'test', at: setup.clock.now() })

  expect(before).toMatchObject([{ code: 'api_key.refused' }])
  expect(bad(await look({ isBrief: true }))).toEqual([])
})

test('a server that examines itself does not doubt that it runs, whatever time a lever made it', async () => {
  const { clock, look } = await anInstallation()
  clock.advance(hour)

  expect(bad(await look())).toMatchObject([{ code: 'server.none' }])
  expect(bad(await look({ isBrief: true }))).toEqual([])
})

test('where no server runs, what the balancer says of it is told no second time', async () => {
  const { clock, world, look } = await anInstallation()
  world.live = { status: 503, body: 'no server is available' }
  const running = bad(await look())
  clock.advance(hour)

  expect(running).toMatchObject([{ code: 'public_address.leads_elsewhere' }])
  expect(bad(await look())).toMatchObject([{ code: 'server.none' }])
})

test('a site that names another address is told, and a quota that is spent, for an hour', async () => {
  const setup = await anInstallation()
  const { store, clock, look } = setup
  const calls = [
    refused(setup, 'address_not_allowed'),
    refused(setup, 'address_not_allowed'),
    refused(setup, 'bridge_quota_spent', 'tenant_share'),
    refused(setup, 'bridge_quota_spent', 'bridge_user'),
    refused(setup, 'too_many_calls', 'key'),
  ]
  await store.addCalls(calls)
  const now = bad(await look({ isBrief: true }))
  clock.advance(2 * hour)
  await store.joinMembers({ id: 'srv', host: 'here', pid: 7 }, { at: clock.now(), silentSince: 0 })
  await store.addCalls([refused(setup, 'bridge_quota_spent', 'bridge_tokens')])
  const later = bad(await look())

  expect(now).toMatchObject([
    {
      code: 'site.moved',
      message: 'it named an address that is not its own: 2 calls were refused within a day',
      run: `bank-api explain ${calls[1]?.id}`,
      rouses: true,
    },
    {
      code: 'quota.spent',
      message: 'was spent: 1 call was refused within an hour',
      rouses: true,
    },
  ])
  expect(later).toMatchObject([{ code: 'site.moved' }, { code: 'quota.user_limit' }])
  expect(rousing(later)).toEqual(['site.moved'])
})

test('a site that moved is told no more once it is said where it is, unless it names yet another address', async () => {
  const setup = await anInstallation()
  const { store, clock, acme, look } = setup
  const by = { actor: 'cli', at: clock.now() }
  await store.addCalls([refused(setup, 'address_not_allowed')])
  await store.updateSite(acme.site.id, { timeZone: 'Europe/Paris' }, by)
  const otherChange = bad(await look({ isBrief: true }))
  await store.updateSite(acme.site.id, { origin: 'https://new.acme.test' }, by)
  const mended = bad(await look({ isBrief: true }))
  clock.advance(1_000)
  await store.addCalls([refused(setup, 'address_not_allowed')])

  const again = bad(await look({ isBrief: true }))

  expect([otherChange, mended, again].map((found) => found.map(({ code }) => code))).toEqual([
    ['site.moved'],
    [],
    ['site.moved'],
  ])
})

test('a connection that Bridge did not bring to work for two days is told, with what its support asks for', async () => {
  const { store, clock, user, look } = await anInstallation()
  const longAgo = clock.now() - 3 * day
  const lately = clock.now() - day
  const keep = (id: number, status: number, lastSuccessAt: number) =>
    store.keepItems(
      user.id,
      [itemFacts({ id, status, statusCodeInfo: 'CNT_CRASH', lastSuccessAt })],
      { at: longAgo, complete: false },
    )
  await keep(1, 0, longAgo) // healthy
  await keep(2, 1010, longAgo) // its user's turn
  await keep(3, 1003, lately)
  await keep(4, 1003, longAgo)
  await keep(5, 1007, longAgo) // paused

  const found = bad(await look())

  const since = new Date(longAgo).toISOString()
  expect(found).toMatchObject([
    {
      code: 'connection.in_error',
      message: `item 4 of erp.acme.test of acme is in error since ${since}: status 1003 (CNT_CRASH)`,
      run: 'bank-api explain 4',
    },
  ])
  expect(found[0]?.remedy).toContain(
    `“item 4, user ${user.userUuid}, provider 574, status 1003 (CNT_CRASH): no successful refresh since ${since}. Please look into it.”`,
  )
  expect(bad(await look({ isBrief: true }))).toEqual([])
})

test('consents that end this week are named, five of them, and those over are counted', async () => {
  const { store, clock, user, look } = await anInstallation()
  for (let id = 1; id <= 8; id += 1) {
    await store.keepItems(
      user.id,
      [
        itemFacts({
          id,
          authenticationExpiresAt: clock.now() + (id - 1) * day + (id === 1 ? 0 : 1),
        }),
      ],
      { at: clock.now(), complete: false },
    )
  }

  const [found] = bad(await look())

  expect(found).toMatchObject({ code: 'consents.ending', run: 'bank-api item list --expiring 7' })
  expect(found?.message).toMatch(
    /^6 end within a week, 1 has ended: item 2 of erp.acme.test in 24 h, .*item 6 .*, and 1 more$/,
  )
})

test('a site whose webhooks mostly fail is told as the worst; a few failures are not', async () => {
  const setup = await anInstallation()
  const { store, clock, ids, user, look } = setup
  const send = async (status: number) => {
    await store.acceptEvent(anAnnouncement({ clock, ids }, user))
    const claim = { by: 'srv', at: clock.now(), leaseUntil: clock.now() + 60_000, limit: 50 }
    for (const { id, attempt } of await store.claimDeliveries(claim)) {
      const at = clock.now()
      const isGood = status === 200
      await store.settleDelivery({
        id,
        attempt,
        at,
        outcome: isGood ? { kind: 'delivered' } : { kind: 'failed', dueAt: at + day },
        try: { startedAt: at, durationMs: 5, status, error: null, response: null },
        endpoint: null,
      })
    }
  }
  for (let count = 0; count < 20; count += 1) await send(200)
  await send(500)
  const few = bad(await look())
  for (let count = 0; count < 30; count += 1) await send(500)
  const many = bad(await look())
  const brief = bad(await look({ isBrief: true }))

  expect(few).toEqual([])
  expect(many).toMatchObject([
    {
      code: 'deliveries.failing',
      run: 'bank-api webhook list --tenant acme --site erp.acme.test --since 1d',
    },
  ])
  expect(many[0]?.message).toMatch(
    /^\d\d % of (\d+) tries within a day failed; the worst: erp.acme.test \(acme\) 31 of \1$/,
  )
  expect(brief).toEqual([])
})

test('a proxy that nobody named is told until it is', async () => {
  const passed = async ({ store, clock }: Installation) => {
    const row = { at: clock.now(), actor: 'server', action: 'proxy.untrusted', bucket: 0 }
    for (const subject of ['172.18.0.5', 'many']) await store.audit({ ...row, subject })
  }
  const unnamed = await anInstallation()
  const named = await anInstallation({ TRUSTED_PROXIES: '172.18.0.0/16' })
  await passed(unnamed)
  await passed(named)

  expect(bad(await unnamed.look({ isBrief: true }))).toMatchObject([
    {
      code: 'proxy.untrusted',
      remedy: 'If it is yours, set TRUSTED_PROXIES=172.18.0.5 (or its range) and restart.',
      rouses: true,
    },
  ])
  expect(bad(await named.look())).toEqual([])
})

test('a webhook of Bridge’s that is refused after the last good one means another secret; a stranger’s does not', async () => {
  const { store, clock, look } = await anInstallation()
  const refuse = async (subject: string) => {
    const at = clock.now()
    await store.audit({ at, actor: 'bridge', action: refusalOf.action, subject, bucket: at })
  }
  clock.advance(1_000)
  await refuse(refusalOf.anybody)
  const stranger = bad(await look({ isBrief: true }))
  await refuse(refusalOf.knownUser)
  const since = new Date(clock.now()).toISOString()
  clock.advance(2_000)
  const rotated = bad(await look({ isBrief: true }))

  expect(stranger).toEqual([])
  expect(rotated).toMatchObject([
    {
      code: 'bridge_webhooks.secret_refused',
      level: 'critical',
      message: `those of Bridge are refused since ${since}: it signs with another secret`,
    },
  ])
})

test('a copy that was changed, or that another key signed, is no good; a brief look reads its last line alone', async () => {
  const changed = await anInstallation()
  const foreign = await anInstallation({ MASTER_KEY: Buffer.alloc(32, 9).toString('base64') })
  const cut = await anInstallation()
  appendFileSync(cut.newest, 'x')
  const file = openSync(changed.newest, 'r+')
  writeSync(file, 'x', 8_000)
  closeSync(file)
  const says = async ({ look }: Installation, isBrief = false) =>
    bad(await look({ isBrief })).map(({ code, message }) => [code, message])

  expect(await says(changed)).toEqual([
    ['backup.unusable', expect.stringContaining('it was changed after it was made')],
  ])
  expect(await says(changed, true)).toEqual([])
  expect(await says(foreign, true)).toEqual([
    ['backup.unusable', expect.stringContaining('MASTER_KEY: is not the one')],
  ])
  expect(await says(cut, true)).toEqual([
    ['backup.unusable', expect.stringContaining('no signature')],
  ])
})

test('a site that took a webhook at a time to come is not well', async () => {
  const { store, clock, look } = await anInstallation()
  store.lastDeliveries = async () =>
    new Map([[(await store.listEndpoints())[0]!.site.id, clock.now() + day]])

  expect(bad(await look())).toMatchObject([{ code: 'site.time_to_come' }])
})
