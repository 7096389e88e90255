import { existsSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { olderEnvironment, writeOlderInstallation } from '../../support/older-installation.ts'
import { runCli } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'

/** A database of an older version, and its server, which was seen so long ago at each command. */
function anOlderServer(agoMs: number) {
  const folder = testFolder()
  const path = join(folder, 'bank-api.sqlite')
  writeOlderInstallation(path)
  const raw = new Sqlite(path)
  onTestFinished(() => void raw.close())
  const see = raw.prepare(
    "UPDATE instance SET server_id = 'srv_1', server_host = 'elsewhere', server_pid = 7, server_seen_at = ?",
  )
  const count = raw.prepare('SELECT count(*) FROM __drizzle_migrations').pluck()
  return {
    run(...args: string[]) {
      see.run(Date.now() - agoMs)
      return runCli(folder, args, olderEnvironment)
    },
    applied: () => count.get() as number,
    hasCopy: () => existsSync(join(folder, 'backups')),
  }
}

test('a command changes no schema under an older server that runs', async () => {
  const { run, applied, hasCopy } = anOlderServer(0)
  const before = applied()

  const listed = await run('tenant', 'list')
  const examined = await run('doctor')

  expect([listed.code, listed.out]).toEqual([1, ''])
  expect(listed.err).toMatch(/newer than the server .* process 7 on elsewhere\. Stop it first\.\n$/)
  expect(examined.code).toBe(2)
  expect(examined.out.replaceAll(/\s+/g, ' ')).toContain('newer than the server')
  expect(applied()).toBe(before)
  expect(hasCopy()).toBe(false)
})

test('without a server that runs it brings the schema up to date', async () => {
  const { run, applied } = anOlderServer(60_000)
  const before = applied()

  const { code, out } = await run('tenant', 'list')

  expect(code).toBe(0)
  expect(out).toContain('acme')
  expect(applied()).toBeGreaterThan(before)
})
