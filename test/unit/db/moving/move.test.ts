import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { Column, getTableName, is } from 'drizzle-orm'
import { toSnakeCase } from 'drizzle-orm/casing'
import { getTableConfig } from 'drizzle-orm/pg-core'
import { Client } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { type Move, moveToPostgres } from '../../../../src/db/moving/move.ts'
import { type MovedTable, movedTables } from '../../../../src/db/moving/tables.ts'
import { openStore } from '../../../../src/db/open.ts'
import { createSqliteStore } from '../../../../src/db/sqlite/store.ts'
import { countRows, writeEarlierDatabase } from '../../../support/earlier-database.ts'
import { emptyDatabase, testDatabase, withPostgres } from '../../../support/postgres.ts'

/** A file with rows in every table. */
function aFile() {
  const { database } = writeEarlierDatabase()
  void createSqliteStore(database).close() // which brings its schema up to date
  const raw = new Sqlite(database)
  onTestFinished(() => void raw.close())
  for (const table of movedTables()) fill(raw, table)
  return { from: database, folder: dirname(database), raw }
}

/** What a column of any kind takes, and no text that JSON is read from chokes on. */
const something = { text: "'[]'", bigint: '7', bytea: "x'07'", boolean: '1', json: "'[]'" }

/** Puts a row into a table that is younger than the file. */
function fill(raw: Sqlite.Database, { name, columns, to: table }: MovedTable): void {
  if (countRows(raw)[name] !== 0) return
  const own = columns.filter(({ from }) => is(from, Column))
  const references = getTableConfig(table).foreignKeys.map((key) => key.reference())
  const values = own.map(({ to }) => {
    const reference = references.find(({ columns: [column] }) => column === to)
    const [named] = reference?.foreignColumns ?? []
    if (named) return `(SELECT min(${toSnakeCase(named.name)}) FROM "${getTableName(named.table)}")`
    const type = to.getSQLType().split(' ')[0] as keyof typeof something
    return something[type]
  })
  raw.exec(
    `INSERT INTO "${name}" (${own.map(({ sqlName }) => sqlName).join()}) VALUES (${values.join()})`,
  )
}

async function connected(url: string): Promise<Client> {
  const client = new Client(url)
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

const move = (place: Pick<Move, 'from' | 'url'>, more: Partial<Move> = {}) =>
  moveToPostgres({ ...place, rehearse: false, check: async () => {}, onProgress() {}, ...more })

/** All tables that stand in a database's schemas, ours and others', but not its own. */
const tablesIn = async (client: Client): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
  )
  return rows.map(({ name }) => name)
}

