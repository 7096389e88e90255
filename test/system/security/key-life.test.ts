import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { rotateApiKey } from '../../../src/auth/api-keys.ts'
import { runCli } from '../../support/run-cli.ts'
import { callMethod, testApp, type TestApp } from '../../support/app.ts'
import { testFolder } from '../../support/store.ts'
import { aKey, aTenant, testBy, type TestKey } from '../../support/tenants.ts'

const hourMs = 60 * 60_000

const as = (apiKey: string, apiSecret: string) => ({
  authorization: `token ${apiKey}:${apiSecret}`,
})

const whoAmI = ({ app }: Pick<TestApp, 'app'>, key: Pick<TestKey, 'authorization'>) =>
  callMethod(app, 'frappe.auth.get_logged_user', {}, { as: key })

/** How many constant-time comparisons were made since the last time this was asked. */
function countComparisons(): () => number {
  const spy = vi.spyOn(crypto, 'timingSafeEqual')
  syncBuiltinESMExports()
  onTestFinished(() => {
    spy.mockRestore()
    syncBuiltinESMExports()
  })
  return () => {
    const { length } = spy.mock.calls
    spy.mockClear()
    return length
  }
}

describe('every way to be refused', () => {
  it('has the same bytes, one look-up and as many comparisons as a good key', async () => {
    const made = await testApp()
    const { app, clock } = made
    const { store } = app
    const acme = await aTenant(app, { sites: ['erp.acme.test', 'old.acme.test'] })
    const gone = await aTenant(app, { name: 'gone' })
    const expired = await aKey(app, acme.tenant, null, { expiresAt: clock.now() })
    const revoked = await aKey(app, acme.tenant, acme.site)
    const rotated = await aKey(app, acme.tenant, acme.site)
    const homeless = await aKey(app, acme.tenant, acme.sites[1]!)
    const by = { actor: 'cli', at: clock.now() }
    await store.changeKey(revoked.apiKey, { kind: 'revoked' }, by)
    await store.setTenantDisabled(gone.tenant.id, true, by)
    await rotateApiKey(app, { apiKey: rotated.apiKey, previousUntil: clock.now() }, by)
    const { id: subjectId, name } = acme.sites[1]!
    const order = { kind: 'site', tenantId: acme.tenant.id, subjectId, name } as const
    await store.startRemoval({ id: 'rmv_1', ...order, withBridgeUsers: false }, by)

    const refused: Record<string, string> = {
      'an unknown key': 'token key_nobody:secret',
      'a wrong secret': `token ${acme.siteKey.apiKey}:wrong`,
      'another key’s secret': `token ${acme.siteKey.apiKey}:${acme.tenantKey.apiSecret}`,
      'a revoked key': revoked.authorization,
      'an expired key': expired.authorization,
      'a disabled tenant’s key': gone.siteKey.authorization,
      'a secret rotated away': rotated.authorization,
      'the key of a site being deleted': homeless.authorization,
      'no colon': 'token abc',
      'an unknown scheme': 'Bearer abc:def',
      'Basic without base64': 'Basic ???',
    }
    const called: string[] = []
    for (const operation of ['findKey', 'touchKey', 'listKeys', 'audit'] as const) {
      const original = store[operation] as (...args: unknown[]) => never
      Object.assign(store, {
        [operation]: (...args: unknown[]) => {
          called.push(operation)
          return original(...args)
        },
      })
    }
    const comparisons = countComparisons()
    const told = async (authorization: string) => {
      const { status, text, headers } = await whoAmI(made, { authorization })
      const { date: _date, 'x-request-id': _id, ...rest } = headers
      const work = { called: called.splice(0), comparisons: comparisons() }
      return { status, text, headers: rest, work }
    }

    const good = await told(acme.siteKey.authorization)
    const first = await told(refused['an unknown key']!)

    expect(good).toMatchObject({ status: 200, work: { called: ['findKey', 'touchKey'] } })
    expect(first).toMatchObject({ status: 401, work: { called: ['findKey'] } })
    expect(first.work.comparisons).toBe(good.work.comparisons)
    for (const [what, authorization] of Object.entries(refused)) {
      expect(await told(authorization), what).toEqual(first)
    }
  })
})

