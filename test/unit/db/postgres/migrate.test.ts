import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { migrate } from '../../../../src/db/postgres/migrate.ts'
import { createPool, migrationsFolder } from '../../../../src/db/postgres/open.ts'
import { DatabaseVersionError } from '../../../../src/db/store-errors.ts'
import { emptyDatabase, withPostgres } from '../../../support/postgres.ts'
import { testFolder } from '../../../support/store.ts'

/** The migrations of a later version: ours, and one more. */
function laterMigrations(sql: string): string {
  const folder = join(testFolder(), 'migrations')
  cpSync(migrationsFolder, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: object[] }
  writeFileSync(join(folder, 'later.sql'), sql)
  journal.entries.push({ idx: journal.entries.length, when: Date.UTC(2099, 0), tag: 'later' })
  writeFileSync(path, JSON.stringify(journal))
  return folder
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
    await expect
      .poll(async () => {
        const { rowCount } = await pool.query(
          `SELECT FROM pg_locks WHERE NOT granted AND relation = 'deliveries'::regclass`,
        )
        return rowCount
      })
      .toBe(1)
    // Who waited first looks for a deadlock first, and is the one that gives way.
    await atWork.query('LOCK TABLE events IN ROW EXCLUSIVE MODE')
    await atWork.query('COMMIT')
    await migrated

    const { rows } = await pool.query('SELECT later FROM events JOIN deliveries USING (later)')
    expect(rows).toEqual([])
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
