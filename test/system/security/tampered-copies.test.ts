import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { authenticate } from '../../../src/auth/api-keys.ts'
import { copySigner } from '../../../src/vault/copy-signer.ts'
import { restoreCopy } from '../../../src/backup/restore.ts'
import { verifyCopy } from '../../../src/backup/verify.ts'
import { ConfigError, loadConfig, type Config } from '../../../src/config.ts'
import { copyDatabase } from '../../../src/db/sqlite/file/copy.ts'
import { openSqlite } from '../../../src/db/sqlite/open.ts'
import { readSignature } from '../../../src/db/sqlite/file/signature.ts'
import { AuthenticationError } from '../../../src/errors.ts'
import { anInstallation, type TestInstallation } from '../../support/installation.ts'
import { olderEnvironment, writeOlderInstallation } from '../../support/older-installation.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, aUser, addItems } from '../../support/tenants.ts'

const identity = { host: 'here', pid: 1, isAlive: () => true }

/** What a thief does who has the file, an editor for databases, and no master key. */
function edit(path: string, ...statements: string[]): void {
  const client = new Sqlite(path)
  for (const statement of statements) client.exec(statement)
  client.close()
}

const addTrigger = `CREATE TRIGGER undo AFTER UPDATE OF revoked_at ON api_keys BEGIN
  UPDATE api_keys SET revoked_at = NULL WHERE api_key = NEW.api_key; END`

/** Where the pages end and the signature begins. */
const databaseBytes = (copy: string): number => readFileSync(copy).lastIndexOf('\nbank-api-copy')

/** The same database without a signature: its pages alone. */
const strip = (copy: string): void => truncateSync(copy, databaseBytes(copy))

interface Tampering {
  name: string
  tamper(copy: string, installation: TestInstallation): void | Promise<void>
  says: string
  /** Who restores it, when not the installation itself. */
  config?: (installation: TestInstallation) => Config
  allowUnsigned?: boolean
}

const changed = 'it was changed after it was made'

