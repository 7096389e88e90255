import { inspect } from 'node:util'
import { eq, sql } from 'drizzle-orm'
import { Pool } from 'pg'
import { describe, expect, onTestFinished } from 'vitest'
import { given } from '../../../../src/db/conditions.ts'
import { LostRaceError } from '../../../../src/db/postgres/errors.ts'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { instance, tenants } from '../../../../src/db/postgres/schema/index.ts'
import { createTools, prepared } from '../../../../src/db/postgres/tools.ts'
import { StoreBusyError } from '../../../../src/db/store-errors.ts'
import { layCable } from '../../../support/cable.ts'
import { command, testDatabase, withPostgres } from '../../../support/postgres.ts'

const aTenant = (name: string) => ({ id: `ten_${name}`, name, createdAt: 1 })

/** An answer that is heard of later than others of the same moment. */
async function passedOn<T>(answer: PromiseLike<T>): Promise<T> {
  const sooner = (async () => await answer)()
  return await sooner
}

function toolsOn(url: string, poolSize = 3) {
  const pool = createPool({ url, poolSize })
  onTestFinished(() => pool.end())
  return { pool, ...createTools(pool) }
}

withPostgres((it, server) => {
  it('a transaction that throws leaves nothing, and its connection goes on', async () => {
    const { run, transaction } = toolsOn(await testDatabase(server), 1)

    const failing = transaction(async (db) => {
      await db.insert(tenants).values(aTenant('acme'))
      throw new Error('changed our mind')
    })

    await expect(failing).rejects.toThrow('changed our mind')
    expect(await run((db) => db.select().from(tenants))).toEqual([])
  })

  it('two transactions that wait for each other both end: one of them runs again', async () => {
    const { run, transaction } = toolsOn(await testDatabase(server))
    const names = ['one', 'two'] as const
    for (const name of names) await run((db) => db.insert(tenants).values(aTenant(name)))
    const bothHoldOne = Promise.withResolvers<void>()
    let holding = 0
    let runs = 0
    const touch = (first: string, second: string) =>
      transaction(async (db) => {
        runs += 1
        await db.execute(sql`UPDATE tenants SET created_at = created_at + 1 WHERE name = ${first}`)
        holding += 1
        if (holding === 2) bothHoldOne.resolve()
        await bothHoldOne.promise
        await db.execute(sql`UPDATE tenants SET created_at = created_at + 1 WHERE name = ${second}`)
      })

    await Promise.all([touch('one', 'two'), touch('two', 'one')])

    const rows = await run((db) => db.select().from(tenants))
    expect(rows.map(({ createdAt }) => createdAt)).toEqual([3, 3])
    expect(runs).toBeGreaterThan(2)
  })

  it('what loses against others every time is refused as busy in the end', async () => {
    const { run } = toolsOn(await testDatabase(server))

    const losing = run(() => Promise.reject(new LostRaceError('Another was first')))

    await expect(losing).rejects.toThrow(StoreBusyError)
  })

  describe('a statement that is prepared', () => {
    const byName = () =>
      prepared((db) =>
        db
          .select({ createdAt: tenants.createdAt })
          .from(tenants)
          .where(eq(tenants.name, given('name'))),
      )

    it('is planned once for a connection, whatever it is asked', async () => {
      const { run } = toolsOn(await testDatabase(server), 1)
      const tenant = byName()

      for (const name of ['acme', 'zeta', 'acme']) {
        await run((db) => tenant(db).execute({ name }))
      }

      const { rows } = await run((db) =>
        db.execute(sql`SELECT statement FROM pg_prepared_statements WHERE name LIKE 'bank_api_%'`),
      )
      expect(rows).toEqual([{ statement: expect.stringMatching(/^select .* from "tenants"/) }])
    })

    it('works after a transaction that failed before it could be prepared', async () => {
      const { run, transaction } = toolsOn(await testDatabase(server), 1)
      await run((db) => db.insert(tenants).values(aTenant('acme')))
      const tenant = byName()

      const failing = transaction(async (db) => {
        const ask = () => tenant(db).execute({ name: 'acme' })
        // The last is heard of first, as it may be: the database has no statement of that name.
        await Promise.all([
          passedOn(db.execute(sql`SELECT 1 / 0`).execute()),
          passedOn(ask()),
          ask(),
        ])
      })

      await expect(failing).rejects.toMatchObject({ code: '22012' })
      expect(await run((db) => tenant(db).execute({ name: 'acme' }))).toEqual([{ createdAt: 1 }])
    })

    it.for([
      [
        'a migration that changed what it answers',
        'ALTER TABLE tenants ALTER created_at TYPE numeric',
      ],
      ['it turned out to be another process’s', 'DEALLOCATE ALL'],
    ] as const)('works on after %s', async ([_what, statement]) => {
      const { run } = toolsOn(await testDatabase(server), 1)
      await run((db) => db.insert(tenants).values(aTenant('acme')))
      await expect(run((db) => db.execute(sql`SELECT 1 / 0`))).rejects.toThrow()
      const tenant = byName()
      const ask = () => run((db) => tenant(db).execute({ name: 'acme' }))
      for (let nth = 0; nth < 3; nth += 1) await ask()

      await run((db) => db.execute(sql.raw(statement)))

      expect(await ask()).toEqual([{ createdAt: 1 }])
    })
  })

  it('a transaction tells of what failed in it, and not of what was sent behind that', async () => {
    const { transaction } = toolsOn(await testDatabase(server))

    const failing = transaction(async (db) => {
      const failing = db.execute(sql`SELECT 1 / 0`).execute()
      // Sent along with it, and heard of sooner: fewer hands pass its answer on.
      await Promise.all([passedOn(failing), db.execute(sql`SELECT 1`).execute()])
    })

    await expect(failing).rejects.toMatchObject({ code: '22012' })
  })

  it('an error says nothing of the values that were at work', async () => {
    const { run } = toolsOn(await testDatabase(server))
    await run((db) => db.insert(tenants).values(aTenant('acme')))
    const failures = [
      () => run((db) => db.insert(tenants).values(aTenant('acme'))),
      () => run((db) => db.execute(sql`SELECT ${'acme'}::bigint`)),
    ]

    for (const fail of failures) {
      const error = (await fail().catch((caught: unknown) => caught)) as Error

      expect(error).toBeInstanceOf(Error)
      expect(inspect(error, { depth: 9 })).not.toContain('acme')
    }
  })

  it('a text with a character that PostgreSQL cannot hold finds nothing', async () => {
    const { run } = toolsOn(await testDatabase(server))
    await run((db) => db.insert(tenants).values(aTenant('acme')))

    const found = await run((db) =>
      db
        .select()
        .from(tenants)
        .where(sql`name = ${'acme\0'}`),
    )

    expect(found).toEqual([])
  })

  it('what is asked while the database is away is refused as busy, and it heals by itself', async () => {
    const url = new URL(await testDatabase(server))
    const cable = await layCable(Number(url.port))
    url.port = String(cable.port)
    const { run } = toolsOn(url.href)
    const ask = () => run((db) => db.select().from(instance))
    await ask()

    cable.cut()
    await expect(ask()).rejects.toThrow(StoreBusyError)
    cable.mend()

    expect(await ask()).toEqual([])
  })

  it('connections that the server closed are replaced, also in the middle of a transaction', async () => {
    const database = await testDatabase(server)
    const { run, transaction } = toolsOn(database, 1)
    const closeAll = () =>
      command(
        server,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = '${database.split('/').at(-1)}' AND pid <> pg_backend_pid()`,
      )

    const cutOff = transaction(async (db) => {
      await db.insert(tenants).values(aTenant('acme'))
      await closeAll()
      await db.insert(tenants).values(aTenant('other'))
    })

    await expect(cutOff).rejects.toThrow(StoreBusyError)
    expect(await run((db) => db.select().from(tenants))).toEqual([])
  })

  it('a connection to a server that takes no writes is replaced: after a failover another has its name', async () => {
    const database = await testDatabase(server)
    const ofNewConnections = (change: string) =>
      command(server, `ALTER DATABASE ${database.split('/').at(-1)} ${change}`)
    const { run } = toolsOn(database, 1)
    const { transaction } = toolsOn(database, 1)
    const writes = [
      () => run((db) => db.insert(tenants).values(aTenant('acme'))),
      () => transaction((db) => db.insert(tenants).values(aTenant('other'))),
    ]

    await ofNewConnections('SET default_transaction_read_only = on')
    for (const write of writes) await expect(write()).rejects.toThrow(StoreBusyError)
    await ofNewConnections('RESET default_transaction_read_only')
    for (const write of writes) await write()

    expect(await run((db) => db.select().from(tenants))).toHaveLength(2)
  })

  it('a call that would wait behind thousands is refused at once', async () => {
    const { pool, run } = toolsOn(await testDatabase(server), 1)
    const held = await pool.connect()
    const waiting = Array.from({ length: 2_000 }, () => run(async () => 'served'))

    await expect(run(async () => 'served')).rejects.toThrow(StoreBusyError)
    held.release()

    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['served']))
  })

  it('a transaction without patience waits for no lock for long, and its connection is patient again', async () => {
    const { run, transaction, together } = toolsOn(await testDatabase(server), 1)
    const show = sql`SHOW lock_timeout`
    const patiences = [
      (await transaction((db) => db.execute(show), 'impatient')).rows,
      (await together((db) => [db.execute(show)], 'impatient'))[0]!.rows,
      (await transaction((db) => db.execute(show))).rows,
      (await run((db) => db.execute(show))).rows,
    ]

    expect(patiences.flat().map((row) => row['lock_timeout'])).toEqual([
      '100ms',
      '100ms',
      '5s',
      '5s',
    ])
  })

  it('a statement that waits for a lock for too long is refused as busy', async () => {
    const database = await testDatabase(server)
    const { run, transaction } = toolsOn(database)
    const impatient = new Pool({ connectionString: database, lock_timeout: 20, max: 1 })
    impatient.on('error', () => {}) // its database is dropped when the test ends
    impatient.on('connect', (client) => client.on('error', () => {}))
    onTestFinished(() => impatient.end())
    await run((db) => db.insert(tenants).values(aTenant('acme')))

    await transaction(async (db) => {
      await db.update(tenants).set({ createdAt: 2 })
      const waiting = createTools(impatient).run((other) =>
        other.update(tenants).set({ createdAt: 3 }),
      )
      await expect(waiting).rejects.toThrow(StoreBusyError)
    })
  })
})
