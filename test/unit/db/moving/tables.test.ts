import { blob, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { pgTable } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import { movedTables } from '../../../../src/db/moving/tables.ts'
import { workClaims } from '../../../../src/db/postgres/schema/index.ts'
import { integer as bigint, text as pgText } from '../../../../src/db/postgres/schema/types.ts'
import { openSqlite } from '../../../../src/db/sqlite/open.ts'

const notes = sqliteTable('notes', { id: text().primaryKey(), at: integer() })

describe('what moves', () => {
  it('is every table and column of the file, but for which server has it, and which keys', () => {
    const client = openSqlite(':memory:')
    const columns = client
      .prepare<[], string>(
        `SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_xinfo(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '__drizzle_migrations'`,
      )
      .pluck()
      .all()
    client.close()

    const moved = movedTables().flatMap((table) =>
      table.columns.map(({ sqlName }) => `${table.name}.${sqlName}`),
    )

    expect(columns.filter((column) => !moved.includes(column)).toSorted()).toEqual([
      'data_keys.seen_at',
      'instance.server_host',
      'instance.server_id',
      'instance.server_pid',
      'instance.server_seen_at',
    ])
    expect(moved.filter((column) => !columns.includes(column))).toEqual(['data_keys.seq'])
  })

  it('comes in an order in which no row points at one that is not there yet', () => {
    const names = movedTables().map(({ name }) => name)

    for (const [child, parent] of [
      ['sites', 'tenants'],
      ['api_keys', 'sites'],
      ['items', 'bridge_users'],
      ['deliveries', 'events'],
      ['attempts', 'deliveries'],
    ]) {
      expect(names.indexOf(child!), child).toBeGreaterThan(names.indexOf(parent!))
    }
  })

  it('is nothing at all when PostgreSQL has no place for a table or a column, or a table no key', () => {
    const without = pgTable('notes', { id: pgText().primaryKey() })
    const keyless = pgTable('notes', { id: pgText(), at: bigint() })
    const besides = pgTable('notes', { id: pgText().primaryKey(), at: bigint(), by: pgText() })

    expect(() => movedTables({ notes }, {})).toThrow('PostgreSQL has no table notes')
    expect(() => movedTables({ notes }, { without })).toThrow('PostgreSQL has no column notes.at')
    expect(() => movedTables({ notes }, { keyless })).toThrow('The table notes has no key')
    expect(movedTables({ notes }, { besides })[0]?.columns.map(({ name }) => name)).toEqual([
      'id',
      'at',
    ])
  })

  it('has a key of several columns where the table has', () => {
    const [claims] = movedTables(
      { claims: sqliteTable('work_claims', { kind: text(), subject: text(), claimedBy: blob() }) },
      { claims: workClaims },
    )

    expect(claims?.key.map(({ sqlName }) => sqlName)).toEqual(['kind', 'subject'])
  })
})