const tamperings: Tampering[] = [
  {
    name: 'a key moved to another tenant',
    tamper(copy) {
      edit(
        copy,
        `INSERT INTO tenants VALUES ('ten_x', 'x', 0, NULL)`,
        `UPDATE api_keys SET tenant_id = 'ten_x'`,
      )
    },
    says: changed,
  },
  { name: 'a trigger', tamper: (copy) => edit(copy, addTrigger), says: changed },
  {
    name: 'a view',
    tamper: (copy) => edit(copy, 'CREATE VIEW mirror AS SELECT * FROM api_keys'),
    says: changed,
  },
  {
    name: 'another webhook_url',
    tamper: (copy) => edit(copy, `UPDATE sites SET webhook_url = 'https://thief.test/hook'`),
    says: changed,
  },
  {
    name: 'a change through a write-ahead log, which drops the signature',
    tamper: (copy) => edit(copy, 'PRAGMA journal_mode = WAL', 'UPDATE sites SET origin = NULL'),
    says: 'it carries no signature',
  },
  {
    name: 'a flipped bit',
    tamper(copy) {
      const bytes = readFileSync(copy)
      bytes[bytes.length >> 1]! ^= 1
      writeFileSync(copy, bytes)
    },
    says: changed,
  },
  {
    name: 'another digit in the signature',
    tamper(copy) {
      const text = readFileSync(copy, 'latin1')
      const digit = text.at(-2) === '0' ? '1' : '0'
      writeFileSync(copy, `${text.slice(0, -2)}${digit}\n`, 'latin1')
    },
    says: changed,
  },
  {
    name: 'another time of making',
    tamper(copy) {
      const text = readFileSync(copy, 'latin1')
      const at = String(readSignature(copy)!.madeAt)
      writeFileSync(copy, text.replace(` ${at} `, ` ${Number(at) + 1} `), 'latin1')
    },
    says: changed,
  },
  {
    name: 'the signature of an earlier copy',
    tamper(copy, installation) {
      const signature = readFileSync(copy).subarray(databaseBytes(copy))
      edit(installation.database, `UPDATE sites SET time_zone = 'UTC'`)
      const later = installation.copy('later.sqlite')
      strip(later)
      appendFileSync(later, signature)
      renameSync(later, copy)
    },
    says: changed,
  },
  {
    name: 'a cut end',
    tamper: (copy) => truncateSync(copy, readSignature(copy)!.signedBytes),
    says: 'its end was cut off',
  },
  {
    name: 'a cut end, to a page',
    tamper: (copy) => truncateSync(copy, 4_096 * 5),
    says: 'its end was cut off',
  },
  {
    name: 'more behind its end',
    tamper: (copy) => appendFileSync(copy, 'more'),
    says: 'or something was added',
  },
  {
    name: 'pages behind its end',
    tamper(copy) {
      strip(copy)
      appendFileSync(copy, Buffer.alloc(4_096))
    },
    says: 'it carries no signature',
  },
  {
    name: 'a log beside it, which SQLite would apply',
    tamper: (copy) => writeFileSync(`${copy}-wal`, 'pages of a thief'),
    says: 'a file *-wal lies beside it',
  },
  {
    name: 'a journal beside it, which SQLite would roll back',
    tamper: (copy) => writeFileSync(`${copy}-journal`, 'pages of a thief'),
    says: 'a file *-journal lies beside it',
  },
  {
    name: 'another installation’s signed copy',
    async tamper(copy) {
      const other = await anInstallation('other')
      renameSync(other.copy(), copy)
    },
    says: 'it is of another installation',
  },
  {
    name: 'another installation’s database without a signature',
    async tamper(copy) {
      const other = await anInstallation('other')
      renameSync(other.copy(), copy)
      strip(copy)
    },
    says: 'it is of another installation',
    allowUnsigned: true,
  },
  {
    name: 'another master key',
    tamper: () => {},
    says: 'MASTER_KEY: is not the one this database was made with',
    config: ({ configWith }) => configWith({ MASTER_KEY: Buffer.alloc(32, 8).toString('base64') }),
  },
  {
    name: 'another Bridge application',
    tamper: () => {},
    says: 'BRIDGE_CLIENT_ID',
    config: ({ configWith }) => configWith({ BRIDGE_CLIENT_ID: 'other' }),
  },
  { name: 'no signature', tamper: strip, says: 'it carries no signature' },
  {
    name: 'no signature, and a trigger',
    tamper(copy) {
      strip(copy)
      edit(copy, addTrigger)
    },
    says: 'it holds a trigger undo that no migration made',
    allowUnsigned: true,
  },
  {
    name: 'no signature, and a view in a table’s place',
    tamper(copy) {
      strip(copy)
      edit(
        copy,
        'DROP TABLE renewals',
        'CREATE VIEW renewals AS SELECT 1 AS id, 1 AS item_id, 1 AS at',
      )
    },
    says: 'it holds a view renewals that no migration made; its table renewals is missing',
    allowUnsigned: true,
  },
  {
    name: 'no signature, and a unique index less',
    tamper(copy) {
      strip(copy)
      edit(copy, 'DROP INDEX sites_tenant_name')
    },
    says: 'its index sites_tenant_name is missing',
    allowUnsigned: true,
  },
  {
    name: 'no signature, and a table that lets more in',
    tamper(copy) {
      strip(copy)
      const client = new Sqlite(copy)
      client.unsafeMode()
      client.pragma('writable_schema = ON')
      client.exec(
        `UPDATE sqlite_schema SET sql = replace(sql, 'ON DELETE cascade', '') WHERE name = 'renewals'`,
      )
      client.close()
    },
    says: 'its table renewals is not as the migrations made it',
    allowUnsigned: true,
  },
  {
    name: 'no signature, and a key moved to another tenant',
    tamper(copy) {
      strip(copy)
      edit(
        copy,
        `INSERT INTO tenants VALUES ('ten_x', 'x', 0, NULL)`,
        `UPDATE api_keys SET tenant_id = 'ten_x', site_id = NULL`,
      )
    },
    says: 'it gives to others than the database in DATA_DIR: key ',
    allowUnsigned: true,
  },
  {
    name: 'no signature, and a connection moved to another site',
    async tamper(copy, { open, site, database, signerOf }) {
      await open(async (rooms) => {
        const { site: other } = await aTenant(rooms, { name: 'other' })
        await addItems(rooms, await aUser(rooms, site), 1)
        await aUser(rooms, other)
      })
      copyDatabase(database, copy, signerOf)
      strip(copy)
      edit(
        copy,
        `UPDATE items SET user_id = (SELECT bridge_users.id FROM bridge_users JOIN sites ON sites.id = site_id
          JOIN tenants ON tenants.id = tenant_id WHERE tenants.name = 'other')`,
      )
    },
    says: 'it gives to others than the database in DATA_DIR: item 1',
    allowUnsigned: true,
  },
  {
    name: 'no database',
    tamper: (copy) => writeFileSync(copy, 'a letter to the bank, '.repeat(100)),
    says: 'it is no database',
    allowUnsigned: true,
  },
]

describe.each(tamperings)(
  'a copy with $name is refused in a sentence',
  ({ tamper, says, config = (own) => own.config, allowUnsigned = false }) => {
    it('by verify', async () => {
      const installation = await anInstallation()
      const copy = installation.copy()
      await tamper(copy, installation)

      const { ok, problems } = await verifyCopy(copy, {
        config: config(installation),
        clock: installation.clock,
        allowUnsigned,
      })

      expect(ok).toBe(false)
      expect(problems.join('; ')).toContain(says)
    })

    it('by restore, which changes nothing', async () => {
      const installation = await anInstallation()
      const { database, clock } = installation
      const copy = installation.copy()
      await tamper(copy, installation)
      const before = readFileSync(database)

      const restoring = restoreCopy({
        copy,
        config: config(installation),
        clock,
        identity,
        allowUnsigned,
      })

      await expect(restoring).rejects.toThrow(says)
      expect(readFileSync(database).equals(before)).toBe(true)
    })
  },
)

