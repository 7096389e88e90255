import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authenticate, rotateApiKey, type Caller } from '../../../src/auth/api-keys.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { loadConfig } from '../../../src/config.ts'
import type { Store } from '../../../src/db/store.ts'
import { AuthenticationError } from '../../../src/errors.ts'
import { testClock } from '../../support/clock.ts'
import {
  olderEnvironment,
  olderKeys,
  writeOlderInstallation,
} from '../../support/older-installation.ts'
import { testFolder, testStore } from '../../support/store.ts'
import { testBy } from '../../support/tenants.ts'

const config = loadConfig(olderEnvironment)
const clock = testClock()

/** Opens a database as a server does, and presents keys to it. */
async function start(path: string, over: (store: Store) => Partial<Store> = () => ({})) {
  const real = testStore(path)
  const store = { ...real, ...over(real) }
  const keyring = await unlockInstance(store, { config, clock })
  const auditCounter = { count: () => {}, flush: () => Promise.resolve() }
  const present = ({ key, secret }: { key: string; secret: string }): Promise<Caller> =>
    authenticate({ store, keyring, clock, auditCounter }, { key, secret, address: '192.0.2.7' })
  return { store, keyring, present }
}

function olderDatabase(): string {
  const path = join(testFolder(), 'bank-api.sqlite')
  writeOlderInstallation(path)
  return path
}

/** A second hand on the file, as a thief's or an operator's. */
function rawly(path: string): Sqlite.Database {
  const client = new Sqlite(path)
  onTestFinished(() => void client.close())
  return client
}

const hashesIn = (client: Sqlite.Database): string[] =>
  client.prepare<[], string>('SELECT hex(secret_hash) FROM api_keys ORDER BY api_key').pluck().all()

describe('a key moved to another owner opens nothing:', () => {
  it.each([
    ['another tenant', `UPDATE api_keys SET tenant_id = 'ten_0001' WHERE api_key = 'key_0006'`],
    [
      'another tenant’s site',
      `UPDATE api_keys SET tenant_id = 'ten_0001', site_id = 'sit_0003' WHERE api_key = 'key_0006'`,
    ],
  ])('%s', async (_name, change) => {
    const path = olderDatabase()
    const { present } = await start(path)
    await present(olderKeys.other)

    rawly(path).exec(change)

    await expect(present(olderKeys.other)).rejects.toThrow(AuthenticationError)
  })

  it('a site key made the tenant’s', async () => {
    const path = olderDatabase()
    const { present } = await start(path)
    await present(olderKeys.siteBefore)

    rawly(path).exec(`UPDATE api_keys SET site_id = NULL WHERE api_key = 'key_0004'`)

    await expect(present(olderKeys.site)).rejects.toThrow(AuthenticationError)
    await expect(present(olderKeys.siteBefore)).rejects.toThrow(AuthenticationError)
  })
})

describe('a database written before the hash of a key named its owner', () => {
  it('is brought up to date when it is first opened: all its keys are good as before', async () => {
    const path = olderDatabase()
    const before = hashesIn(rawly(path))

    const { present, store } = await start(path)

    expect(await present(olderKeys.site)).toMatchObject({ site: { name: 'erp.acme.test' } })
    expect(await present(olderKeys.siteBefore)).toMatchObject({ site: { name: 'erp.acme.test' } })
    expect(await present(olderKeys.tenant)).toMatchObject({ tenant: { name: 'acme' }, site: null })
    expect(await present(olderKeys.other)).toMatchObject({ tenant: { name: 'other' }, site: null })
    expect(hashesIn(rawly(path)).filter((hash) => before.includes(hash))).toEqual([])
    expect(await store.listAudit({ action: 'keys', limit: 9 })).toMatchObject([
      { action: 'keys.owned', actor: 'server', detail: { keys: 3 } },
    ])
  })

  it('is brought up to date once, whoever opens it after or beside it', async () => {
    const path = olderDatabase()

    await Promise.all([start(path), start(path)])
    const hashes = hashesIn(rawly(path))
    const { present, store } = await start(path)

    expect(hashesIn(rawly(path))).toEqual(hashes)
    await present(olderKeys.site)
    expect(await store.listAudit({ action: 'keys', limit: 9 })).toHaveLength(1)
  })

  it('cut off half-way is as it was, and is brought up to date by the next start', async () => {
    const path = olderDatabase()
    const before = hashesIn(rawly(path))
    const dying = start(path, (store) => ({
      ownKeys(pepper, own, by) {
        let left = 2
        const tired: typeof own = (owner, hash) => {
          left -= 1
          if (left < 0) throw new Error('killed')
          return own(owner, hash)
        }
        return store.ownKeys(pepper, tired, by)
      },
    }))

    await expect(dying).rejects.toThrow('killed')
    expect(hashesIn(rawly(path))).toEqual(before)

    const { present } = await start(path)
    await present(olderKeys.site)
    await present(olderKeys.siteBefore)
  })

  it('takes no hash of that time afterwards: one put back opens nothing, now or after a start', async () => {
    const path = olderDatabase()
    const client = rawly(path)
    const [, , other] = hashesIn(client)
    const { present } = await start(path)
    const putBack = `UPDATE api_keys SET secret_hash = x'${other}', tenant_id = 'ten_0001' WHERE api_key = 'key_0006'`

    client.exec(putBack)

    await expect(present(olderKeys.other)).rejects.toThrow(AuthenticationError)
    const again = await start(path)
    await expect(again.present(olderKeys.other)).rejects.toThrow(AuthenticationError)
  })

  it('rotates its keys like any other', async () => {
    const path = olderDatabase()
    const { present, store, keyring } = await start(path)
    const { key } = olderKeys.tenant

    const rotated = await rotateApiKey(
      { store, keyring },
      { apiKey: key, previousUntil: clock.now() + 1 },
      testBy,
    )

    await present({ key, secret: rotated!.apiSecret })
    await present(olderKeys.tenant)
    expect(rotated?.key.rotatedAt).toBe(testBy.at)
  })
})
