import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authenticate } from '../../../src/auth/api-keys.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { createAuditCounter } from '../../../src/audit/counter.ts'
import { loadConfig } from '../../../src/config.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { aTenant, testBy } from '../../support/tenants.ts'
import { testClock } from '../../support/clock.ts'
import { testIds } from '../../support/ids.ts'
import { firstStart } from '../../support/gateway.ts'
import { testFolder } from '../../support/store.ts'
import { runCli } from '../../support/run-cli.ts'

/** The installation in `folder`, as a server in this process would open it. */
async function serverIn(folder: string) {
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const clock = testClock()
  const keyring = await unlockInstance(store, { config: loadConfig({ DATA_DIR: folder }), clock })
  const auditCounter = createAuditCounter((entry) => store.audit(entry))
  return { store, clock, keyring, auditCounter, ids: testIds() }
}

/** A folder with the database that a first start leaves. */
async function installed(): Promise<string> {
  const folder = testFolder()
  await firstStart({ DATA_DIR: folder })
  return folder
}

const jsonOf = ({ out }: { out: string }): unknown => JSON.parse(out)

describe('bank-api tenant', () => {
  it('create answers with the tenant, list with all of them', async () => {
    const folder = await installed()

    const created = await runCli(folder, ['tenant', 'create', 'acme', '--json'])
    const listed = await runCli(folder, ['tenant', 'list', '--json'])

    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string
    expect(created).toMatchObject({ code: 0, err: '' })
    expect(jsonOf(created)).toEqual({ tenant: 'acme', created: time })
    expect(jsonOf(listed)).toEqual([{ tenant: 'acme', created: time, disabled: null }])
  })

  it('create refuses a name that is taken, in one line', async () => {
    const folder = await installed()
    await aTenant(await serverIn(folder))

    const again = await runCli(folder, ['tenant', 'create', 'acme'])

    expect(again).toEqual({
      code: 1,
      out: '',
      err: 'There is a tenant named acme already\n',
    })
  })

  it('list is a table for people', async () => {
    const folder = await installed()
    await aTenant(await serverIn(folder))

    const { out } = await runCli(folder, ['tenant', 'list'])
    const wide = await runCli(folder, ['tenant', 'list', '--wide'])

    expect(out).toMatch(/^tenant  age +disabled\nacme    \d+ d +-\n$/)
    expect(wide.out.split('\n')).toEqual([
      'tenant  created                   disabled',
      'acme    2025-03-10T12:05:00.000Z  -',
      '',
    ])
  })

  it('list of nothing says so to people, and is an empty list for programs', async () => {
    const folder = await installed()

    expect((await runCli(folder, ['tenant', 'list'])).out).toBe('none\n')
    expect(jsonOf(await runCli(folder, ['tenant', 'list', '--json']))).toEqual([])
  })
})

describe('bank-api key create', () => {
  it('makes a key of one site, and the site, that opens the door', async () => {
    const folder = await installed()
    const server = await serverIn(folder)
    const { tenant } = await aTenant(server)

    const args = ['--tenant', 'acme', '--site', 'shop.acme.test', '--label', 'cron', '--json']
    const ran = await runCli(folder, ['key', 'create', ...args])

    expect(ran).toMatchObject({ code: 0, err: '' })
    const made = jsonOf(ran) as Record<'api_key' | 'api_secret', string>
    expect(made).toEqual({
      tenant: 'acme',
      site: 'shop.acme.test',
      new_site: true,
      api_key: expect.stringMatching(/^key_/) as string,
      api_secret: expect.stringMatching(/^[\w-]{43}$/) as string,
    })
    const { api_key: key, api_secret: secret } = made
    const caller = await authenticate(server, { key, secret, address: '::1' })
    expect(caller).toMatchObject({ tenant, site: { name: 'shop.acme.test' } })
    const second = await runCli(folder, [
      'key',
      'create',
      ...args,
      '--bridge-version',
      '2021-06-01',
    ])
    expect(jsonOf(second)).not.toHaveProperty('new_site')
    const listed = jsonOf(await runCli(folder, ['key', 'list', '--json'])) as object[]
    expect(listed).toContainEqual(
      expect.objectContaining({ bridge_version: '2021-06-01', lists: 'array', links: 'object' }),
    )
  })

  it('makes a tenant key without --site, readable for people', async () => {
    const folder = await installed()
    await aTenant(await serverIn(folder))

    const { code, out } = await runCli(folder, ['key', 'create', '--tenant', 'acme'])

    expect(code).toBe(0)
    expect(out).toMatch(/^tenant {6}acme\nsite {8}-\napi_key {5}key_\w+\napi_secret {2}\S+\n$/)
  })

  it('keeps the day a key expires', async () => {
    const folder = await installed()
    const server = await serverIn(folder)
    await aTenant(server)

    const args = ['--tenant', 'acme', '--expires', '2099-01-31', '--json']
    const made = jsonOf(await runCli(folder, ['key', 'create', ...args])) as { api_key: string }

    expect(made).toMatchObject({ expires: '2099-01-31T00:00:00.000Z' })
    const holder = await server.store.findKey(made.api_key)
    expect(holder?.key.expiresAt).toBe(Date.UTC(2099, 0, 31))
  })

  it('refuses a day that is past, and makes nothing', async () => {
    const folder = await installed()
    const server = await serverIn(folder)
    const { tenant } = await aTenant(server)

    const args = ['--tenant', 'acme', '--site', 'new', '--expires', '2020-01-31']
    const ran = await runCli(folder, ['key', 'create', ...args])

    expect(ran).toMatchObject({ code: 1, out: '' })
    expect(ran.err).toContain('--expires is past')
    const sites = await server.store.listSites({ tenantId: tenant.id, siteId: null })
    expect(sites.map(({ name }) => name)).not.toContain('new')
  })

  it('refuses an unknown tenant, and makes nothing', async () => {
    const folder = await installed()

    const ran = await runCli(folder, ['key', 'create', '--tenant', 'nobody', '--site', 'x'])

    expect(ran).toEqual({ code: 1, out: '', err: 'There is no tenant named nobody\n' })
  })
})

