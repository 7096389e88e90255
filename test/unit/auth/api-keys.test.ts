import Sqlite from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authenticate, rotateApiKey, type Caller } from '../../../src/auth/api-keys.ts'
import { hourOf } from '../../../src/durations.ts'
import type { AuditEntry } from '../../../src/db/ports/audit.ts'
import { AuthenticationError } from '../../../src/errors.ts'
import { testNow } from '../../support/clock.ts'
import { databaseFile, testStore, watched } from '../../support/store.ts'
import { aKey, aTenant, testBy, testRooms } from '../../support/tenants.ts'

/** A tenant whose every kind of useless key is at hand, with what authentication did. */
async function withKeys() {
  const path = databaseFile()
  const rooms = testRooms(testStore(path))
  const acme = await aTenant(rooms)
  const other = await aTenant(rooms, { name: 'other' })
  const expired = await aKey(rooms, acme.tenant, null, { expiresAt: testNow })
  const revoked = await aKey(rooms, acme.tenant, acme.site)
  // By hand: it does not matter here which command revokes and disables.
  const client = new Sqlite(path)
  onTestFinished(() => void client.close())
  client.prepare('UPDATE api_keys SET revoked_at = 1 WHERE api_key = ?').run(revoked.apiKey)
  client.prepare('UPDATE tenants SET disabled_at = 1 WHERE id = ?').run(other.tenant.id)

  const { store, calls } = watched(rooms.store)
  const counted: (AuditEntry & { bucket: number })[] = []
  let hashes = 0
  const keyring = {
    ...rooms.keyring,
    hash: (purpose: string, text: string) => {
      hashes += 1
      return rooms.keyring.hash(purpose, text)
    },
  }
  const auditCounter = {
    count: (entry: AuditEntry & { bucket: number }) => void counted.push(entry),
    flush: () => Promise.resolve(),
  }
  const present = (key: string, secret: string): Promise<Caller> =>
    authenticate(
      { store, keyring, clock: rooms.clock, auditCounter },
      { key, secret, address: '192.0.2.7' },
    )
  return {
    ...rooms,
    path,
    acme,
    other,
    present,
    calls,
    counted,
    hashes: () => hashes,
    useless: {
      'an unknown key': ['key_unknown', acme.siteKey.apiSecret],
      'a wrong secret': [acme.siteKey.apiKey, acme.tenantKey.apiSecret],
      'an empty secret': [acme.siteKey.apiKey, ''],
      'a secret with a tail': [acme.siteKey.apiKey, `${acme.siteKey.apiSecret}x`],
      'a revoked key': [revoked.apiKey, revoked.apiSecret],
      'an expired key': [expired.apiKey, expired.apiSecret],
      'a key of a disabled tenant': [other.siteKey.apiKey, other.siteKey.apiSecret],
    } satisfies Record<string, [key: string, secret: string]>,
  }
}

type Useless = keyof Awaited<ReturnType<typeof withKeys>>['useless']

const allUseless: Useless[] = [
  'an unknown key',
  'a wrong secret',
  'an empty secret',
  'a secret with a tail',
  'a revoked key',
  'an expired key',
  'a key of a disabled tenant',
]

