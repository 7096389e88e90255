import { expect } from 'vitest'
import { createMovableClock } from '../../../src/clock.ts'
import { testApp } from '../../support/app.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { runHere } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'

withPostgres((it, server) => {
  it('what is left of a shared quota is the same on every server and for the command line', async () => {
    const url = await testDatabase(server)
    const env = { METRICS_TOKEN: 'token-of-the-metrics' }
    const shared = { database: { url, poolSize: 2 }, clock: createMovableClock(), env }
    const [one, two] = [await testApp(shared), await testApp(shared)]
    await one.app.jobs.saveBridgeStatus()

    await one.app.store.quota!.lendQuota({
      by: 'srv_1',
      at: shared.clock.now(),
      limits: { burst: 400, perSecond: 5, userPerMinute: 60, tokensPerMinute: 10 },
      wants: ['', 'ten_a'].map((tenant) => ({ tenant, key: '', count: 200, spare: 0 })),
      unused: [],
      holds: [],
    })
    const { quota } = await two.app.bridgeStatus()
    const metrics = await two.app.inject({
      url: '/metrics',
      headers: { authorization: 'Bearer token-of-the-metrics' },
    })
    const command = await runHere(['quota', '--json'], {
      cwd: testFolder(),
      env: { DATABASE_URL: url, MASTER_KEY: Buffer.alloc(32, 7).toString('base64'), ...bridge },
    })

    const told = JSON.parse(command.out) as { available: number; tenants: object[] }
    const [, gauge] = /^bank_api_bridge_quota_remaining (\d+)/m.exec(metrics.body) ?? []
    for (const left of [quota.available, Number(gauge), told.available]) {
      expect(left).toBeLessThan(399)
    }
    expect(told.tenants).toContainEqual(expect.objectContaining({ tenant: 'the server itself' }))
  })
})

const bridge = {
  BRIDGE_CLIENT_ID: 'client-id-of-the-operator',
  BRIDGE_CLIENT_SECRET: 'client-secret-of-the-operator',
  PUBLIC_URL: 'https://bank.test',
}
