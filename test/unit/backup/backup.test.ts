import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { copyInThread } from '../../../src/backup/copy-in-thread.ts'
import { copyName, listCopies, newestCopy, pruneCopies } from '../../../src/backup/folder.ts'
import { restoreCopy } from '../../../src/backup/restore.ts'
import { scheduleCopies } from '../../../src/backup/scheduled.ts'
import { verifyCopy } from '../../../src/backup/verify.ts'
import { systemClock } from '../../../src/clock.ts'
import { databasePath, loadConfig } from '../../../src/config.ts'
import { DatabaseInUseError } from '../../../src/db/store-errors.ts'
import { copyDatabase } from '../../../src/db/sqlite/file/copy.ts'
import { replaceDatabase } from '../../../src/db/sqlite/file/replace.ts'
import { migrate } from '../../../src/db/sqlite/migrate.ts'
import { migrationsFolder, openSqlite } from '../../../src/db/sqlite/open.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { sentenceOf } from '../../../src/terminal/system-errors.ts'
import { anInstallation } from '../../support/installation.ts'
import { olderEnvironment, writeOlderInstallation } from '../../support/older-installation.ts'
import { testFolder, testStore } from '../../support/store.ts'
import { testBy } from '../../support/tenants.ts'

const identity = { host: 'here', pid: 1, isAlive: () => true }

async function tenantsIn(database: string): Promise<string[]> {
  const store = createSqliteStore(database)
  const names = (await store.listTenants()).map(({ name }) => name)
  await store.close()
  return names
}

test('a copy made while rows are written is whole and holds one moment', async () => {
  const { folder, database, config, clock, signer } = await anInstallation()
  const store = testStore(database)
  const to = join(folder, 'copy.sqlite')
  const state = { written: 0, done: false }

  const writing = (async () => {
    while (!state.done) {
      state.written += 1
      const id = `t${state.written}`
      await store.createTenant({ id, name: id }, { actor: 'test', at: 0 })
      await new Promise((turn) => {
        setImmediate(turn)
      })
    }
  })()
  const bytes = await copyInThread({ from: database, to, signer })
  state.done = true
  await writing

  const { ok, problems, contents } = await verifyCopy(to, { config, clock })
  const counts = contents!.counts
  expect(problems).toEqual([])
  expect(ok).toBe(true)
  // Each tenant is written with its audit row: a copy between the two would not be one moment.
  expect(counts['audit']! - counts['tenants']!).toBe(3)
  expect(counts['tenants']).toBeLessThanOrEqual(state.written + 1)
  expect(bytes).toBe(statSync(to).size)
  expect(statSync(to).mode & 0o777).toBe(0o600)
})

test('the event loop turns while a copy is made', async () => {
  const { folder, database, signer } = await anInstallation()
  const client = new Sqlite(database)
  client.exec('CREATE TABLE ballast (x BLOB)')
  for (let row = 0; row < 60; row += 1)
    client.exec('INSERT INTO ballast VALUES (zeroblob(1000000))')
  client.close()
  const state = { turns: 0, done: false }
  const spinning = (async () => {
    while (!state.done) {
      state.turns += 1
      await new Promise((turn) => {
        setImmediate(turn)
      })
    }
  })()

  await copyInThread({ from: database, to: join(folder, 'copy.sqlite'), signer })
  state.done = true
  await spinning

  expect(state.turns).toBeGreaterThan(100)
})

test('a copy that fails leaves nothing behind', async () => {
  const { signer } = await anInstallation()
  const folder = testFolder()
  const from = join(folder, 'no-database')
  writeFileSync(from, 'this is no database, however long it may be')

  await expect(copyInThread({ from, to: join(folder, 'copy.sqlite'), signer })).rejects.toThrow()

  expect(readdirSync(folder)).toEqual(['no-database'])
})

test('a copy that would fill the disk writes nothing, and says so', async () => {
  const { folder, database, signer } = await anInstallation()
  makeVast(database)
  const dir = join(folder, 'backups')

  const copying = copyInThread({ from: database, to: join(dir, 'copy.sqlite'), signer })

  const refused = await copying.catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'ENOSPC', path: dir })
  expect(sentenceOf(refused)).toMatch(
    /: a copy needs \d+ MB free, and there are \d+\.\d MB: make room there$/,
  )
  expect(readdirSync(dir)).toEqual([])
})

