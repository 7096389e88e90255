import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Client } from 'pg'
import { describe, inject, it, onTestFinished } from 'vitest'
import { type FoundPostgres, templateDatabase } from './postgres-server.ts'

const found = JSON.parse(await text(connect(inject('postgresPort'), '127.0.0.1'))) as FoundPostgres

/**
 * Declares tests that need the run's PostgreSQL, which is at `server`. Where none can be started they are skipped, and say
 * why; in CI they fail.
 */
export function withPostgres(tests: (only: typeof it, server: string) => void): void {
  if ('url' in found) {
    tests(it, found.url)
  } else if (process.env['CI'] === 'true') {
    throw new Error(found.missing)
  } else {
    describe.skip(`without PostgreSQL: ${found.missing}`, () => tests(it, ''))
  }
}

/** A migrated database of the test's own, gone when the test ends; resolves to its URL. */
export const testDatabase = (server: string): Promise<string> =>
  makeDatabase(server, `TEMPLATE ${templateDatabase} STRATEGY FILE_COPY`)

/** The same without a table. */
export const emptyDatabase = (server: string): Promise<string> => makeDatabase(server, '')

async function makeDatabase(server: string, options: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await command(server, `CREATE DATABASE ${name} ${options}`)
  onTestFinished(() => command(server, `DROP DATABASE ${name} WITH (FORCE)`))
  return `${server}/${name}`
}

/** One statement of the operator's own. */
export async function command(server: string, statement: string): Promise<void> {
  const client = new Client(`${server}/postgres`)
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
