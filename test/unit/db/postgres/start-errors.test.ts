import { randomUUID } from 'node:crypto'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigError } from '../../../../src/config.ts'
import { openStore } from '../../../../src/db/open.ts'
import { DatabaseVersionError, StoreAwayError } from '../../../../src/db/store-errors.ts'
import { certificate } from '../../../support/postgres-server.ts'
import { command, emptyDatabase, testDatabase, withPostgres } from '../../../support/postgres.ts'

const refusalOf = async (url: string, more: { mustExist?: boolean } = {}): Promise<Error> => {
  const opened = await openStore({ url, poolSize: 2 }, more).catch((error: unknown) => error)
  if (opened instanceof Error) return opened
  throw new Error('It was opened')
}

/** A port of this machine that takes connections and does with them what is said; 0 listens nowhere any more. */
async function portThat(answers: 'hangs up' | 'has closed'): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const closed = () => new Promise((resolve) => void server.close(resolve))
  if (answers === 'has closed') await closed()
  else onTestFinished(() => void closed())
  return port
}

describe('a server that is away is one line with host and port, and no password', () => {
  it.each([
    ['has closed', 'ECONNREFUSED'],
    ['hangs up', 'Connection terminated unexpectedly'],
  ] as const)('when it %s', async (answers, why) => {
    const port = await portThat(answers)

    const error = await refusalOf(`postgres://bank:hunter2@127.0.0.1:${port}/bank`)

    expect(error).toBeInstanceOf(StoreAwayError)
    expect(error.message).toBe(
      `The database at 127.0.0.1, port ${port}, cannot be reached: ${why}. See that PostgreSQL, or its pooler, runs and listens there; running servers come back by themselves`,
    )
  })

  it('when its name leads nowhere', async () => {
    const error = await refusalOf('postgres://bank:hunter2@db.invalid/bank?sslmode=disable')

    expect(error).toBeInstanceOf(StoreAwayError)
    expect(error.message).toMatch(
      /^The database at db\.invalid, port 5432, .*: E(NOTFOUND|AI_AGAIN)\. See that/,
    )
  })
})

it('a URL that cannot be used is told under its variable', async () => {
  const error = await refusalOf('postgres://bank:hunter2@db.example/bank')

  expect(error).toBeInstanceOf(ConfigError)
  expect(error.message).toContain('DATABASE_URL: needs an sslmode')
  expect(error.message).not.toContain('hunter2')
})

withPostgres((only, server) => {
  const as = (role: string, database: string) => {
    const url = new URL(database)
    url.username = role
    url.password = 'hunter2'
    return url.href
  }

  const aRole = async (): Promise<string> => {
    const role = `role_${randomUUID().replaceAll('-', '')}`
    await command(server, `CREATE ROLE ${role} LOGIN`)
    onTestFinished(() => command(server, `DROP ROLE ${role}`))
    return role
  }

  only.for([
    [
      'a database that is not there',
      () => Promise.resolve(`${server}/nowhere`),
      'database "nowhere" does not exist; CREATE DATABASE makes it: docs/postgresql.md',
    ],
    [
      'a role that is not there',
      async () => as('nobody', await testDatabase(server)),
      'role "nobody" does not exist; see its role and password: docs/postgresql.md',
    ],
    [
      'a role without rights',
      async () => as(await aRole(), await emptyDatabase(server)),
      'permission denied for schema public',
    ],
    [
      'a server that is not trusted',
      async () => `${await emptyDatabase(server)}?sslmode=verify-full&sslrootcert=${certificate}`,
      'not trusted',
    ],
  ] as const)('%s is told under its variable', async ([, urlOf, why]) => {
    const error = await refusalOf(await urlOf())

    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message).toContain('- DATABASE_URL: ')
    expect(error.message).toContain(why)
    expect(error.message).not.toContain('hunter2')
    expect(error.message.split('\n')).toHaveLength(2)
  })

  only('a database without our tables stays empty where it must exist', async () => {
    const url = await emptyDatabase(server)

    expect(await refusalOf(url, { mustExist: true })).toBeInstanceOf(DatabaseVersionError)
    expect((await refusalOf(url, { mustExist: true })).message).toContain('start the server')
    const store = await openStore({ url, poolSize: 2 })
    onTestFinished(() => store.close())
    expect(await store.listTenants()).toEqual([])
  })
})
