import { expect } from 'vitest'
import { callMethod, testApp } from '../../support/app.ts'
import { layCable } from '../../support/cable.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { aTenant } from '../../support/tenants.ts'

withPostgres((it, server) => {
  it('a server that stops while the database is away says what it could not write any more, and stops', async () => {
    const direct = new URL(await testDatabase(server))
    const cable = await layCable(Number(direct.port))
    const url = direct.href.replace(direct.port, String(cable.port))
    const { app, log } = await testApp({ database: { url, poolSize: 2 }, workers: true })
    const { siteKey } = await aTenant(app)
    const forged = { ...siteKey, authorization: `token ${siteKey.apiKey}:forged` }
    const statuses: number[] = []
    for (const as of [siteKey, forged]) {
      const { status } = await callMethod(app, 'frappe.auth.get_logged_user', {}, { as })
      statuses.push(status)
    }

    cable.cut()
    await app.close()

    expect(statuses).toEqual([200, 401])
    for (const text of ['calls not stored', 'audit counts not written']) {
      expect(log.filter((line) => line.includes(text))).toHaveLength(1)
    }
  })
})