describe('bank-api site', () => {
  it('list shows the control characters of a name from an older version, and obeys none', async () => {
    const folder = await installed()
    const rooms = await serverIn(folder)
    const { tenant } = await aTenant(rooms)
    const name = '\u001b[2Jerp\nroot \u202eok\u009b'
    const site = { id: 'sit_old', tenantId: tenant.id, name, webhookSecret: Buffer.alloc(1) }
    await rooms.store.ensureSite(site, testBy)

    const command = ['site', 'list', '--tenant', 'acme']
    const { out } = await runCli(folder, command)
    const json = jsonOf(await runCli(folder, [...command, '--json']))

    expect(out).toContain(String.raw`\u001b[2Jerp\u000aroot \u202eok\u009b`)
    expect(json).toContainEqual(expect.objectContaining({ site: name }))
  })

  it.each([
    ['webhook list', ['webhook', 'list', '--site']],
    ['site show', ['site', 'show']],
    ['key create', ['key', 'create', '--site']],
  ])('%s reaches a site whatever its name', async (_, words) => {
    const folder = await installed()
    const rooms = await serverIn(folder)
    const { tenant } = await aTenant(rooms)
    const name = ' erp\u200b\n'
    const site = { id: 'sit_old', tenantId: tenant.id, name, webhookSecret: Buffer.alloc(1) }
    await rooms.store.ensureSite(site, testBy)

    const ran = await runCli(folder, [...words, name, '--tenant', 'acme', '--json'])

    expect(ran).toMatchObject({ code: 0, err: '' })
  })

  it.each([
    ['key create', ['key', 'create', '--site']],
    ['site show', ['site', 'show']],
    ['site delete', ['site', 'delete', '--yes']],
    ['site allow-target', ['site', 'allow-target', '--none']],
    ['webhook enable', ['webhook', 'enable']],
  ])('%s finds tenant and site in another spelling, and answers with theirs', async (_, words) => {
    const folder = testFolder()
    const { store } = await serverIn(folder).then(async (rooms) => {
      await aTenant(rooms)
      return rooms
    })

    const ran = await runCli(folder, [...words, 'ERP.Acme.test', '--tenant', 'ACME', '--json'])

    expect(ran).toMatchObject({ code: 0, err: '' })
    const { site, name } = jsonOf(ran) as { site?: string; name?: string }
    expect(site ?? name).toBe('erp.acme.test')
    expect(await store.listTenants()).toHaveLength(1)
  })

  it('show and list tell what is known of a site', async () => {
    const folder = await installed()
    await aTenant(await serverIn(folder))
    const row = {
      site: 'erp.acme.test',
      origin: null,
      allowed_origins: [],
      webhook_url: null,
      time_zone: 'Europe/Paris',
      remind_by: 'webhook',
    }

    const shown = await runCli(folder, ['site', 'show', row.site, '--tenant', 'acme', '--json'])
    const listed = await runCli(folder, ['site', 'list', '--tenant', 'acme', '--json'])

    const endpoint = { webhooks_failing_since: null, webhooks_disabled: null, allowed_targets: [] }
    expect(jsonOf(shown)).toEqual({ ...row, ...endpoint })
    expect(jsonOf(listed)).toEqual([row])
  })

  it('update changes what it is told, and the server sees it', async () => {
    const folder = await installed()
    const server = await serverIn(folder)
    const { scope } = await aTenant(server)

    const command = ['site', 'update', 'erp.acme.test', '--tenant', 'acme', '--json']
    const change = ['--origin', 'https://new.acme.test/', '--time-zone', 'Indian/Reunion']
    const hooks = ['--webhook-url', 'https://new.acme.test/hook']
    const further = ['--allow-origin', 'https://a.test', 'https://b.test']
    const mails = ['--remind-by', 'mail']
    const ran = await runCli(folder, [...command, ...change, ...hooks, ...further, ...mails])

    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(jsonOf(ran)).toEqual({
      site: 'erp.acme.test',
      origin: 'https://new.acme.test',
      allowed_origins: ['https://a.test', 'https://b.test'],
      webhook_url: 'https://new.acme.test/hook',
      time_zone: 'Indian/Reunion',
      remind_by: 'mail',
    })
    expect(await server.store.findSite(scope, 'erp.acme.test')).toMatchObject({
      origin: 'https://new.acme.test',
    })
    expect(await server.store.listAudit({ limit: 1 })).toMatchObject([
      { actor: 'cli', action: 'site.updated' },
    ])
  })

  it('update of the origin takes the webhooks along, or asks where they go', async () => {
    const folder = await installed()
    const server = await serverIn(folder)
    const { site } = await aTenant(server)
    const addresses = { origin: 'https://127.0.0.1', allowedOrigins: ['https://127.0.0.2'] }
    const webhookUrl = 'https://127.0.0.1/hook'
    await server.store.updateSite(site.id, { ...addresses, webhookUrl }, testBy)
    const command = ['site', 'update', 'erp.acme.test', '--tenant', 'acme', '--json']

    const moved = await runCli(folder, [...command, '--origin', 'https://127.0.0.3'])
    await server.store.updateSite(site.id, { webhookUrl: 'https://127.0.0.2/hook' }, testBy)
    const lost = await runCli(folder, [...command, '--allow-origin', 'https://127.0.0.4'])

    expect(jsonOf(moved)).toMatchObject({ webhook_url: 'https://127.0.0.3/hook' })
    expect(lost).toMatchObject({ code: 1, out: '' })
    expect(lost.err).toContain('give --webhook-url too, or --no-webhook-url')
    const none = ['--no-allow-origin', '--no-webhook-url']
    expect(jsonOf(await runCli(folder, [...command, ...none]))).toMatchObject({
      origin: 'https://127.0.0.3',
      allowed_origins: [],
      webhook_url: null,
    })
    const anew = await runCli(folder, [...command, none[0]!, '--allow-origin', 'https://127.0.0.5'])
    expect(jsonOf(anew)).toMatchObject({ allowed_origins: ['https://127.0.0.5'] })
  })

  it('update without a change, and a site that is not there, are refused in one line', async () => {
    const folder = await installed()
    await aTenant(await serverIn(folder))

    const [idle, missing] = await Promise.all([
      runCli(folder, ['site', 'update', 'erp.acme.test', '--tenant', 'acme']),
      runCli(folder, ['site', 'show', 'nowhere', '--tenant', 'acme']),
    ])

    expect(idle).toEqual({ code: 1, out: '', err: 'Nothing to change was given\n' })
    expect(missing).toEqual({ code: 1, out: '', err: 'Tenant acme has no site named nowhere\n' })
  })
})

