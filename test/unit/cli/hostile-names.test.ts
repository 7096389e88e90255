import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { systemIds } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { isPlain } from '../../../src/terminal/inert.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { testClock } from '../../support/clock.ts'
import { testFolder } from '../../support/store.ts'
import { aKey, anAnnouncement, aUser, itemFacts, testBy } from '../../support/tenants.ts'
import { runCli } from '../../support/run-cli.ts'

/** Clears the screen, sets the title, forges a line, hides and turns what follows; and is a command of its own. */
const hostile = (word: string) =>
  `${word}\u001b[2J\u001b]0;title\u0007\n\r\u009b31mok\u202e\u200b\u2028; touch PWNED # '$(id)\``

/** An installation whose tenant, site, user, bank and label are named by somebody who means harm, before names had rules. */
async function anInstallation() {
  const folder = testFolder()
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const clock = testClock()
  const ids = systemIds
  const keyring = await unlockInstance(store, { config: loadConfig({ DATA_DIR: folder }), clock })
  const rooms = { store, clock, ids, keyring }
  const name = hostile('tenant')
  const tenant = await store.createTenant({ id: ids.next('ten'), name }, testBy)
  const row = { id: ids.next('sit'), tenantId: tenant.id, name: hostile('site') }
  const site = await store.ensureSite({ ...row, webhookSecret: Buffer.alloc(1) }, testBy)
  await store.updateSite(site.id, { webhookUrl: 'https://erp.acme.test/hook' }, testBy)
  const key = await aKey(rooms, tenant, site, { label: hostile('label') })
  const user = await aUser(rooms, site, { name: hostile('user') })
  const facts = itemFacts({ id: 7, statusCodeInfo: hostile('info'), providerName: hostile('bank') })
  await store.keepItems(user.id, [facts], { at: clock.now(), complete: false })
  await store.acceptEvent(anAnnouncement(rooms, user, { itemId: 7 }))
  const raw = new Sqlite(join(folder, 'bank-api.sqlite'))
  raw.prepare('UPDATE endpoints SET disabled_at = 1, disabled_reason = ?').run(hostile('reason'))
  raw.close()
  return { folder, tenant, site, key }
}

test('no command lets a name out that moves a cursor, hides, or ends a line', async () => {
  const { folder, tenant, site } = await anInstallation()
  const of = ['--tenant', tenant.name]

  for (const words of [
    ['tenant', 'list', '--json'],
    ['site', 'list', ...of],
    ['key', 'list'],
    ['item', 'list'],
    ['webhook', 'list'],
    ['audit', 'list'],
    ['explain', '7'],
    ['explain', '7', '--json'],
    ['doctor'],
    ['doctor', '--json'],
    ['tenant', 'export', tenant.name],
    ['webhook', 'test', site.name, ...of],
    ['site', 'show', hostile('nobody'), ...of],
    ['backup', 'verify', hostile('file')],
    [hostile('command')],
  ]) {
    const { out, err } = await runCli(folder, words)

    expect(out + err).not.toBe('')
    for (const line of (out + err).split('\n')) expect(line).toSatisfy(isPlain)
    expect(out + err).not.toMatch(/^ok\\u202e/m)
  }
})

test('what doctor tells to run means the site and nothing else', async () => {
  const { folder } = await anInstallation()

  const { out } = await runCli(folder, ['doctor', '--json'])

  const [finding] = (JSON.parse(out) as { check: string; run?: string }[]).filter(({ run }) => run)
  expect(finding?.run).toMatch(
    /^bank-api webhook enable \$'site\\x1b.*' --tenant \$'tenant\\x1b.*'$/,
  )
})

test('JSON says the names as they are', async () => {
  const { folder, tenant } = await anInstallation()

  const { out } = await runCli(folder, ['tenant', 'list', '--json'])

  expect(JSON.parse(out)).toMatchObject([{ tenant: tenant.name }])
})
