import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { expect, onTestFinished, vi } from 'vitest'
import { migrate, migrationLock } from '../../../../src/db/postgres/migrate.ts'
import { createPool, migrationsFolder } from '../../../../src/db/postgres/open.ts'
import { DatabaseInUseError, DatabaseVersionError } from '../../../../src/db/store-errors.ts'
import { emptyDatabase, withPostgres } from '../../../support/postgres.ts'
import { testFolder } from '../../../support/store.ts'
import { doing } from './locked-rows.ts'

/** The migrations of a later version: ours, and some more. */
function laterMigrations(...all: string[]): string {
  const folder = join(testFolder(), 'migrations')
  cpSync(migrationsFolder, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: object[] }
  for (const [nth, sql] of all.entries()) {
    const tag = `later_${nth}`
    writeFileSync(join(folder, `${tag}.sql`), sql)
    journal.entries.push({ idx: journal.entries.length, when: Date.UTC(2099, nth), tag })
  }
  writeFileSync(path, JSON.stringify(journal))
  return folder
}

/** Those of an earlier version, which had none of this one yet. */
function migrationsBefore(tag: string): string {
  const folder = join(testFolder(), 'migrations')
  cpSync(migrationsFolder, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: { tag: string }[] }
  const first = journal.entries.findIndex((entry) => entry.tag.endsWith(tag))
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, first) }))
  return folder
}

/** How many wait for the table that a server at work has locked. */
const waitingForDeliveries = async (pool: Pool): Promise<number | null> => {
  const { rowCount } = await pool.query(
    `SELECT FROM pg_locks WHERE NOT granted AND relation = 'deliveries'::regclass`,
  )
  return rowCount
}

