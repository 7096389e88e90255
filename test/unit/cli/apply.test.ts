import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { carryOut } from '../../../src/apply/carry-out.ts'
import { readDeclaration } from '../../../src/apply/declaration.ts'
import { planOf } from '../../../src/apply/plan.ts'
import { authenticate } from '../../../src/auth/api-keys.ts'
import { createAuditCounter } from '../../../src/audit/counter.ts'
import { systemClock, systemIds } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { runCli } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { aKey, aTenant } from '../../support/tenants.ts'

const declared = {
  tenants: [
    {
      tenant: 'acme',
      keys: [{ label: 'back office' }],
      sites: [
        {
          site: 'erp.acme.example',
          origin: 'https://erp.acme.example/',
          webhook_url: 'https://192.0.78.1/hook',
          time_zone: 'Europe/Berlin',
          keys: [{ label: 'ERP' }, { label: 'reports', read_only: true }],
        },
        { site: 'shop.acme.example' },
      ],
    },
    { tenant: 'other', sites: [{ site: 'erp.other.example', keys: [{ label: 'ERP' }] }] },
  ],
}

/** An installation, and `apply` of whatever is declared. */
async function anInstallation() {
  const folder = testFolder()
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const clock = systemClock
  const config = loadConfig({ DATA_DIR: folder })
  const keyring = await unlockInstance(store, { config, clock })
  const auditCounter = createAuditCounter((entry) => store.audit(entry))
  const rooms = { store, keyring, clock, ids: systemIds, auditCounter }
  const file = join(folder, 'declared.json')
  const apply = (what: unknown, ...args: string[]) => {
    writeFileSync(file, typeof what === 'string' ? what : JSON.stringify(what))
    return runCli(folder, ['apply', file, ...args])
  }
  const secretsIn = (path: string) =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, string>)
  const opens = ({ api_key: key, api_secret: secret }: Record<string, string>) =>
    authenticate(rooms, { key: key!, secret: secret!, address: '::1' }).then(
      ({ tenant, site, readOnly }) => [tenant.name, site?.name ?? null, readOnly],
      () => 'nothing',
    )
  const labels = async (tenant: string) => {
    const found = await store.findTenant(tenant)
    const keys = found ? await store.listKeys(found.id) : []
    return keys.map(({ label }) => String(label)).toSorted((a, b) => a.localeCompare(b))
  }
  return { folder, rooms, store, config, apply, secretsIn, opens, labels }
}

