import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tenantLimits } from '../../../src/auth/limits.ts'
import { callMethod, testApp } from '../../support/app.ts'
import { databaseFile } from '../../support/store.ts'
import { addItems, aKey, aTenant, aUser, testBy, type TestKey } from '../../support/tenants.ts'

/** Two hosts, one with two sites. */
async function aHost() {
  const database = databaseFile()
  const made = await testApp({ database, env: { LIMIT_PER_KEY: '0', LIMIT_PER_ADDRESS: '0' } })
  const { app } = made
  const acme = await aTenant(app, { sites: ['erp.acme.test', 'shop.acme.test'] })
  const other = await aTenant(app, { name: 'other', sites: ['erp.other.test'] })
  const call = (name: string, args: object, as: TestKey = acme.tenantKey) =>
    callMethod(app, name, args, { as })
  const make = async (args: object, as?: TestKey) => {
    const { message } = await call('create_site_key', args, as)
    const { api_key, api_secret } = message as Record<'api_key' | 'api_secret', string>
    const authorization = `token ${api_key}:${api_secret}`
    return { message, api_key, api_secret, as: { authorization } as TestKey }
  }
  const codeOf = ({ text }: { text: string }) => (JSON.parse(text) as { code?: string }).code
  return { ...made, database, acme, other, call, make, codeOf }
}

describe('create_site_key', () => {
  it('makes a key that opens its site, and no other', async () => {
    const { app, make } = await aHost()

    const { message, as } = await make({ site: 'ERP.acme.test', label: 'ERP in production' })

    expect(message).toEqual({
      site: 'erp.acme.test',
      label: 'ERP in production',
      read_only: false,
      api_key: expect.stringMatching(/^key_/) as string,
      api_secret: expect.stringMatching(/^[\w-]{43}$/) as string,
    })
    const user = await callMethod(app, 'frappe.auth.get_logged_user', {}, { as })
    expect(user.message).toBe('erp.acme.test')
  })

  it.each([
    ['True', true],
    ['False', false],
    ['1', true],
    [0, false],
  ])('takes %j for whether the key may only read', async (word, readOnly) => {
    const { make } = await aHost()

    const { message } = await make({ site: 'erp.acme.test', read_only: word })

    expect(message).toMatchObject({ read_only: readOnly })
  })

  it('makes the site too, which then has a webhook secret of its own', async () => {
    const { app, acme, make } = await aHost()

    const { as } = await make({ site: 'new.acme.test' })

    expect((await app.store.findSite(acme.scope, 'new.acme.test'))?.name).toBe('new.acme.test')
    const { message } = await callMethod(app, 'get_webhook_secret', {}, { as })
    expect(message).toEqual({ secret: expect.stringMatching(/^whsec_/) as string })
  })

  it.each([[1], ['1'], [true], ['true']])('makes one that only reads: %j', async (word) => {
    const { app, make, codeOf } = await aHost()

    const { as, message } = await make({ site: 'erp.acme.test', read_only: word })

    expect(message).toMatchObject({ read_only: true })
    expect(codeOf(await callMethod(app, 'get_webhook_secret', {}, { as }))).toBe('key_read_only')
  })

  it('is audited with the key that did it, and its secret is in the answer alone', async () => {
    const { app, acme, database, log, make } = await aHost()

    const { api_key: apiKey, api_secret: apiSecret } = await make({ site: 'new.acme.test' })
    await app.callLog.flush()
    await app.auditCounter.flush()

    const [entry] = await app.store.listAudit({ action: 'key.created', limit: 1 })
    expect(entry).toMatchObject({
      actor: `key:${acme.tenantKey.apiKey}`,
      tenantId: acme.tenant.id,
      subject: apiKey,
    })
    const method = 'bank_api.bridge.create_site_key'
    const [kept] = await app.store.listCalls({ method }, { limit: 1 })
    expect(kept).toMatchObject({ status: 200, apiKey: acme.tenantKey.apiKey })
    const folder = dirname(database)
    const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'))
    expect(stored.join('')).toContain(apiKey)
    expect(stored.join('')).not.toContain(apiSecret)
    expect(log.length).toBeGreaterThan(0)
    expect(log.join('')).not.toContain(apiSecret)
  })

  it('makes so many for a site as may be good at once, and goes on once one has ended', async () => {
    const { call, codeOf, make } = await aHost()
    const made = [await make({ site: 'new.acme.test' })]
    while (made.length < tenantLimits.goodKeysPerSite)
      made.push(await make({ site: 'new.acme.test' }))

    const beyond = await call('create_site_key', { site: 'new.acme.test' })
    const elsewhere = await call('create_site_key', { site: 'erp.acme.test' })
    await call('revoke_site_key', { api_key: made[0]!.api_key })
    const after = await call('create_site_key', { site: 'new.acme.test' })

    expect(beyond.status).toBe(417)
    expect(codeOf(beyond)).toBe('too_many_keys')
    expect([elsewhere.status, after.status]).toEqual([200, 200])
  })

  it('makes so many in a day, of one tenant', async () => {
    const { app, acme, call, codeOf, other } = await aHost()
    for (let each = 0; each < tenantLimits.siteKeysPerTenant; each += 1) {
      app.limits.siteKeys.take(acme.tenant.id)
    }

    const beyond = await call('create_site_key', { site: 'new.acme.test' })

    expect(beyond.status).toBe(429)
    expect(codeOf(beyond)).toBe('too_many_calls')
    expect(await app.store.findSite(acme.scope, 'new.acme.test')).toBeUndefined()
    const theirs = await call('create_site_key', { site: 'erp.other.test' }, other.tenantKey)
    expect(theirs.status).toBe(200)
  })

  it('gives no new site a name that cannot be read', async () => {
    const { call, codeOf } = await aHost()

    const refused = await call('create_site_key', { site: 'a\u202eb' })

    expect(codeOf(refused)).toBe('argument_invalid')
  })

  it('says which words it takes for yes and no', async () => {
    const { call } = await aHost()

    const refused = await call('create_site_key', { site: 'new.acme.test', read_only: 'yes' })

    expect(refused.text).toContain("'read_only' is not valid: expected one of 0, 1, false, true")
  })
})

