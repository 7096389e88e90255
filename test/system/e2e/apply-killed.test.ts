import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createAuditCounter } from '../../../src/audit/counter.ts'
import { authenticate } from '../../../src/auth/api-keys.ts'
import { systemClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { openStore } from '../../../src/db/open.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { runHere } from '../../support/run-cli.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { testFolder } from '../../support/store.ts'

const program = fileURLToPath(new URL('../../../src/cli/bank-api.js', import.meta.url))

const names = Array.from({ length: 40 }, (_, index) => `erp-${index}.acme.example`)
const sites = names.map((site) => ({
  site,
  origin: `https://${site}`,
  keys: [{ label: 'ERP' }, { label: 'reports', read_only: true }],
}))
const declared = { tenants: [{ tenant: 'acme', keys: [{ label: 'back office' }], sites }] }

interface Kept {
  site: string | null
  label: string
  api_key: string
  api_secret: string
}

/** The whole lines of a file of secrets. */
const keptIn = (path: string): Kept[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Kept)

/** `apply` in a process of its own, killed once it has written so many secrets. */
async function killedAt(secrets: number, file: string, cwd: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [program, 'apply', 'declared.json', '--secrets', file], {
    cwd,
    env,
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const path = join(cwd, file)
  while (child.exitCode === null && !(existsSync(path) && keptIn(path).length >= secrets)) {
    await wait(1)
  }
  child.kill('SIGKILL')
  const [, signal] = (await ended) as [number | null, string | null]
  return signal
}

/** An installation on which `apply` is killed twice on its way, and run to its end. */
async function healed(environment: Record<string, string>) {
  const folder = testFolder()
  const env = {
    DATA_DIR: folder,
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    ...environment,
  }
  const config = loadConfig(env)
  const store = await openStore(config.secrets.database)
  const keyring = await unlockInstance(store, { config, clock: systemClock })
  writeFileSync(join(folder, 'declared.json'), JSON.stringify(declared))
  const apply = (...options: string[]) =>
    runHere(['apply', 'declared.json', ...options], { cwd: folder, env })

  const signals = [
    await killedAt(10, 'first.jsonl', folder, env),
    await killedAt(10, 'second.jsonl', folder, env),
  ]
  const ran = await apply('--secrets', 'third.jsonl')
  const again = await apply('--dry-run')

  const acme = (await store.findTenant('acme'))!
  const keys = await store.listKeys(acme.id, { goodAt: systemClock.now() })
  const auditCounter = createAuditCounter((entry) => store.audit(entry))
  const rooms = { store, keyring, clock: systemClock, auditCounter }
  const files = ['first.jsonl', 'second.jsonl', 'third.jsonl'].map((file) =>
    keptIn(join(folder, file)),
  )
  // Of two lines for one label the later is good: what the guide says.
  const latest = new Map(files.flat().map((one) => [`${one.site} ${one.label}`, one]))
  const opened = []
  for (const { site, api_key: key, api_secret: secret } of latest.values()) {
    const caller = await authenticate(rooms, { key, secret, address: '::1' })
    opened.push((caller.site?.name ?? null) === site)
  }
  const found = await store.listSites({ tenantId: acme.id, siteId: null })
  await store.close()
  return { signals, ran, again, keys, found, files, latest, opened }
}

function expectHealed({ signals, ran, again, keys, found, files, latest, opened }: Healed): void {
  expect(signals).toEqual(['SIGKILL', 'SIGKILL'])
  expect(files.map(({ length }) => length > 1)).toEqual([true, true, true])
  expect(ran).toMatchObject({ code: 0, err: '' })
  expect(again.out).toMatch(/^nothing to change\n/)
  expect(found).toHaveLength(names.length)
  expect(new Map(found.map(({ name, origin }) => [name, origin]))).toEqual(
    new Map(names.map((name) => [name, `https://${name}`])),
  )
  expect(keys).toHaveLength(1 + 2 * names.length)
  expect(latest.size).toBe(keys.length)
  expect(opened).toEqual(opened.map(() => true))
  // A kill costs the one secret that was written and whose key was not.
  expect(files.flat().length - keys.length).toBeLessThanOrEqual(2)
}
type Healed = Awaited<ReturnType<typeof healed>>

test('an apply that is killed twice and repeated makes each site and key once', async () => {
  expectHealed(await healed({}))
})

withPostgres((it, server) => {
  it('on PostgreSQL too', async () => {
    expectHealed(await healed({ DATABASE_URL: await testDatabase(server) }))
  })
})