describe('bank-api apply', () => {
  it('makes what a file declares, and its keys open what they should', async () => {
    const { folder, store, apply, secretsIn, opens } = await anInstallation()
    const secrets = join(folder, 'secrets')

    const ran = await apply(declared, '--secrets', secrets)

    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out.split('\n')).toEqual([
      '+ tenant acme',
      '+ key back office of acme',
      '+ site acme, erp.acme.example',
      '~ origin of acme, erp.acme.example',
      '  + https://erp.acme.example',
      '~ webhook_url of acme, erp.acme.example',
      '  + https://192.0.78.1/hook',
      '~ time_zone of acme, erp.acme.example',
      '  + Europe/Berlin',
      '+ key ERP of acme, erp.acme.example',
      '+ key reports of acme, erp.acme.example, which only reads',
      '+ site acme, shop.acme.example',
      '+ tenant other',
      '+ site other, erp.other.example',
      '+ key ERP of other, erp.other.example',
      '',
      `secrets of new keys: ${secrets}`,
      '',
    ])
    const made = secretsIn(secrets)
    expect(await Promise.all(made.map(opens))).toEqual([
      ['acme', null, false],
      ['acme', 'erp.acme.example', false],
      ['acme', 'erp.acme.example', true],
      ['other', 'erp.other.example', false],
    ])
    expect(made[1]).toMatchObject({ tenant: 'acme', site: 'erp.acme.example', label: 'ERP' })
    expect(statSync(secrets).mode & 0o777).toBe(0o600)
    for (const { api_secret } of made) expect(ran.out).not.toContain(api_secret)
    const { id } = (await store.findTenant('acme'))!
    const site = await store.findSite({ tenantId: id, siteId: null }, 'erp.acme.example')
    expect(site).toMatchObject({
      origin: 'https://erp.acme.example',
      webhookUrl: 'https://192.0.78.1/hook',
      timeZone: 'Europe/Berlin',
    })
  })

  it('takes a webhook URL away that is null, once', async () => {
    const { apply, rooms, store } = await anInstallation()
    const { site } = await aTenant(rooms, { sites: ['one'] })
    const webhookUrl = 'https://one.example/hook'
    const addresses = { origin: 'https://one.example', webhookUrl }
    await store.updateSite(site.id, addresses, { actor: 'test', at: 1 })
    const sites = [
      { site: 'one', origin: 'https://two.example', webhook_url: null },
      { site: 'new', webhook_url: null },
    ]
    const file = { tenants: [{ tenant: 'acme', sites }] }

    const first = await apply(file, '--json')
    const second = await apply(file)

    expect(first).toMatchObject({ code: 0, err: '' })
    expect((JSON.parse(first.out) as { changed: unknown[] }).changed).toEqual([
      expect.objectContaining({ set: 'origin' }),
      { set: 'webhook_url', tenant: 'acme', site: 'one', from: webhookUrl, to: null },
      { new: 'site', tenant: 'acme', site: 'new' },
    ])
    expect((await store.readSite(site.id))?.site).toMatchObject({ webhookUrl: null })
    expect(second.out).toContain('nothing to change')
  })

  it('does nothing the second time, and needs no file for secrets then', async () => {
    const { folder, store, apply } = await anInstallation()
    await apply(declared, '--secrets', join(folder, 'secrets'))
    const audited = (await store.listAudit({ limit: 100 })).length

    const again = await apply(declared, '--secrets', join(folder, 'secrets'))

    expect(again).toMatchObject({ code: 0, out: 'nothing to change\n', err: '' })
    expect((await store.listAudit({ limit: 100 })).length).toBe(audited)
  })

  it('tells with --dry-run what it would do, and does none of it', async () => {
    const { apply, store } = await anInstallation()

    const told = await apply(declared, '--dry-run')
    const json = await apply(declared, '--dry-run', '--json')

    expect(told.code).toBe(0)
    expect(told.out).toContain('+ tenant acme\n')
    expect(told.out).toContain('\nnothing was changed: a dry run\n')
    expect(await store.listTenants()).toEqual([])
    const { would_change: changes, only_here: onlyHere } = JSON.parse(json.out) as {
      would_change: unknown[]
      only_here: unknown[]
    }
    expect(onlyHere).toEqual([])
    const site = 'erp.acme.example'
    expect(changes.slice(0, 4)).toEqual([
      { new: 'tenant', tenant: 'acme' },
      { new: 'key', tenant: 'acme', label: 'back office', read_only: false },
      { new: 'site', tenant: 'acme', site },
      { set: 'origin', tenant: 'acme', site, from: null, to: 'https://erp.acme.example' },
    ])
  })

  it('tells what is here and not in the file, and leaves it alone', async () => {
    const { apply, rooms, store } = await anInstallation()
    const acme = await aTenant(rooms, { sites: ['erp.acme.example', 'old.acme.example'] })
    await aTenant(rooms, { name: 'stranger' })
    const spare = await aKey(rooms, acme.tenant, acme.site, { label: 'spare' })
    const revoked = await aKey(rooms, acme.tenant, acme.site, { label: 'revoked' })
    await store.changeKey(revoked.apiKey, { kind: 'revoked' }, { actor: 'test', at: 1 })

    const { code, out } = await apply({
      tenants: [{ tenant: 'ACME', sites: [{ site: 'ERP.acme.example' }] }],
    })

    expect(code).toBe(0)
    expect(out.split('\n').toSorted()).toEqual(
      [
        'nothing to change',
        `! acme, erp.acme.example, key ${acme.siteKey.apiKey}: not in the file, left alone`,
        `! acme, erp.acme.example, key ${spare.apiKey}, spare: not in the file, left alone`,
        `! acme, key ${acme.tenantKey.apiKey}: not in the file, left alone`,
        '! acme, old.acme.example: not in the file, left alone',
        '! stranger: not in the file, left alone',
        '',
      ].toSorted(),
    )
    expect(await store.listTenants()).toHaveLength(2)
    expect((await store.findKey(spare.apiKey))?.key.revokedAt).toBeNull()
  })

  it('changes what is declared of a site, and nothing else; its webhooks follow it', async () => {
    const { apply, rooms, store } = await anInstallation()
    const { site, scope } = await aTenant(rooms, { sites: ['erp.acme.example'] })
    const before = { origin: 'https://192.0.78.1', webhookUrl: 'https://192.0.78.1/hook' }
    await store.updateSite(site.id, before, { actor: 'test', at: 1 })
    const moved = (more: object) => ({
      tenants: [{ tenant: 'acme', sites: [{ site: 'erp.acme.example', ...more }] }],
    })

    expect((await apply(moved({ time_zone: 'Europe/Berlin' }))).code).toBe(0)
    expect(await store.findSite(scope, 'erp.acme.example')).toMatchObject({
      ...before,
      timeZone: 'Europe/Berlin',
    })
    expect((await apply(moved({ origin: 'https://192.0.78.2' }))).code).toBe(0)
    expect(await store.findSite(scope, 'erp.acme.example')).toMatchObject({
      origin: 'https://192.0.78.2',
      webhookUrl: 'https://192.0.78.2/hook',
    })
  })
})