withPostgres((it, server) => {
  const poolOn = async (database?: string) => {
    const pool = createPool({ url: database ?? (await emptyDatabase(server)), poolSize: 4 })
    onTestFinished(() => pool.end())
    return pool
  }

  it('of processes that start at once, one migrates and the others wait for it', async () => {
    const pool = await poolOn()

    await Promise.all([1, 2, 3].map(() => migrate(pool, migrationsFolder)))

    const { rows } = await pool.query('SELECT id FROM __drizzle_migrations')
    expect(rows).toHaveLength(
      (
        JSON.parse(readFileSync(join(migrationsFolder, 'meta/_journal.json'), 'utf8')) as {
          entries: []
        }
      ).entries.length,
    )
  })

  it('what is still known of this month and the one before counts as usage from the start', async () => {
    const pool = await poolOn()
    await migrate(pool, migrationsBefore('usage_and_read_only_keys'))
    const now = new Date()
    const monthAgo = (months: number) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months)
    const [thisMonth, before, longBefore] = [monthAgo(0), monthAgo(1), monthAgo(2)]
    await pool.query(`
      INSERT INTO tenants (id, name, created_at) VALUES ('t', 'acme', 1);
      INSERT INTO sites (id, tenant_id, name, webhook_secret, created_at) VALUES ('s', 't', 'erp', '', 1);
      INSERT INTO bridge_users (id, site_id, name, created_at) VALUES ('u', 's', 'ann', 1);
      INSERT INTO calls (id, at, method, status, duration_ms, tenant_id, site_id) VALUES
        ('1', ${thisMonth}, 'ping', 200, 1, 't', 's'), ('2', ${thisMonth}, 'ping', 404, 1, 't', 's'),
        ('3', ${thisMonth - 1}, 'ping', 200, 1, 't', 's'), ('4', ${thisMonth}, 'ping', 200, 1, 't', NULL);
      INSERT INTO events (seq, id, dedupe_key, type, site_id, occurred_at, received_at) VALUES
        (1, 'a', 'a', 'x', 's', 1, ${thisMonth}), (2, 'b', 'b', 'x', 's', 1, ${before}),
        (3, 'c', 'c', 'x', 's', 1, ${longBefore});
      INSERT INTO deliveries (id, event_seq, site_id, state, created_at, settled_at) VALUES
        ('a', 1, 's', 'delivered', 1, ${thisMonth}), ('b', 2, 's', 'delivered', 1, ${before}),
        ('c', 3, 's', 'delivered', 1, ${longBefore});
      INSERT INTO items (id, user_id, status, created_at, updated_at, gone_at) VALUES
        (1, 'u', 0, ${longBefore}, 1, NULL), (2, 'u', 0, ${longBefore}, 1, ${before - 1}),
        (3, 'u', 0, ${before}, 1, ${thisMonth}), (4, 'u', 0, ${thisMonth}, 1, NULL);
    `)

    await migrate(pool, migrationsFolder)

    const month = (at: number) => new Date(at).toISOString().slice(0, 7)
    const { rows } = await pool.query({
      text: 'SELECT month, site, connections::int, calls::int, webhooks::int FROM usage ORDER BY 1, 2',
      rowMode: 'array',
    })
    expect(rows).toEqual([
      [month(before), 'erp', 2, 1, 1],
      [month(thisMonth), '', 0, 1, 0],
      [month(thisMonth), 'erp', 0, 1, 1],
    ])
  })

  it('a migration that fails leaves the database as it was', async () => {
    const pool = await poolOn()
    await migrate(pool, migrationsFolder)
    const broken = laterMigrations(
      'CREATE TABLE later (id bigint);\n--> statement-breakpoint\nCREATE TABLE later (id bigint);',
    )

    await expect(migrate(pool, broken)).rejects.toThrow('already exists')

    const { rows } = await pool.query(`SELECT to_regclass('later') AS later`)
    expect(rows).toEqual([{ later: null }])
  })

  it('what a migration locks is free again while the next one takes its time', async () => {
    const pool = await poolOn()
    await migrate(pool, migrationsFolder)
    const atWork = await pool.connect()
    onTestFinished(() => atWork.release())
    await atWork.query('BEGIN; LOCK TABLE deliveries IN ROW EXCLUSIVE MODE')

    const migrated = migrate(
      pool,
      laterMigrations(
        'ALTER TABLE events ADD COLUMN later bigint',
        'ALTER TABLE deliveries ADD COLUMN later bigint',
      ),
    )
    await expect.poll(() => waitingForDeliveries(pool)).toBe(1)
    await atWork.query(`SET LOCAL lock_timeout = '1s'`)
    const { rows } = await atWork.query('SELECT later FROM events')
    await atWork.query('COMMIT')
    await migrated

    expect(rows).toEqual([])
  })

  it('a migration that meets a deadlock with servers at work is tried again', async () => {
    const pool = await poolOn()
    await migrate(pool, migrationsFolder)
    const atWork = await pool.connect()
    onTestFinished(() => atWork.release())
    await atWork.query('BEGIN; LOCK TABLE deliveries IN ROW EXCLUSIVE MODE')

    const migrated = migrate(
      pool,
      laterMigrations(
        'ALTER TABLE events ADD COLUMN later bigint;\n--> statement-breakpoint\nALTER TABLE deliveries ADD COLUMN later bigint;',
      ),
    )
    await expect.poll(() => waitingForDeliveries(pool)).toBe(1)
    // Who waited first looks for a deadlock first, and is the one that gives way.
    await atWork.query('LOCK TABLE events IN ROW EXCLUSIVE MODE')
    await atWork.query('COMMIT')
    await migrated

    const { rows } = await pool.query('SELECT later FROM events JOIN deliveries USING (later)')
    expect(rows).toEqual([])
  })

  it('a command that meets a migration under way ends and says so', async () => {
    const pool = await poolOn()
    await migrate(pool, migrationsFolder)
    const other = await pool.connect()
    onTestFinished(() => other.release())
    await other.query(`BEGIN; SELECT pg_advisory_xact_lock(${migrationLock})`)
    const later = laterMigrations('ALTER TABLE tenants ADD COLUMN later bigint;')

    await expect(migrate(pool, later, { mustExist: true })).rejects.toThrow(DatabaseInUseError)

    await other.query('ROLLBACK')
    await expect(migrate(pool, later, { mustExist: true })).resolves.toBeUndefined()
  })

  it('who comes between two migrations of another one waits for none without a word', async () => {
    const pool = await poolOn()
    await migrate(pool, migrationsFolder)
    const other = await pool.connect()
    onTestFinished(() => other.release())
    const goesOn = () => other.query(`BEGIN; SELECT pg_advisory_xact_lock(${migrationLock})`)
    const later = laterMigrations('ALTER TABLE tenants ADD COLUMN later bigint;')
    const meeting = doing(goesOn, /^BEGIN/, pool)

    await expect(migrate(meeting, later, { mustExist: true })).rejects.toThrow(DatabaseInUseError)

    await other.query('ROLLBACK')
    const onWait = vi.fn<() => void>(() => void other.query('ROLLBACK'))
    await migrate(meeting, later, { onWait })
    expect(onWait).toHaveBeenCalledOnce()
  })

  it('the program before works on with what a later one added', async () => {
    const pool = await poolOn()
    await migrate(pool, laterMigrations('ALTER TABLE tenants ADD COLUMN later bigint;'))

    await expect(migrate(pool, migrationsFolder)).resolves.toBeUndefined()
  })

  it('a program that does not know what a migration requires is refused', async () => {
    const pool = await poolOn()
    await migrate(pool, laterMigrations('-- requires 99\nALTER TABLE calls DROP COLUMN method;'))

    await expect(migrate(pool, migrationsFolder)).rejects.toThrow(DatabaseVersionError)
  })

  it('a migration that is not the one the database was made with is refused', async () => {
    const pool = await poolOn()
    await migrate(pool, migrationsFolder)
    await pool.query(`UPDATE __drizzle_migrations SET hash = 'another' WHERE id = 0`)

    await expect(migrate(pool, migrationsFolder)).rejects.toThrow('Migration 0 is not the one')
  })
})