describe('revoke_site_key', () => {
  it('ends a key at once, and says again when it ended', async () => {
    const { app, acme, call, clock } = await aHost()
    const { apiKey } = acme.siteKey

    const first = await call('revoke_site_key', { api_key: apiKey })
    clock.advance(60_000)
    const second = await call('revoke_site_key', { api_key: apiKey })

    expect(first.message).toEqual({
      api_key: apiKey,
      revoked_at: new Date(clock.now() - 60_000).toISOString(),
    })
    expect(second.message).toEqual(first.message)
    const used = await callMethod(app, 'get_category', {}, { as: acme.siteKey })
    expect(used.status).toBe(401)
    const [entry] = await app.store.listAudit({ action: 'key.revoked', limit: 1 })
    expect(entry?.actor).toBe(`key:${acme.tenantKey.apiKey}`)
  })

  it('ends no tenant key, its own or a colleague’s, and nobody else’s', async () => {
    const { app, acme, call, codeOf, other } = await aHost()
    const colleague = await aKey(app, acme.tenant, null)
    const spared = [acme.tenantKey, colleague, other.siteKey, other.tenantKey]

    for (const { apiKey } of spared) {
      const refused = await call('revoke_site_key', { api_key: apiKey })
      expect(refused.status).toBe(404)
      expect(codeOf(refused)).toBe('key_not_found')
    }

    for (const as of spared) {
      expect((await callMethod(app, 'frappe.auth.get_logged_user', {}, { as })).status).toBe(200)
    }
  })
})