describe('a good key', () => {
  it('of a site speaks for that site', async () => {
    const { present, acme } = await withKeys()

    const caller = await present(acme.siteKey.apiKey, acme.siteKey.apiSecret)

    expect(caller).toEqual(acme.siteKey.caller)
  })

  it('of a tenant speaks for all its sites', async () => {
    const { present, acme } = await withKeys()

    const caller = await present(acme.tenantKey.apiKey, acme.tenantKey.apiSecret)

    expect(caller).toMatchObject({ site: null, scope: { tenantId: acme.tenant.id, siteId: null } })
  })

  it('is good until the moment it expires', async () => {
    const { present, acme, clock, ...rooms } = await withKeys()
    const expiresAt = testNow + 1_000
    const key = await aKey({ clock, ...rooms }, acme.tenant, null, { expiresAt })

    clock.advance(999)
    await present(key.apiKey, key.apiSecret)
    clock.advance(1)

    await expect(present(key.apiKey, key.apiSecret)).rejects.toThrow(AuthenticationError)
  })

  it('whose secret was good before is hashed once, until anything of it changes', async () => {
    const { present, acme, hashes, store } = await withKeys()
    const { apiKey, apiSecret } = acme.siteKey
    const hashesOf = async (secret: string) => {
      const before = hashes()
      await present(apiKey, secret).catch(() => {})
      return hashes() - before
    }
    await present(apiKey, apiSecret) // its use is noted
    await present(apiKey, apiSecret)

    expect(await hashesOf(apiSecret)).toBe(1)
    expect(await hashesOf(`${apiSecret}x`)).toBe(2)
    await store.changeKey(apiKey, { kind: 'updated', presentation: { links: 'url' } }, testBy)
    expect(await hashesOf(apiSecret)).toBe(2)
    expect((await present(apiKey, apiSecret)).presentation.links).toBe('url')
  })

  const endings: [name: string, change: string][] = [
    ['it is revoked', 'UPDATE api_keys SET revoked_at = 1 WHERE api_key = ?'],
    ['it expires', 'UPDATE api_keys SET expires_at = 1 WHERE api_key = ?'],
    ['it is deleted', 'DELETE FROM api_keys WHERE api_key = ?'],
    [
      'its tenant is disabled',
      'UPDATE tenants SET disabled_at = 1 WHERE id = (SELECT tenant_id FROM api_keys WHERE api_key = ?)',
    ],
    [
      'its site is being deleted',
      'UPDATE sites SET removed_at = 1 WHERE id = (SELECT site_id FROM api_keys WHERE api_key = ?)',
    ],
  ]
  it.each(endings)('is none from the call on after %s by another process', async (_, change) => {
    const { present, acme, path } = await withKeys()
    const { apiKey, apiSecret } = acme.siteKey
    await present(apiKey, apiSecret)
    await present(apiKey, apiSecret)

    const client = new Sqlite(path)
    client.prepare(change).run(apiKey)
    client.close()

    await expect(present(apiKey, apiSecret)).rejects.toThrow(AuthenticationError)
  })

  it('may have its former secret until then, and not for having been good before', async () => {
    const { present, acme, clock, keyring, store } = await withKeys()
    const { apiKey, apiSecret } = acme.siteKey
    const previousUntil = testNow + 1_000
    const rotated = await rotateApiKey({ store, keyring }, { apiKey, previousUntil }, testBy)

    clock.advance(999)
    await present(apiKey, apiSecret)
    await present(apiKey, apiSecret)
    clock.advance(1)

    await expect(present(apiKey, apiSecret)).rejects.toThrow(AuthenticationError)
    await present(apiKey, rotated!.apiSecret)
    await expect(present(apiKey, apiSecret)).rejects.toThrow(AuthenticationError)
  })

  it('has its use noted once an hour, to the hour and never before it was made', async () => {
    const { present, acme, clock, calls, store } = await withKeys()
    const { apiKey, apiSecret } = acme.siteKey
    const untilNextHour = hourOf(testNow) + 60 * 60_000 - testNow
    const touches = () => calls.filter((name) => name === 'touchKey').length

    await present(apiKey, apiSecret)
    clock.advance(untilNextHour - 1)
    await present(apiKey, apiSecret)
    expect(touches()).toBe(1)
    const made = await store.findKey(apiKey)
    expect(made?.key.lastUsedAt).toBe(made?.key.createdAt)

    clock.advance(1)
    await present(apiKey, apiSecret)
    expect(touches()).toBe(2)
    expect((await store.findKey(apiKey))?.key.lastUsedAt).toBe(hourOf(clock.now()))
  })
})

describe('refused, with the same error after the same work:', () => {
  it.each(allUseless)('%s', async (name) => {
    const { present, useless, calls, counted, hashes } = await withKeys()
    const [key, secret] = useless[name]

    const refusal: unknown = await present(key, secret).catch((error: unknown) => error)

    expect(refusal).toBeInstanceOf(AuthenticationError)
    expect(refusal).toMatchObject({
      message: 'Invalid API key or secret',
      status: 401,
      retryAfter: undefined,
      cause: undefined,
    })
    expect(calls).toEqual(['findKey'])
    expect(hashes()).toBe(2)
    expect(counted).toHaveLength(1)
  })

  it('the count tells address and hour, and repeats nothing a stranger wrote', async () => {
    const { present, acme, counted } = await withKeys()

    await present('garbage of a stranger', 'x').catch(() => {})
    await present(acme.siteKey.apiKey, 'wrong').catch(() => {})

    const common = {
      at: testNow,
      actor: 'address:192.0.2.7',
      action: 'key.refused',
      bucket: hourOf(testNow),
    }
    expect(counted).toEqual([
      { ...common, subject: 'unknown key' },
      { ...common, subject: acme.siteKey.apiKey, tenantId: acme.tenant.id },
    ])
    expect(JSON.stringify(counted)).not.toContain('wrong')
  })
})

it('a secret is random, and stored nowhere', async () => {
  const { acme, store } = await withKeys()
  const { apiKey, apiSecret } = acme.siteKey

  const holder = await store.findKey(apiKey)

  expect(Buffer.from(apiSecret, 'base64url')).toHaveLength(32)
  expect(apiSecret).not.toBe(acme.tenantKey.apiSecret)
  expect(JSON.stringify(holder)).not.toContain(apiSecret)
  expect(holder?.key.secretHash.includes(Buffer.from(apiSecret, 'base64url'))).toBe(false)
  expect(JSON.stringify(await store.listAudit({ limit: 99 }))).not.toContain(apiSecret)
})