describe('what cannot be understood ends with 2 and a word about it:', () => {
  const update = ['site', 'update', 'erp', '--tenant', 'acme']

  it.each<[name: string, args: string[], word: string]>([
    ['an unknown command', ['tenants'], "unknown command 'tenants'"],
    ['a group without a verb', ['tenant'], 'Usage: bank-api tenant'],
    ['a missing argument', ['tenant', 'create'], "missing required argument 'name'"],
    ['a name with a line break', ['tenant', 'create', 'a\nb'], 'without control'],
    ['a missing option', ['key', 'create'], "required option '--tenant <name>'"],
    [
      'a date that is none',
      ['key', 'create', '--tenant', 'a', '--expires', '01/02/2027'],
      'a date',
    ],
    ['a webhook URL that is none', [...update, '--webhook-url', 'nowhere'], 'http or https'],
    ['an origin that is none', [...update, '--origin', 'ftp://x'], 'http or https'],
    ['an origin with a path', [...update, '--origin', 'https://x.test/desk'], 'or path'],
    ['a further origin that is none', [...update, '--allow-origin', 'https://a.test', 'b'], 'http'],
    ['a time zone that is none', [...update, '--time-zone', 'Mars/Olympus'], 'a time zone'],
  ])('%s', async (_name, args, word) => {
    const { code, err } = await runCli(testFolder(), args)

    expect(err).toContain(word)
    expect(code).toBe(2)
  })

  const expires = ['key', 'create', '--tenant', 'a', '--expires']

  it.each([
    '2027-01-31junk',
    '2027-01-31 (x)',
    '2027-02-30',
    '2027-02-30T18:00Z',
    '2027-01-31T24:00Z',
    '2027-01-31T18:00',
    '2027-01-31 18:00Z',
    ' 2027-01-31',
    '',
  ])('a date such as %j, which could be taken for another one', async (date) => {
    const { code, err } = await runCli(testFolder(), [...expires, date])
    const since = await runCli(testFolder(), ['webhook', 'replay', '--since', date])

    expect(err).toContain('2027-01-31T18:00Z')
    expect(since.err).toContain('2027-01-31T18:00Z, or how long ago: 12h, 3d.')
    expect([code, since.code]).toEqual([2, 2])
  })

  it.each([
    ['2099-01-31', '2099-01-31T00:00:00.000Z'],
    ['2099-01-31T18:00Z', '2099-01-31T18:00:00.000Z'],
    ['2099-01-31T18:00+02:00', '2099-01-31T16:00:00.000Z'],
    ['2099-01-31T18:00:01.5-03:30', '2099-01-31T21:30:01.500Z'],
  ])('but %s is a time', async (date, expected) => {
    const folder = await installed()
    await aTenant(await serverIn(folder))

    const args = ['key', 'create', '--tenant', 'acme', '--json', '--expires', date]
    const made = await runCli(folder, args)

    expect(jsonOf(made)).toMatchObject({ expires: expected })
  })

  it('but asking for help is no mistake', async () => {
    const { code, out, err } = await runCli(testFolder(), ['key', 'create', '--help'])

    expect(out).toContain('--expires <date>')
    expect({ code, err }).toEqual({ code: 0, err: '' })
  })
})