test('before a copy goes what others left that were cut off, and nothing of one that may be under way', async () => {
  const { folder, database, signer } = await anInstallation()
  const dir = join(folder, 'backups')
  const cutOff = `${copyName(0)}.part`
  const underWay = `${copyName(1_000)}.part`
  const others = ['bank-api-before-migration-0001.sqlite.part', 'notes.part']
  const hoursAgo = (hours: number) => systemClock.now() / 1_000 - hours * 3_600
  writeFiles(dir, Object.fromEntries([cutOff, underWay, ...others].map((name) => [name, ''])))
  for (const name of [cutOff, ...others]) utimesSync(join(dir, name), 0, hoursAgo(2))
  utimesSync(join(dir, underWay), 0, hoursAgo(0.9))

  await copyInThread({ from: database, to: join(dir, 'copy.sqlite'), signer })

  expect(readdirSync(dir).toSorted()).toEqual([underWay, 'copy.sqlite', ...others].toSorted())
})

/** Lets a database say that it has 4 TB in use, of which the disk holds what it held before. */
function makeVast(database: string): void {
  const client = new Sqlite(database)
  client.pragma('journal_mode = DELETE')
  client.close()
  const pages = Buffer.alloc(4)
  pages.writeUInt32BE(2 ** 30)
  const file = openSync(database, 'r+')
  writeSync(file, pages, 0, 4, 28)
  ftruncateSync(file, 2 ** 42)
  closeSync(file)
}

test('verify changes no byte of the copy', async () => {
  const { folder, config, clock, copy: makeCopy } = await anInstallation()
  const copy = makeCopy()
  const before = readFileSync(copy)

  await verifyCopy(copy, { config, clock })

  expect(readFileSync(copy).equals(before)).toBe(true)
  expect(readdirSync(folder).filter((name) => name.startsWith('copy.'))).toEqual(['copy.sqlite'])
})

test('verify tells a newer program’s copy, an older one’s, and a stranger’s database', async () => {
  const { folder, database, config, clock, signerOf } = await anInstallation()
  /** A copy that the installation signed when its database was so. */
  const copyWith = (name: string, change: string): string => {
    const [changed, copy] = [join(folder, `${name}-database`), join(folder, `${name}.sqlite`)]
    copyDatabase(database, changed)
    const client = new Sqlite(changed)
    client.exec(change)
    client.close()
    copyDatabase(changed, copy, signerOf)
    return copy
  }
  const older = join(folder, 'older.sqlite')
  writeOlderInstallation(older)
  const newer = copyWith('newer', "INSERT INTO __drizzle_migrations (hash) VALUES ('later')")
  const foreign = copyWith('foreign', "UPDATE __drizzle_migrations SET hash = 'x' WHERE id = 1")
  const verify = (path: string, settings = config) =>
    verifyCopy(path, { config: settings, clock, allowUnsigned: true })

  expect(await verify(newer)).toMatchObject({ ok: false, contents: { schema: 'newer' } })
  expect(await verify(foreign)).toMatchObject({ ok: false, contents: { schema: 'foreign' } })
  const elsewhere = loadConfig({ ...olderEnvironment, DATA_DIR: testFolder() })
  expect(await verify(older, elsewhere)).toMatchObject({
    ok: true,
    problems: [],
    contents: { schema: 'older' },
  })
})

test('a restore brings the copy back and keeps what it replaced', async () => {
  const { config, clock, copy: makeCopy, database, open } = await anInstallation('before')
  const copy = makeCopy()
  await open(({ store }) => store.createTenant({ id: 'later', name: 'later' }, testBy))

  const { kept } = await restoreCopy({ copy, config, identity, clock })

  expect(await tenantsIn(database)).toEqual(['before'])
  expect(await verifyCopy(kept!, { config, clock })).toMatchObject({ ok: true, problems: [] })
  expect(await tenantsIn(kept!)).toEqual(['before', 'later'])
  expect(readdirSync(config.dataDir).filter((name) => name.startsWith('restoring'))).toEqual([])
})

test('a restore into an empty directory makes the database, for its owner alone', async () => {
  const { configWith, clock, copy } = await anInstallation()
  const config = configWith({ DATA_DIR: join(testFolder(), 'data') })

  const { kept } = await restoreCopy({ copy: copy(), config, identity, clock })

  expect(kept).toBeNull()
  expect(await tenantsIn(databasePath(config))).toEqual(['acme'])
  expect(statSync(databasePath(config)).mode & 0o777).toBe(0o600)
})

test('a restore that found no database puts none in the place of what lies there by now', async () => {
  const { folder, copy } = await anInstallation()
  const database = join(folder, 'new.sqlite')
  // Nothing to whoever looks for a file, and yet the name is taken: as by a server that starts in between.
  symlinkSync(join(folder, 'elsewhere.sqlite'), database)

  await expect(replaceDatabase(database, copy())).rejects.toThrow(DatabaseInUseError)

  expect(lstatSync(database).isSymbolicLink()).toBe(true)
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
})

