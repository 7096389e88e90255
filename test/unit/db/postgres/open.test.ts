import { Client } from 'pg'
import { expect, onTestFinished, vi } from 'vitest'
import { openStore } from '../../../../src/db/open.ts'
import { migrationLock } from '../../../../src/db/postgres/migrate.ts'
import { openPostgres } from '../../../../src/db/postgres/open.ts'
import { emptyDatabase, testDatabase, withPostgres } from '../../../support/postgres.ts'
import { testBy } from '../../../support/tenants.ts'

withPostgres((it, server) => {
  it('a database is migrated when it is opened, and keeps what is stored', async () => {
    const url = await emptyDatabase(server)
    const open = async () => {
      const store = await openStore({ url, poolSize: 2 })
      onTestFinished(() => store.close())
      return store
    }

    const tenant = await (await open()).createTenant({ id: 'ten_1', name: 'acme' }, testBy)

    expect(await (await open()).listTenants()).toEqual([tenant])
  })

  it('a start says that it waits for migrations, and does so longer than for the answers to its work', async () => {
    const url = await emptyDatabase(server)
    const other = new Client(url)
    await other.connect()
    onTestFinished(() => other.end())
    await other.query('SELECT pg_advisory_lock($1)', [migrationLock])
    const onWait = vi.fn<() => void>()
    const opened = openPostgres({ url, poolSize: 1, answerMs: 1, onWait })
    opened.catch(() => {}) // it is looked at below
    await expect
      .poll(async () => {
        const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`
        return (await other.query(waiting)).rowCount
      })
      .toBe(1)

    await other.query('SELECT pg_advisory_unlock($1)', [migrationLock])

    await (await opened).end()
    expect(onWait).toHaveBeenCalledOnce()
    const { rowCount } = await other.query('SELECT FROM __drizzle_migrations')
    expect(rowCount).toBeGreaterThan(0)
  })

  it('a server whose work has all connections still says that it lives', async () => {
    const url = await testDatabase(server)
    const store = await openStore({ url, poolSize: 2 })
    onTestFinished(() => store.close())
    const member = { id: 'srv_1', host: 'here', pid: 1 }
    const sign = { at: 2, silentSince: 0, leadUntil: 3 }
    await store.joinMembers(member, { at: 1, silentSince: 0 })
    await store.createTenant({ id: 'ten_1', name: 'acme' }, testBy)
    const other = new Client(url)
    await other.connect()
    await other.query('BEGIN')
    await other.query('LOCK TABLE tenants')
    const works = Array.from({ length: 5 }, () => store.setTenantDisabled('ten_1', true, testBy))

    expect(await store.renewMember('srv_1', sign)).toMatchObject({ leads: true })
    await other.query('COMMIT')
    await other.end()
    await Promise.all(works)
  })

  it('a database that is not there is refused by name', async () => {
    await expect(openStore({ url: `${server}/nowhere`, poolSize: 1 })).rejects.toThrow(
      'database "nowhere" does not exist',
    )
  })
})