describe('apply and site update read alike', () => {
  const both = async (field: string, option: string, value: string) => {
    const { apply, folder, rooms, store } = await anInstallation()
    const { scope } = await aTenant(rooms, { sites: ['one', 'two'] })
    const sites = [{ site: 'one', [field]: value }]
    const applied = await apply({ tenants: [{ tenant: 'acme', sites }] })
    const update = ['site', 'update', 'two', '--tenant', 'acme', option, value]
    const updated = await runCli(folder, update)
    const [one, two] = [await store.findSite(scope, 'one'), await store.findSite(scope, 'two')]
    return { codes: [applied.code, updated.code], one, two }
  }

  it.each([
    ['origin', '--origin', 'https://me:secret@erp.example'],
    ['origin', '--origin', 'ftp://erp.example'],
    ['origin', '--origin', 'https://erp.example/desk'],
    ['origin', '--origin', 'https://erp.example?x'],
    ['webhook_url', '--webhook-url', `https://192.0.78.1/${'é'.repeat(500)}`],
    ['webhook_url', '--webhook-url', 'https://me@192.0.78.1/hook'],
    ['time_zone', '--time-zone', 'Mars/Olympus'],
  ])('what they refuse as %s: %s %s', async (field, option, value) => {
    const { codes, one, two } = await both(field, option, value)

    expect(codes).toEqual([1, 2])
    for (const site of [one, two]) {
      expect(site).toMatchObject({ origin: null, webhookUrl: null, timeZone: 'Europe/Paris' })
    }
  })

  it('what they take: a time zone is kept as it is usually spelt', async () => {
    const { codes, one, two } = await both('time_zone', '--time-zone', 'europe/BERLIN')

    expect(codes).toEqual([0, 0])
    expect([one?.timeZone, two?.timeZone]).toEqual(['Europe/Berlin', 'Europe/Berlin'])
  })
})