describe('a rotated key', () => {
  it('takes both secrets until the set time, then the new one alone', async () => {
    const made = await testApp()
    const { app, clock } = made
    const { siteKey } = await aTenant(app)
    const { apiKey } = siteKey
    const previousUntil = clock.now() + hourMs

    const rotated = await rotateApiKey(app, { apiKey, previousUntil }, testBy)
    const fresh = as(apiKey, rotated!.apiSecret)

    expect((await whoAmI(made, siteKey)).status).toBe(200)
    expect((await whoAmI(made, fresh)).status).toBe(200)
    clock.advance(hourMs - 1)
    expect((await whoAmI(made, siteKey)).status).toBe(200)
    clock.advance(1)
    expect((await whoAmI(made, siteKey)).status).toBe(401)
    expect((await whoAmI(made, fresh)).status).toBe(200)
  })

  it('rotated again by force takes the two newest secrets, not the oldest', async () => {
    const made = await testApp()
    const { app, clock } = made
    const { siteKey } = await aTenant(app)
    const { apiKey } = siteKey
    const previousUntil = clock.now() + hourMs

    const second = await rotateApiKey(app, { apiKey, previousUntil }, testBy)
    const third = await rotateApiKey(app, { apiKey, previousUntil, force: true }, testBy)

    expect((await whoAmI(made, siteKey)).status).toBe(401)
    expect((await whoAmI(made, as(apiKey, second!.apiSecret))).status).toBe(200)
    expect((await whoAmI(made, as(apiKey, third!.apiSecret))).status).toBe(200)
  })

  it('is not brought back to life when it was revoked', async () => {
    const made = await testApp()
    const { app, clock } = made
    const { siteKey } = await aTenant(app)
    const { apiKey } = siteKey
    await app.store.changeKey(apiKey, { kind: 'revoked' }, testBy)

    const previousUntil = clock.now() + hourMs
    const rotated = await rotateApiKey(app, { apiKey, previousUntil }, testBy)

    expect(rotated).toBeUndefined()
    expect((await whoAmI(made, siteKey)).status).toBe(401)
  })
})

it('a key revoked in its overlap takes neither secret', async () => {
  const made = await testApp()
  const { app, clock } = made
  const { siteKey } = await aTenant(app)
  const { apiKey } = siteKey
  const previousUntil = clock.now() + hourMs
  const rotated = await rotateApiKey(app, { apiKey, previousUntil }, testBy)

  await app.store.changeKey(apiKey, { kind: 'revoked' }, testBy)

  expect((await whoAmI(made, siteKey)).status).toBe(401)
  expect((await whoAmI(made, as(apiKey, rotated!.apiSecret))).status).toBe(401)
})

it('when the hour of its last use cannot be written, a good key is answered all the same', async () => {
  const made = await testApp()
  const { siteKey } = await aTenant(made.app)
  made.app.store.touchKey = () => Promise.reject(new Error('disk full'))

  expect((await whoAmI(made, siteKey)).status).toBe(200)
})

