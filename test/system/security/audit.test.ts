import { inspect } from 'node:util'
import Sqlite from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { callMethod, testApp } from '../../support/app.ts'
import { databaseFile } from '../../support/store.ts'
import { aTenant, testBy } from '../../support/tenants.ts'

it('a refused key is counted by address and hour, and its secret is not kept', async () => {
  const { app, clock } = await testApp()
  const { siteKey, tenant } = await aTenant(app)
  const authorization = `token ${siteKey.apiKey}:guessed-secret`
  const knock = () => callMethod(app, 'frappe.auth.get_logged_user', {}, { as: { authorization } })

  for (let each = 0; each < 5; each += 1) await knock()
  await app.auditCounter.flush()
  clock.advance(60_000)
  await knock()
  clock.advance(3_600_000)
  await knock()
  await app.auditCounter.flush()

  const rows = await app.store.listAudit({ action: 'key.refused', limit: 9 })
  expect(rows.map(({ count, subject, tenantId }) => ({ count, subject, tenantId }))).toEqual([
    { count: 1, subject: siteKey.apiKey, tenantId: tenant.id },
    { count: 6, subject: siteKey.apiKey, tenantId: tenant.id },
  ])
  expect(JSON.stringify(rows)).not.toContain('guessed')
})

it('a hundred thousand callers without a key in an hour add a hundred rows and a sum', async () => {
  const { app, clock } = await testApp()
  const before = (await app.store.listAudit({ limit: 999 })).length

  for (let stranger = 0; stranger < 100_000; stranger += 1) {
    app.auditCounter.count({
      at: clock.now(),
      actor: `address:${stranger}`,
      action: 'key.refused',
      subject: 'unknown key',
      bucket: clock.now(),
    })
    if (stranger % 10_000 === 0) await app.auditCounter.flush()
  }
  await app.auditCounter.flush()

  const rows = await app.store.listAudit({ limit: 999 })
  expect(rows).toHaveLength(before + 101)
  const refused = rows.filter(({ action }) => action === 'key.refused')
  expect(refused.reduce((sum, { count }) => sum + count, 0)).toBe(100_000)
})

it('a hint at what does not exist tells which kind of thing, how often, and never which', async () => {
  const { app } = await testApp()
  const { siteKey } = await aTenant(app)

  for (const item_id of [1_234_567, 7_654_321]) {
    await callMethod(app, 'get_bank_accounts', { item_id }, { as: siteKey })
  }
  await app.auditCounter.flush()

  const rows = await app.store.listAudit({ action: 'id.unknown', limit: 9 })
  expect(rows).toMatchObject([{ actor: `key:${siteKey.apiKey}`, subject: 'Item', count: 2 }])
  expect(JSON.stringify(rows)).not.toMatch(/1234567|7654321/)
})

it('a database error tells no value that was at work: errors end in the log', async () => {
  const path = databaseFile()
  const store = createSqliteStore(path)
  onTestFinished(() => store.close())
  const raw = new Sqlite(path)
  onTestFinished(() => void raw.close())
  raw.exec('DROP TABLE audit; CREATE TABLE audit (id INTEGER PRIMARY KEY)')

  const failures = await Promise.all([
    store
      .createTenant({ id: 'ten_1', name: 'planted-name' }, testBy)
      .catch((error: unknown) => error),
    store.findTenant('planted-name').catch((error: unknown) => error),
    store.listAudit({ tenantId: 'planted-name', limit: 1 }).catch((error: unknown) => error),
  ])

  const errors = failures.filter((failure) => failure instanceof Error)
  expect(errors).toHaveLength(2)
  for (const error of errors) {
    const told = inspect(error, { depth: 9, showHidden: true })
    expect(told).toMatch(/no (such )?column|has no column/)
    expect(told).not.toContain('planted-name')
  }
})