describe('a copy that is as it was made', () => {
  it('says whose it is and when it was made', async () => {
    const { config, clock, copy, signer } = await anInstallation()

    const found = await verifyCopy(copy(), { config, clock })

    expect(found).toMatchObject({ ok: true, problems: [], warnings: [] })
    expect(found.installation).toBe(signer.installation)
    expect(found.madeAt).toBe(clock.now())
  })

  it('carries no master key, and no key that signs', async () => {
    const { copy, configWith, signer } = await anInstallation()
    const bytes = readFileSync(copy())

    const secrets = [configWith().secrets.masterKeys[0]!.key, signer.key]
    for (const secret of secrets) {
      for (const form of [
        secret,
        ...['hex', 'base64', 'base64url'].map((form) => secret.toString(form as 'hex')),
      ]) {
        expect(bytes.includes(form)).toBe(false)
      }
    }
  })

  it('is known by an old master key that is still given, after a rotation', async () => {
    const { copy, configWith, clock } = await anInstallation()
    const [old, fresh] = [7, 8].map((byte) => Buffer.alloc(32, byte).toString('base64'))
    const made = copy()

    const found = await verifyCopy(made, {
      config: configWith({ MASTER_KEY: `new:${fresh},main:${old}` }),
      clock,
    })

    expect(found).toMatchObject({ ok: true, problems: [] })
  })

  it('is one without a signature too, by the operator’s word and with a warning', async () => {
    const { config, clock, copy } = await anInstallation()
    const made = copy()
    strip(made)

    const found = await verifyCopy(made, { config, clock, allowUnsigned: true })
    const restored = await restoreCopy({ copy: made, config, clock, identity, allowUnsigned: true })

    expect(found).toMatchObject({ ok: true, problems: [], madeAt: null })
    expect(found.warnings.join()).toContain('keys may be revived in it')
    expect(restored.verification.warnings).toEqual(found.warnings)
  })
})

it('a key moved in a copy that is taken unsigned opens nothing, though no database is there to compare', async () => {
  const { config, clock, copy, open, siteKey, database } = await anInstallation()
  const other = await open((rooms) => aTenant(rooms, { name: 'other' }))
  const made = copy()
  strip(made)
  edit(
    made,
    `UPDATE api_keys SET tenant_id = '${other.tenant.id}', site_id = '${other.site.id}' WHERE api_key = '${siteKey.apiKey}'`,
  )
  for (const tail of ['', '-wal', '-shm']) rmSync(`${database}${tail}`, { force: true })

  await restoreCopy({ copy: made, config, clock, identity, allowUnsigned: true })

  await open(async ({ store, keyring }) => {
    const auditCounter = { count: () => {}, flush: () => Promise.resolve() }
    const knocking = authenticate(
      { store, keyring, clock, auditCounter },
      { key: siteKey.apiKey, secret: siteKey.apiSecret, address: '192.0.2.7' },
    )
    await expect(knocking).rejects.toThrow(AuthenticationError)
  })
})

describe('the copy before a migration', () => {
  it('is signed', async () => {
    const folder = testFolder()
    const config = loadConfig({ ...olderEnvironment, DATA_DIR: folder })
    const { clock } = await anInstallation()
    const database = join(folder, 'bank-api.sqlite')
    writeOlderInstallation(database)

    openSqlite(database, copySigner(config, clock)).close()

    const copy = join(folder, 'backups/bank-api-before-migration-0010.sqlite')
    expect(await verifyCopy(copy, { config, clock })).toMatchObject({
      ok: true,
      problems: [],
      contents: { schema: 'older' },
    })
  })

  it('is not made with a wrong master key, and nothing is migrated', async () => {
    const folder = testFolder()
    const MASTER_KEY = Buffer.alloc(32, 9).toString('base64')
    const config = loadConfig({ ...olderEnvironment, MASTER_KEY, DATA_DIR: folder })
    const { clock } = await anInstallation()
    const database = join(folder, 'bank-api.sqlite')
    writeOlderInstallation(database)

    expect(() => openSqlite(database, copySigner(config, clock))).toThrow(ConfigError)

    const client = new Sqlite(database, { readonly: true })
    expect(client.prepare('SELECT count(*) FROM __drizzle_migrations').pluck().get()).toBe(10)
    client.close()
  })
})

it('a copy of a database that no server ever opened is nobody’s', async () => {
  const { folder, signerOf, config, clock } = await anInstallation()
  const [database, copy] = [join(folder, 'new.sqlite'), join(folder, 'copy.sqlite')]
  openSqlite(database).close()

  copyDatabase(database, copy, signerOf)

  expect(readSignature(copy)).toBeUndefined()
  const found = await verifyCopy(copy, { config, clock, allowUnsigned: true })
  expect(found.problems).toEqual(['it was never opened by a server'])
})