test('a restore refuses a database that any process has open, and changes nothing', async () => {
  const { config, clock, copy: makeCopy, database } = await anInstallation()
  const copy = makeCopy()
  const store = testStore(database)
  await store.createTenant({ id: 'later', name: 'later' }, testBy)

  await expect(restoreCopy({ copy, config, identity, clock })).rejects.toThrow(DatabaseInUseError)

  expect((await store.listTenants()).map(({ name }) => name)).toEqual(['acme', 'later'])
})

test('a restore refuses while a server elsewhere says that it lives; one that is dead here does not count', async () => {
  const { config, clock, copy: makeCopy, database } = await anInstallation()
  const copy = makeCopy()
  const store = createSqliteStore(database)
  const life = { id: 'srv', host: 'elsewhere', pid: 1 }
  await store.joinMembers(life, { at: clock.now(), silentSince: 0 })
  await store.close()
  const restore = (here: typeof identity) => restoreCopy({ copy, config, identity: here, clock })

  await expect(restore(identity)).rejects.toThrow('process 1 on elsewhere')
  await restore({ ...identity, host: 'elsewhere', isAlive: () => false })

  expect(await tenantsIn(database)).toEqual(['acme'])
})

test('before a migration the database is copied as it was; only the newest three such copies stay', async () => {
  const { folder, database } = await anInstallation()
  const backups = join(folder, 'backups')
  const steps = new Sqlite(database)
  const known = steps
    .prepare<[], number>('SELECT count(*) FROM __drizzle_migrations')
    .pluck()
    .get()!
  steps.close()
  for (const number of [1, 2, 3]) {
    copyDatabase(database, join(backups, `bank-api-before-migration-000${number}.sqlite`))
  }
  const before = join(folder, 'before.sqlite')
  const client = openOneBehind(before)
  client.close()
  copyFileSync(before, database)
  for (const tail of ['-wal', '-shm']) rmSync(`${database}${tail}`, { force: true })

  openSqlite(database).close()

  const names = readdirSync(backups).toSorted()
  const snapshot = `bank-api-before-migration-${String(known - 1).padStart(4, '0')}.sqlite`
  expect(names).toHaveLength(3)
  expect(names).toContain(snapshot)
  const copy = new Sqlite(join(backups, snapshot), { readonly: true })
  onTestFinished(() => void copy.close())
  expect(copy.prepare('SELECT count(*) FROM __drizzle_migrations').pluck().get()).toBe(known - 1)
})

test.each([
  ['with an empty log', true],
  ['with rows in its log', false],
])(
  'a locked database %s is copied whole, to be read where nothing can be written',
  async (_, isEmpty) => {
    const { folder, database } = await anInstallation()
    const client = new Sqlite(database)
    onTestFinished(() => void client.close())
    client.exec('CREATE TABLE more (n)')
    if (isEmpty) client.pragma('wal_checkpoint(TRUNCATE)')
    client.exec('BEGIN IMMEDIATE')
    const copy = join(folder, 'locked.sqlite')

    copyDatabase(database, copy, undefined, { isLocked: true })

    const pages = client.pragma('page_count', { simple: true }) as number
    expect(readFileSync(copy).subarray(18, 20)).toEqual(Buffer.of(1, 1))
    const copied = new Sqlite(copy, { readonly: true })
    onTestFinished(() => void copied.close())
    expect(copied.prepare('SELECT count(*) FROM more').pluck().get()).toBe(0)
    expect(copied.pragma('integrity_check', { simple: true })).toBe('ok')
    if (isEmpty) expect(copied.pragma('page_count', { simple: true })).toBe(pages)
    client.exec('INSERT INTO more VALUES (1); COMMIT') // it still has its lock
  },
)

test('a locked database behind a symbolic link is copied with what lies in its log', async () => {
  const { folder, database } = await anInstallation()
  const link = join(folder, 'link.sqlite')
  symlinkSync(database, link)
  const client = new Sqlite(link)
  onTestFinished(() => void client.close())
  client.exec('CREATE TABLE more (n); BEGIN IMMEDIATE')
  const copy = join(folder, 'linked.sqlite')

  copyDatabase(link, copy, undefined, { isLocked: true })

  const copied = new Sqlite(copy, { readonly: true })
  onTestFinished(() => void copied.close())
  expect(copied.prepare('SELECT count(*) FROM more').pluck().get()).toBe(0)
})

/** A database whose last migration has yet to run. */
function openOneBehind(path: string): Sqlite.Database {
  const behind = join(testFolder(), 'migrations')
  copyMigrations(behind)
  const client = new Sqlite(path)
  migrate(client, behind)
  return client
}

function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
}

