import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DatabaseUrlError, readDatabaseUrl } from '../../../../src/db/postgres/database-url.ts'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { certificate } from '../../../support/postgres-server.ts'
import { testDatabase, withPostgres } from '../../../support/postgres.ts'
import { testFolder } from '../../../support/store.ts'

const at = (rest: string) => `postgres://bank:s%40fe@db.acme.test/bank_api${rest}`

describe('the URL of a database', () => {
  it('says where it is, and who asks', () => {
    expect(readDatabaseUrl('postgresql://bank:s%40fe@localhost:6432/bank_api')).toEqual({
      host: 'localhost',
      port: 6432,
      user: 'bank',
      password: 's@fe',
      database: 'bank_api',
      ssl: false,
    })
    expect(readDatabaseUrl('postgres://db/bank_api?host=/run/postgresql').host).toBe(
      '/run/postgresql',
    )
  })

  it.each([
    ['another protocol', 'mysql://localhost/bank_api', 'expected postgres://'],
    [
      'a % that stands for nothing',
      'postgres://bank:s%40fe%@localhost/bank_api',
      'write it as %25',
    ],
    ['no database', 'postgres://localhost', 'no database'],
    ['another machine without a word about TLS', at(''), 'needs an sslmode'],
    ['a mode that encrypts when the server likes', at('?sslmode=prefer'), 'needs an sslmode'],
    ['a parameter we do not know', at('?sslmode=disable&pool=3'), 'no parameter pool'],
    ['a certificate for no TLS', at(`?sslmode=disable&sslrootcert=${certificate}`), 'disable'],
    ['nothing to verify with', at('?sslmode=verify-ca'), 'needs an sslrootcert'],
    ['a file that is not there', at('?sslmode=verify-full&sslrootcert=/nowhere'), 'cannot be read'],
  ])('with %s is refused, without its password', (_, url, why) => {
    const reading = () => readDatabaseUrl(url)

    expect(reading).toThrow(DatabaseUrlError)
    expect(reading).toThrow(why)
    expect(reading).not.toThrow(/s%40fe|s@fe/)
  })
})

withPostgres((only, server) => {
  const isEncrypted = async (parameters: string): Promise<unknown> => {
    const pool = createPool({ url: `${await testDatabase(server)}?${parameters}`, poolSize: 1 })
    onTestFinished(() => pool.end())
    const { rows } = await pool.query<{ ssl: boolean }>(
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    )
    return rows[0]?.ssl
  }

  only('encrypts as sslmode says', async () => {
    expect(await isEncrypted('sslmode=disable')).toBe(false)
    expect(await isEncrypted('sslmode=require')).toBe(true)
    expect(await isEncrypted(`sslmode=verify-ca&sslrootcert=${certificate}`)).toBe(true)
  })

  only('shows no password to a server that cannot prove who it is', async () => {
    const other = join(testFolder(), 'other.pem')
    writeFileSync(other, '')

    await expect(isEncrypted(`sslmode=verify-full&sslrootcert=${certificate}`)).rejects.toThrow(
      "does not match certificate's altnames",
    )
    await expect(isEncrypted('sslmode=verify-full')).rejects.toThrow('self-signed certificate')
    await expect(isEncrypted(`sslmode=verify-ca&sslrootcert=${other}`)).rejects.toThrow(
      'self-signed certificate',
    )
  })
})