describe('what apply refuses, before it makes anything:', () => {
  it('a file with mistakes, each told with its place', async () => {
    const { apply, store } = await anInstallation()

    const { code, err } = await apply({
      tenants: [
        { tenant: 'ok', webhook: 1 },
        {
          tenant: 'OK',
          keys: [{ label: 'a' }, { label: 'A' }],
          sites: [
            { site: ' x', origin: 'ftp://x', time_zone: 'Mars' },
            { site: 'y', webhook_url: 'https://me:secret@y.example/', keys: [{}] },
          ],
        },
      ],
    })

    expect(code).toBe(1)
    for (const place of [
      'tenants[0]: Unrecognized key: "webhook"',
      'tenants: OK stands there twice',
      'tenants[1].keys: A stands there twice',
      'tenants[1].sites[0].site: expected a name',
      'tenants[1].sites[0].origin: expected an http',
      'tenants[1].sites[0].time_zone: expected a time zone',
      'tenants[1].sites[1].webhook_url: expected an http',
      'tenants[1].sites[1].keys[0].label: ',
    ]) {
      expect(err).toContain(place)
    }
    expect(err).not.toContain('secret@')
    expect(await store.listTenants()).toEqual([])
  })

  it.each([
    ['no JSON', '{"tenants": [', 'It is no JSON'],
    ['another form', '[]', 'the file: '],
  ])('%s', async (_what, text, message) => {
    const { apply } = await anInstallation()

    const { code, err } = await apply(text)

    expect(code).toBe(1)
    expect(err).toContain(message)
  })

  it('new keys without a place for their secrets, or with one that is taken', async () => {
    const { apply, folder, store } = await anInstallation()
    const secrets = join(folder, 'secrets')
    writeFileSync(secrets, 'precious')

    const nowhere = await apply(declared)
    const taken = await apply(declared, '--secrets', secrets)

    expect(nowhere).toMatchObject({
      code: 1,
      err: expect.stringContaining('New keys: 4') as string,
    })
    expect(taken).toMatchObject({ code: 1, err: expect.stringContaining('exists') as string })
    expect(readFileSync(secrets, 'utf8')).toBe('precious')
    expect(await store.listTenants()).toEqual([])
  })

  it('a webhook URL that no site may have, and a key that may do something else', async () => {
    const { apply, folder, rooms, store } = await anInstallation()
    const { tenant, site } = await aTenant(rooms, { sites: ['one'] })
    await aKey(rooms, tenant, site, { label: 'reports' })
    const secrets = join(folder, 'secrets')

    const { code, err } = await apply(
      {
        tenants: [
          {
            tenant: 'acme',
            sites: [
              { site: 'one', keys: [{ label: 'reports', read_only: true }, { label: 'new' }] },
              { site: 'two', webhook_url: 'http://169.254.169.254/latest' },
            ],
          },
        ],
      },
      '--secrets',
      secrets,
    )

    expect(code).toBe(1)
    expect(err).toContain('acme, one: the key reports may do everything, which does not change')
    expect(err).toContain('acme, two: Webhooks may not be sent to 169.254.169.254')
    expect(existsSync(secrets)).toBe(false)
    expect(await store.listSites({ tenantId: tenant.id, siteId: null })).toHaveLength(1)
  })
})

test('an origin of http is refused where links are held to https, and taken where http is allowed', async () => {
  const { folder, rooms, store } = await anInstallation()
  const { scope } = await aTenant(rooms, { sites: ['one', 'two'] })
  const http = 'http://erp.example'
  const file = join(folder, 'http.json')
  const writes = (site: object) =>
    writeFileSync(file, JSON.stringify({ tenants: [{ tenant: 'acme', sites: [site] }] }))
  const run = (args: string[], env: Record<string, string>) => runCli(folder, args, env)
  const update = ['site', 'update', 'two', '--tenant', 'acme']

  for (const [field, value, option] of [
    ['origin', http, '--origin'],
    ['allowed_origins', ['https://erp.example', http], '--allow-origin'],
  ] as const) {
    writes({ site: 'one', [field]: value })
    for (const args of [
      ['apply', file],
      [...update, option, ...[value].flat()],
    ]) {
      const refused = await run(args, { ALLOW_HTTP: 'false' })
      expect([refused.code, refused.out]).toEqual([1, ''])
      expect(refused.err).toContain(`${http} must be an https address`)
      expect(await run(args, { ALLOW_HTTP: 'true' })).toMatchObject({ code: 0 })
    }
  }
  for (const site of ['one', 'two']) {
    expect(await store.findSite(scope, site)).toMatchObject({
      origin: http,
      allowedOrigins: ['https://erp.example', http],
    })
  }
})

describe('an apply that is cut off', () => {
  it.each([1, 2, 3, 4])('at its key number %i is healed by the next', async (last) => {
    const { apply, config, folder, labels, opens, rooms, secretsIn, store } = await anInstallation()
    const read = readDeclaration(JSON.stringify(declared))
    if (!('declared' in read)) throw new Error('The test declares nonsense')
    const by = { actor: 'cli', at: rooms.clock.now() }
    const plan = await planOf({ store, config, now: by.at }, read.declared)
    const kept: Record<string, string>[] = []
    const keep = async (key: object) => {
      kept.push(key as Record<string, string>)
      if (kept.length === last) throw new Error('killed')
    }
    await expect(carryOut(rooms, plan, { keep, onDone: () => {} }, by)).rejects.toThrow('killed')

    const ran = await apply(declared, '--secrets', join(folder, 'secrets'))

    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(await labels('acme')).toEqual(['back office', 'ERP', 'reports'])
    expect(await labels('other')).toEqual(['ERP'])
    const all = [...kept.slice(0, -1), ...secretsIn(join(folder, 'secrets'))]
    expect(all).toHaveLength(4)
    for (const key of all) expect(await opens(key)).not.toBe('nothing')
    expect(await opens(kept.at(-1)!)).toBe('nothing')
  })
})