function copyMigrations(to: string): void {
  const journal = JSON.parse(
    readFileSync(join(migrationsFolder, 'meta/_journal.json'), 'utf8'),
  ) as {
    entries: { tag: string }[]
  }
  journal.entries.pop()
  writeFiles(to, {
    'meta/_journal.json': JSON.stringify(journal),
    ...Object.fromEntries(
      journal.entries.map(({ tag }) => [
        `${tag}.sql`,
        readFileSync(join(migrationsFolder, `${tag}.sql`), 'utf8'),
      ]),
    ),
  })
}

test('when the copy before a migration cannot be made, nothing is migrated', () => {
  const folder = testFolder()
  const database = join(folder, 'bank-api.sqlite')
  openOneBehind(database).close()
  const size = statSync(database).size
  writeFileSync(join(folder, 'backups'), 'a file where the folder should be')

  expect(() => openSqlite(database)).toThrow('No copy could be made before the migration')

  expect(statSync(database).size).toBe(size)
})

test('a new database is migrated without a copy', () => {
  const folder = testFolder()

  openSqlite(join(folder, 'bank-api.sqlite')).close()

  expect(existsSync(join(folder, 'backups'))).toBe(false)
})

test('scheduled copies are made when due, and the oldest beyond the number kept go', async () => {
  const { folder, database, clock } = await anInstallation()
  const dir = join(folder, 'backups')
  const hour = 60 * 60_000
  const lines: string[] = []
  const copies = {
    clock,
    dir,
    everyMs: 24 * hour,
    keep: 2,
    log: { info: (_event: object, text: string) => void lines.push(text) },
    copy: async (to: string) => {
      copyDatabase(database, to)
      return 1
    },
  }
  const { tick } = scheduleCopies(copies)
  const found: number[] = []
  for (const hours of [0, 23, 1, 24, 24]) {
    clock.advance(hours * hour)
    await tick()
    found.push((await listCopies(dir)).length)
  }

  expect(found).toEqual([1, 1, 2, 2, 2])
  expect((await listCopies(dir))[0]?.at).toBe(clock.now() - (clock.now() % 1_000))
  expect(lines).toHaveLength(4)
})

test('a copy with a date to come neither stops the schedule nor counts when old ones go', async () => {
  const { folder, database, clock } = await anInstallation()
  const dir = join(folder, 'backups')
  const day = 24 * 60 * 60_000
  mkdirSync(dir)
  const early = join(dir, copyName(clock.now() + 160 * day))
  writeFileSync(early, '')
  const copies = {
    clock,
    dir,
    everyMs: day,
    keep: 2,
    log: { info() {} },
    copy: async (to: string) => {
      copyDatabase(database, to)
      return 1
    },
  }
  const { tick } = scheduleCopies(copies)
  for (let days = 0; days < 4; days += 1) {
    await tick()
    clock.advance(day)
  }

  expect(existsSync(early)).toBe(true)
  expect(await listCopies(dir)).toHaveLength(3)
  expect((await newestCopy(dir, clock.now()))?.at).toBe(clock.now() - day - (clock.now() % 1_000))
})

test('a copy that failed is tried again an hour later, and one that somebody makes meanwhile counts', async () => {
  const { folder, database, clock } = await anInstallation()
  const dir = join(folder, 'backups')
  const minute = 60_000
  let tries = 0
  const { tick, failure } = scheduleCopies({
    clock,
    dir,
    everyMs: 24 * 60 * minute,
    keep: 2,
    log: { info() {} },
    copy: () => {
      tries += 1
      return Promise.reject(new Error('it does not fit'))
    },
  })

  await expect(tick()).rejects.toThrow('it does not fit')
  clock.advance(59 * minute)
  await tick()
  expect([tries, failure()]).toEqual([1, new Error('it does not fit')])
  clock.advance(minute)
  await expect(tick()).rejects.toThrow('it does not fit')
  expect(tries).toBe(2)
  copyDatabase(database, join(dir, copyName(clock.now())))
  clock.advance(minute)
  await tick()
  expect([tries, failure()]).toEqual([2, undefined])
})

test('pruning leaves every file alone that is no copy of the schedule', async () => {
  const folder = testFolder()
  const names = [
    copyName(0),
    copyName(1_000),
    'bank-api-before-migration-0001.sqlite',
    'bank-api-replaced-1970-01-01T00-00-00Z.sqlite',
    'notes.txt',
  ]
  for (const name of names) writeFileSync(join(folder, name), '')

  const gone = await pruneCopies(folder, 1, 2_000)

  expect(gone.map(({ path }) => path)).toEqual([join(folder, copyName(0))])
  expect(readdirSync(folder)).toHaveLength(4)
})