const rowsIn = async (client: Client): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { name } of movedTables()) {
    const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM "${name}"`)
    counts[name] = Number(rows[0]!.n)
  }
  return counts
}

withPostgres((it, server) => {
  it('every row of every table moves into an empty database', async () => {
    const { from, raw } = aFile()
    const url = await emptyDatabase(server)

    const counts = await move({ from, url })

    expect(counts).toEqual(countRows(raw))
    expect(Object.values(counts)).not.toContain(0)
    expect(await rowsIn(await connected(url))).toEqual(counts)
  })

  it('and into one that has our tables already, all of them empty', async () => {
    const { from, raw } = aFile()

    expect(await move({ from, url: await testDatabase(server) })).toEqual(countRows(raw))
  })

  it('numbers go on behind the highest that was ever given, also to rows that are gone', async () => {
    const { from, raw } = aFile()
    raw.exec(`UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'events'; DELETE FROM audit`)
    const { seq } = raw.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").get() as {
      seq: number
    }
    const url = await emptyDatabase(server)
    await move({ from, url })

    const client = await connected(url)
    const next = async (table: string, column: string) =>
      Number(
        (
          await client.query<{ n: string }>(
            `SELECT nextval(pg_get_serial_sequence('${table}', '${column}')) AS n`,
          )
        ).rows[0]!.n,
      )

    expect(await next('events', 'seq')).toBe(5001)
    expect(await next('audit', 'id')).toBe(seq + 1)
    expect(await next('data_keys', 'seq')).toBe(2)
  })

  it('data keys keep the order in which the file took them', async () => {
    const { from, raw } = aFile()
    raw.exec(
      `INSERT INTO data_keys SELECT 'c-later', wrapped_key, created_at, seen_at FROM data_keys`,
    )
    const url = await emptyDatabase(server)
    await move({ from, url })

    const { rows } = await (
      await connected(url)
    ).query<{ id: string }>('SELECT id FROM data_keys ORDER BY created_at, seq')

    expect(rows.map(({ id }) => id)).toEqual(['d1', 'c-later'])
  })

  it('more rows than one batch arrive in their order', async () => {
    const { from, raw } = aFile()
    raw.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
       INSERT INTO calls (id, at, method, status, duration_ms) SELECT 'req_' || i, i, 'ping', 200, 1 FROM n`,
    )
    const seen: string[] = []
    const url = await emptyDatabase(server)

    const counts = await move(
      { from, url },
      {
        onProgress({ step, table, rows, of }) {
          if (table === 'calls') seen.push(`${step} ${rows}/${of}`)
        },
      },
    )

    expect(counts['calls']).toBe(2516)
    expect(seen).toEqual([
      'copying 1000/2516',
      'copying 2000/2516',
      'copying 2516/2516',
      'verifying 1000/2516',
      'verifying 2000/2516',
      'verifying 2516/2516',
    ])
  })

  it('values that are hard to write arrive as the program reads them', async () => {
    const { from, raw } = aFile()
    const hard = `a\tb\\n"c"{},'d' é 🏦 \u2028 NULL`
    raw.prepare('UPDATE tenants SET name = ? WHERE name = ?').run(hard, 'acme')
    raw.prepare(`UPDATE items SET status_code_info = ? WHERE id = 1001`).run('cut\0off')
    raw.prepare(`UPDATE audit SET detail = ? WHERE id = 1`).run('{ "b": "\\u0000", "a": [null] }')
    const url = await emptyDatabase(server)
    await move({ from, url })

    const client = await connected(url)
    const one = async (query: string) =>
      (await client.query({ text: query, rowMode: 'array' })).rows
    expect(await one(`SELECT name FROM tenants WHERE name LIKE 'a%b%'`)).toEqual([[hard]])
    expect(await one('SELECT status_code_info FROM items WHERE id = 1001')).toEqual([
      ['cut\uFFFDoff'],
    ])
    expect(await one('SELECT detail::text FROM audit WHERE id = 1')).toEqual([
      ['{"b":"\\u0000","a":[null]}'],
    ])
  })

  it('a table that differs by one byte is found and named, and nothing stays', async () => {
    const { from } = aFile()
    const url = await testDatabase(server)
    const client = await connected(url)
    // A database that stores something else than it was given.
    await client.query(`
      CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.body := set_byte(NEW.body, 40, get_byte(NEW.body, 40) # 1); RETURN NEW; END $$;
      CREATE TRIGGER spoil BEFORE INSERT ON events FOR EACH ROW
        WHEN (NEW.seq = 3) EXECUTE FUNCTION spoil()`)

    await expect(move({ from, url })).rejects.toThrow('The table events is not the same')

    expect(Object.values(await rowsIn(client)).filter((rows) => rows > 0)).toEqual([])
  })

  it.each([
    [
      'a row that is missing',
      `DELETE FROM attempts WHERE id = (SELECT max(id) FROM attempts)`,
      'attempts',
    ],
    [
      'one letter',
      `UPDATE sites SET name = upper(name) WHERE id = (SELECT min(id) FROM sites)`,
      'sites',
    ],
    ['a number that was none', `UPDATE items SET asked_at = 0 WHERE id = 1001`, 'items'],
    [
      'an answer turned round',
      `UPDATE removals SET with_bridge_users = NOT with_bridge_users`,
      'removals',
    ],
    ['a word in a list', `UPDATE endpoints SET allowed_targets = '["0.0.0.0/0"]'`, 'endpoints'],
    ['the order of data keys', `UPDATE data_keys SET seq = seq + 1`, 'data_keys'],
    ['when a delivery is due', `UPDATE deliveries SET due_at = due_at + 1`, 'deliveries'],
  ])('%s is a difference too', async (_name, change, table) => {
    const { from } = aFile()
    const url = await testDatabase(server)
    const client = await connected(url)
    await client.query(`
      CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${change}; RETURN NULL; END $$;
      CREATE TRIGGER spoil AFTER INSERT ON calls EXECUTE FUNCTION spoil()`)

    await expect(move({ from, url })).rejects.toThrow(`The table ${table} is not the same`)
  })

  it('a command that changes the file meanwhile is noticed', async () => {
    const { from, raw } = aFile()
    const url = await emptyDatabase(server)
    const onProgress: Move['onProgress'] = ({ step, table }) => {
      if (step === 'copying' && table === 'calls') raw.exec('UPDATE tenants SET disabled_at = 7')
    }

    const moving = move({ from, url }, { onProgress })

    await expect(moving).rejects.toThrow('The table tenants is not the same')
    expect(await tablesIn(await connected(url))).toEqual([])
  })

  it('a database that holds an installation is refused, and stays as it is', async () => {
    const { from } = aFile()
    const url = await emptyDatabase(server)
    const counts = await move({ from, url })

    await expect(move({ from, url })).rejects.toThrow('holds rows already')

    expect(await rowsIn(await connected(url))).toEqual(counts)
  })

  it.each([
    ['what looks at the rows throws', { check: () => Promise.reject(new Error('no')) }],
    [
      'its process is told to stop half-way',
      {
        onProgress: ({ table }: { table: string }) => {
          if (table === 'events') throw new Error('no')
        },
      },
    ],
  ])('nothing stays when %s, and the next move is whole', async (_name, fault) => {
    const { from, raw } = aFile()
    const url = await emptyDatabase(server)

    await expect(move({ from, url }, fault)).rejects.toThrow('no')

    expect(await tablesIn(await connected(url))).toEqual([])
    expect(await move({ from, url })).toEqual(countRows(raw))
  })

  it('of two moves at once one is refused', async () => {
    const { from, raw } = aFile()
    const url = await emptyDatabase(server)

    const ended = await Promise.allSettled([move({ from, url }), move({ from, url })])

    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(await rowsIn(await connected(url))).toEqual(countRows(raw))
  })

  it('a server that starts there meanwhile finds the moved installation, and makes none of its own', async () => {
    const { from } = aFile()
    const url = await testDatabase(server)
    const starting = await openStore({ url, poolSize: 2 })
    onTestFinished(() => starting.close())
    const own = { mode: 'sandbox', wrappedPepper: Buffer.from('own'), dataKeys: [], at: 1 }
    let made: ReturnType<typeof starting.createInstance> | undefined

    await move(
      { from, url },
      {
        onProgress({ table }) {
          if (table === 'tenants') made ??= starting.createInstance(own)
        },
      },
    )

    expect(await made).toMatchObject({ dataKeys: [{ id: 'd1' }] })
  })

  it('a rehearsal does all of it beside what is there, and leaves nothing', async () => {
    const { from, raw } = aFile()
    const url = await testDatabase(server)
    const client = await connected(url)
    const before = await tablesIn(client)
    let stored: unknown

    const counts = await move(
      { from, url },
      {
        rehearse: true,
        async check(store) {
          stored = await store.readInstance()
        },
      },
    )

    expect(counts).toEqual(countRows(raw))
    expect(stored).toMatchObject({ dataKeys: [{ id: 'd1' }] })
    expect(await tablesIn(client)).toEqual(before)
    expect(Object.values(await rowsIn(client)).filter((rows) => rows > 0)).toEqual([])
  })
})