describe('list_sites', () => {
  it('tells the sites of the tenant, each with its keys that are good', async () => {
    const { app, acme, call, clock } = await aHost()
    const { tenant, site } = acme
    await aKey(app, tenant, site, { label: 'old', expiresAt: clock.now() })
    const reader = await aKey(app, tenant, site, { label: 'reports', readOnly: true })

    const { message, text } = await call('list_sites', {})

    const at = new Date(clock.now()).toISOString()
    const key = { label: null, read_only: false, last_used_at: null, expires_at: null }
    const one = { origin: null, webhook_url: null, time_zone: 'Europe/Paris', created_at: at }
    expect(message).toEqual({
      sites: [
        {
          ...one,
          site: 'erp.acme.test',
          keys: [
            { ...key, created_at: at, api_key: acme.siteKey.apiKey },
            { ...key, created_at: at, api_key: reader.apiKey, label: 'reports', read_only: true },
          ],
        },
        { ...one, site: 'shop.acme.test', keys: [] },
      ],
    })
    for (const word of ['other', acme.tenantKey.apiKey, 'ecret']) expect(text).not.toContain(word)
  })

  it('tells a key that only reads nothing of a secret that an address may hold', async () => {
    const { app, acme, call } = await aHost()
    const webhookUrl = 'https://erp.acme.test/hook?token=s3cret'
    await app.store.updateSite(acme.site.id, { webhookUrl }, testBy)
    const reader = await aKey(app, acme.tenant, null, { readOnly: true })
    const urlFor = async (key?: typeof reader) =>
      (await call('list_sites', {}, key)).message.sites[0].webhook_url

    expect(await urlFor()).toBe(webhookUrl)
    expect(await urlFor(reader)).toBe('https://erp.acme.test/hook?…')
  })

  it('of many sites counts for as many calls as it is work for', async () => {
    const { app, acme, call } = await aHost()
    for (let nth = 0; nth < 1_000; nth += 1) {
      const site = { id: `sit_${nth}`, name: `site ${nth}`, webhookSecret: Buffer.from('x') }
      await app.store.ensureSite({ ...site, tenantId: acme.tenant.id }, testBy)
    }
    const counted: number[] = []
    app.limits.keys.add = (_name, more) => void counted.push(more)

    await call('list_sites', {})

    expect(counted).toEqual([2])
  })
})

describe('get_usage', () => {
  it('tells what each of its sites used, this month when none is named', async () => {
    const { app, acme, call, clock, other } = await aHost()
    for (const { site } of [acme, other]) {
      const user = await aUser(app, site, { name: 'ann' })
      await addItems(app, user, site === acme.site ? 1 : 2)
    }
    await app.jobs.countConnections()
    await call('get_category', {})
    await call('get_category', {}, acme.siteKey)
    await app.callLog.flush()

    const now = await call('get_usage', {})
    clock.advance(31 * 24 * 60 * 60_000)
    const named = await call('get_usage', { month: '2025-03' })
    const next = await call('get_usage', {})

    expect(now.message).toEqual({
      month: '2025-03',
      sites: [
        { site: null, connections: 0, calls: 1, webhooks: 0, renewals: 0 },
        { site: 'erp.acme.test', connections: 1, calls: 1, webhooks: 0, renewals: 0 },
      ],
    })
    expect(named.message).toMatchObject({ month: '2025-03', sites: [{}, { connections: 1 }] })
    expect(next.message).toEqual({ month: '2025-04', sites: [] })
  })
})

it.each(['list_sites', 'create_site_key', 'revoke_site_key', 'get_usage'])(
  '%s is for tenant keys',
  async (name) => {
    const { acme, app, call, codeOf } = await aHost()
    const args = { site: 'new.acme.test', api_key: acme.siteKey.apiKey }

    const refused = await call(name, args, acme.siteKey)

    expect(refused.status).toBe(403)
    expect(codeOf(refused)).toBe('tenant_key_required')
    expect(await app.store.findSite(acme.scope, 'new.acme.test')).toBeUndefined()
  },
)