it('a configuration that is not usable ends with 1 and its problems, before any file is made', async () => {
  const folder = await installed()

  const ran = await runCli(folder, ['tenant', 'list'], { NODE_ENV: 'production', PORT: 'x' })

  expect(ran.code).toBe(1)
  expect(ran.err).toMatch(
    /^The configuration is not usable:\n {2}- PORT:[^]*MASTER_KEY: is missing/,
  )
  expect(ran.err).not.toContain('at ') // no stack
})

it('doctor tells what is not usable in one sentence', async () => {
  const wrong = { NODE_ENV: 'production', PORT: 'x' }

  const { code, out } = await runCli(testFolder(), ['doctor', '--json'], wrong)

  expect(code).toBe(2)
  expect(JSON.parse(out)).toMatchObject([
    {
      says: expect.stringMatching(
        /^The configuration is not usable: PORT: .*; MASTER_KEY: is missing/,
      ),
    },
  ])
})

it.each([['backup', 'verify'], ['restore']])(
  '%s %s: a file that cannot be looked at says why, and not that there is none',
  async (...words) => {
    const folder = await installed()
    const file = join(folder, 'x'.repeat(300))

    const ran = await runCli(folder, [...words, file])

    expect(ran).toMatchObject({ code: 1, out: '' })
    expect(ran.err).toBe(`${file}: the name is too long (ENAMETOOLONG)\n`)
  },
)

it('a database of another master key ends with 1, the variable, and the name of the key', async () => {
  const folder = testFolder()
  const key = Buffer.alloc(32, 5).toString('base64')
  const right = { MASTER_KEY: `2027:${key}` }
  await firstStart({ DATA_DIR: folder, ...right })
  const { copy } = jsonOf(await runCli(folder, ['backup', '--json'], right)) as { copy: string }
  const list = (MASTER_KEY: string) => runCli(folder, ['tenant', 'list'], { MASTER_KEY })

  const another = await list(`2027:${Buffer.alloc(32, 6).toString('base64')}`)
  const misnamed = await list(key)
  const verified = await runCli(folder, ['backup', 'verify', copy], { MASTER_KEY: key })

  expect([another.code, misnamed.code, verified.code]).toEqual([1, 1, 1])
  expect(another.err).toContain('MASTER_KEY: is not the one this database was made with')
  const asks = 'MASTER_KEY: this database asks for the key named 2027; given are: main'
  expect(misnamed.err).toContain(asks)
  expect(verified.out).toContain(asks)
})
