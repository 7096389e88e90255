import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { defaultPresentation } from '../../../src/db/ports/keys.ts'
import { runCli } from '../../support/run-cli.ts'
import { firstStart } from '../../support/gateway.ts'
import { testFolder } from '../../support/store.ts'

/** A folder with a tenant and a key made without a word, and the store that the CLI writes. */
async function anInstallation() {
  const folder = testFolder()
  await firstStart({ DATA_DIR: folder })
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const by = { actor: 'test', at: 0 }
  await store.createTenant({ id: 'ten_1', name: 'acme' }, by)
  const key = { apiKey: 'key_1', tenantId: 'ten_1', siteId: null, label: null, expiresAt: null }
  await store.createKey({ ...key, secretHash: Buffer.alloc(32) }, by)
  return { folder, store, keyNow: async () => (await store.findKey('key_1'))!.key }
}

test('a key is made with the presentation its options name', async () => {
  const { folder, store } = await anInstallation()
  const wanted = ['--bridge-version', '2021-06-01', '--lists', 'envelope', '--links', 'url']

  const args = ['key', 'create', '--tenant', 'acme', '--json', ...wanted]
  const { out } = await runCli(folder, args)

  const { api_key: apiKey } = JSON.parse(out) as { api_key: string }
  expect((await store.findKey(apiKey))?.key).toMatchObject({
    bridgeVersion: '2021-06-01',
    lists: 'envelope',
    links: 'url',
  })
})

test('key update changes what it names, and nothing else', async () => {
  const { folder, store, keyNow } = await anInstallation()
  const before = await keyNow()

  const args = ['key', 'update', 'key_1', '--lists', 'envelope', '--json']
  const { code, out } = await runCli(folder, args)

  expect(code).toBe(0)
  expect(before).toMatchObject(defaultPresentation)
  expect(await keyNow()).toEqual({ ...before, lists: 'envelope' })
  expect(JSON.parse(out)).toMatchObject({ api_key: 'key_1', lists: 'envelope', links: 'object' })
  const [latest] = await store.listAudit({ tenantId: 'ten_1', limit: 1 })
  expect(latest).toMatchObject({
    action: 'key.updated',
    actor: 'cli',
    subject: 'key_1',
    detail: { lists: 'envelope' },
  })
})

test.each([
  [
    'a version we do not speak',
    2,
    'key_1',
    ['--bridge-version', '2019-02-18'],
    /2025-01-15, 2021-06-01/,
  ],
  ['nothing to change', 1, 'key_1', [], /^Nothing to change was given\n$/],
  ['a key that is not there', 1, 'key_2', ['--links', 'url'], /^There is no key key_2\n$/],
])('key update refuses %s', async (_what, code, apiKey, options, words) => {
  const { folder, keyNow } = await anInstallation()

  const ran = await runCli(folder, ['key', 'update', apiKey, ...options])

  expect(ran).toMatchObject({ code, out: '', err: expect.stringMatching(words) as string })
  expect(await keyNow()).toMatchObject(defaultPresentation)
})