describe('with bank-api', () => {
  /** A server and the command line on one database. */
  async function both() {
    const folder = testFolder()
    const masterKey = Buffer.alloc(32, 7).toString('base64')
    const env = {
      BRIDGE_CLIENT_ID: 'client-id-of-the-operator',
      BRIDGE_CLIENT_SECRET: 'client-secret-of-the-operator',
      MASTER_KEY: masterKey,
    }
    const made = await testApp({ database: join(folder, 'bank-api.sqlite') })
    const acme = await aTenant(made.app)
    const run = (...args: string[]) => runCli(folder, [...args, '--json'], env)
    const cli = async (...args: string[]) => {
      const ran = await run(...args)
      expect(ran.err).toBe('')
      return JSON.parse(ran.out) as unknown
    }
    return { ...made, acme, run, cli }
  }

  it('a revoked key stops at once, a disabled tenant too, and comes back when enabled', async () => {
    const { acme, cli, ...made } = await both()
    const { siteKey, tenantKey } = acme

    await cli('key', 'revoke', siteKey.apiKey, '--yes')
    expect((await whoAmI(made, siteKey)).status).toBe(401)
    expect((await whoAmI(made, tenantKey)).status).toBe(200)

    await cli('tenant', 'disable', 'acme')
    expect((await whoAmI(made, tenantKey)).status).toBe(401)
    await cli('tenant', 'enable', 'acme')
    expect((await whoAmI(made, tenantKey)).status).toBe(200)
  })

  it('a new secret is shown once and works beside the old one', async () => {
    const { acme, cli, ...made } = await both()
    const { siteKey } = acme

    const shown = (await cli('key', 'rotate', siteKey.apiKey)) as Record<string, string>

    expect(Date.parse(shown['old_secret_until']!)).toBeGreaterThan(Date.now() + 23 * hourMs)
    expect((await whoAmI(made, as(siteKey.apiKey, shown['api_secret']!))).status).toBe(200)
    expect((await whoAmI(made, siteKey)).status).toBe(200)
    const listed = JSON.stringify(await cli('key', 'list'))
    expect(listed).not.toContain(shown['api_secret'])
  })

  it('a second rotation while the secret before is good would end that one: it is refused, or forced', async () => {
    const { acme, cli, run, ...made } = await both()
    const { apiKey } = acme.siteKey
    const lost = (await cli('key', 'rotate', apiKey)) as Record<string, string>

    const again = await run('key', 'rotate', apiKey)

    expect(again).toEqual({
      code: 1,
      out: '',
      err: `An earlier secret is good until ${lost['old_secret_until']}: rotate after that, or with --force, which ends it at once\n`,
    })
    expect((await whoAmI(made, acme.siteKey)).status).toBe(200)
    expect((await whoAmI(made, as(apiKey, lost['api_secret']!))).status).toBe(200)

    await cli('key', 'rotate', apiKey, '--force')
    expect((await whoAmI(made, acme.siteKey)).status).toBe(401)
    expect((await whoAmI(made, as(apiKey, lost['api_secret']!))).status).toBe(200)
  })

  it('an --until that is past would end the old secret at once: it is refused, or forced', async () => {
    const { acme, cli, run, ...made } = await both()
    const rotate = ['key', 'rotate', acme.siteKey.apiKey, '--until', '2020-01-31']

    const refused = await run(...rotate)

    expect([refused.code, refused.out]).toEqual([1, ''])
    expect(refused.err).toMatch(/^--until is past: .* --force\n$/)
    expect((await whoAmI(made, acme.siteKey)).status).toBe(200)

    await cli(...rotate, '--force')
    expect((await whoAmI(made, acme.siteKey)).status).toBe(401)
  })

  it('the list says whose a key is, when it was used and whether it works', async () => {
    const { acme, cli, app, ...made } = await both()
    await whoAmI({ app, ...made }, acme.siteKey)
    const old = await aKey(app, acme.tenant, null, { label: 'cron', expiresAt: 1 })

    const listed = (await cli('key', 'list', '--tenant', 'acme')) as Record<string, unknown>[]

    const bySelf = new Map(listed.map((row) => [row['api_key'], row]))
    expect(bySelf.get(acme.siteKey.apiKey)).toMatchObject({
      tenant: 'acme',
      site: 'erp.acme.test',
      state: 'active',
      last_used: '2025-03-10T12:05:00.000Z', // not the hour's beginning, when there was no such key
      expires: null,
    })
    expect(bySelf.get(old.apiKey)).toMatchObject({ site: null, label: 'cron', state: 'expired' })
    expect(listed).toHaveLength(3)
  })

  it('each of these is on record', async () => {
    const { acme, cli } = await both()

    await cli('key', 'rotate', acme.siteKey.apiKey)
    await cli('key', 'revoke', acme.siteKey.apiKey, '--yes')
    await cli('tenant', 'disable', 'acme')

    const audit = (await cli('audit', 'list', '--tenant', 'acme')) as Record<string, unknown>[]
    const told = audit.map(({ action, actor, subject }) => [action, actor, subject])
    expect(told.slice(0, 3)).toEqual([
      ['tenant.disabled', 'cli', 'acme'],
      ['key.revoked', 'cli', acme.siteKey.apiKey],
      ['key.rotated', 'cli', acme.siteKey.apiKey],
    ])
    const keys = (await cli('audit', '--action', 'key')) as Record<string, unknown>[]
    expect(new Set(keys.map(({ action }) => action))).toEqual(
      new Set(['key.created', 'key.rotated', 'key.revoked']),
    )
  })
})
