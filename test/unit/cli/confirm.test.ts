import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { runCli } from '../../../src/cli/run.ts'
import { loadConfig } from '../../../src/config.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { testIds } from '../../support/ids.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, aUser } from '../../support/tenants.ts'

function aSink(isTTY: boolean) {
  let text = ''
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  return { stream: Object.assign(stream, { isTTY, columns: 80 }), text: () => text }
}

/** A tenant with a site, a key and a user; `answer` is what somebody types at the terminal, nobody sits there without. */
async function installation() {
  const folder = testFolder()
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const config = loadConfig({ DATA_DIR: folder })
  const keyring = await unlockInstance(store, { config, clock: systemClock })
  const rooms = { store, clock: systemClock, keyring, ids: testIds() }
  const { site, siteKey } = await aTenant(rooms)
  await aUser(rooms, site, { name: 'ann' })
  const run = async (words: string[], answer?: string | null) => {
    const isTTY = answer !== undefined
    const [out, err] = [aSink(isTTY), aSink(isTTY)]
    const stdin = Object.assign(new PassThrough(), { isTTY })
    stdin.end(answer ?? '')
    const env = { DATA_DIR: folder }
    const code = await runCli(words, { env, stdin, stdout: out.stream, stderr: err.stream })
    return { code, out: out.text(), err: err.text() }
  }
  return { store, folder, run, site, key: siteKey.apiKey }
}

const dangers = (key: string, copy: string) =>
  [
    { words: ['tenant', 'delete', 'acme'], name: 'acme', shows: /^users +1$/m },
    { words: ['site', 'delete', 'erp.acme.test', '--tenant', 'acme'], name: 'erp.acme.test' },
    { words: ['key', 'revoke', key], name: 'acme', shows: /^site +erp\.acme\.test$/m },
    { words: ['purge'], name: 'purge', shows: /^audit +0$/m },
    { words: ['restore', copy], name: 'restore', shows: /^tenants +1 in the copy, 1 now$/m },
  ].map((danger) => ({ shows: /^keys +\d$/m, ...danger }))

test('where nobody can be asked, what nothing takes back is refused without --yes, and nothing is done', async () => {
  const { run, store, folder, key } = await installation()
  await run(['backup', '--to', join(folder, 'copies')])
  const entries = await store.listAudit({ limit: 50 })

  for (const { words } of dangers(key, join(folder, 'bank-api.sqlite'))) {
    const { code, out, err } = await run(words)

    expect({ code, out }, words.join(' ')).toEqual({ code: 2, out: '' })
    expect(err).toMatch(
      /^Nothing was done: give --yes to .*, or run this on a terminal, which asks\.\n$/,
    )
  }
  expect(await store.listAudit({ limit: 50 })).toEqual(entries)
})

test.each([
  ['another word', 'yes\n'],
  ['nothing', '\n'],
  ['a terminal that is left', null],
])('%s is no consent: what would go was shown, and nothing is done', async (_, answer) => {
  const { run, store, folder, key } = await installation()
  const { out } = await run(['backup', '--to', join(folder, 'copies'), '--json'])
  const { copy } = JSON.parse(out) as { copy: string }

  for (const { words, name, shows } of dangers(key, copy)) {
    const ran = await run(words, answer)

    expect({ code: ran.code, out: ran.out }, words.join(' ')).toEqual({ code: 1, out: '' })
    expect(ran.err).toMatch(shows)
    expect(ran.err).toContain(`Type ${name} to `)
    expect(ran.err).toMatch(/Nothing was done\.\n$/)
  }
  expect(await store.findTenant('acme')).toMatchObject({ disabledAt: null })
  expect((await store.findKey(key))?.key.revokedAt).toBeNull()
})

test('the name typed is consent, and what is printed stays what programs read', async () => {
  const { run, store, key } = await installation()

  const purged = await run(['purge', '--json'], 'purge\n')
  const revoked = await run(['key', 'revoke', key, '--json'], ' acme \n')
  const again = await run(['key', 'revoke', key, '--json'])

  expect(JSON.parse(purged.out)).toMatchObject({ audit: 0 })
  expect(JSON.parse(revoked.out)).toMatchObject({ api_key: key })
  expect(JSON.parse(again.out)).toEqual(JSON.parse(revoked.out)) // it is revoked: nothing is left to ask
  expect((await store.findKey(key))?.key.revokedAt).not.toBeNull()
})

test('--yes asks nobody, and a dry run tells what would go and does nothing', async () => {
  const { run, store, key } = await installation()

  const dry = await run(['tenant', 'delete', 'acme', '--dry-run', '--bridge-users', '--json'])
  const purge = await run(['purge', '--dry-run', '--json'])
  const revoked = await run(['key', 'revoke', key, '--yes'])

  expect(JSON.parse(dry.out)).toMatchObject({
    would_delete: 'tenant',
    name: 'acme',
    users: 1,
    bridge_users: 1,
    sites: 1,
    keys: 2,
  })
  expect(JSON.parse(purge.out)).toMatchObject({ 'event-bodies': 0, audit: 0 })
  expect([dry.err, purge.err, revoked.err]).toEqual(['', '', ''])
  expect(revoked.code).toBe(0)
  expect(await store.findTenant('acme')).toMatchObject({ disabledAt: null })
  expect(await store.listOpenRemovals()).toEqual([])
})
