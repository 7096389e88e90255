import { expect, onTestFinished } from 'vitest'
import { createMovableClock } from '../../../src/clock.ts'
import { buildSandbox } from '../../../src/sandbox/sandbox.ts'
import { testApp } from '../../support/app.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { runHere } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, aUser } from '../../support/tenants.ts'

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

  it('a command that calls Bridge spends of the quota that the servers share', async () => {
    const url = await testDatabase(server)
    const { app } = await testApp({ database: { url, poolSize: 2 }, clock: createMovableClock() })
    const { tenant, site } = await aTenant(app)
    const user = await aUser(app, site)
    const box = buildSandbox({ clock: createMovableClock(), origin: () => 'http://bridge.test' })
    onTestFinished(() => box.close())
    const counted = async () => {
      const key = `token ${user.userUuid}`
      const { keys } = await app.store.quota!.lendQuota({
        by: 'srv_1',
        at: app.clock.now(),
        limits: { burst: 400, perSecond: 5, userPerMinute: 60, tokensPerMinute: 10 },
        wants: [{ tenant: tenant.name, key, count: 0, spare: 0 }],
        unused: [],
        holds: [],
      })
      return keys[key]?.times.length ?? 0
    }
    const before = await counted()

    const removed = await runHere(['site', 'delete', site.name, '--tenant', tenant.name, '--yes'], {
      cwd: testFolder(),
      env: {
        ...bridge,
        BRIDGE_BASE_URL: await box.listen({ host: '127.0.0.1', port: 0 }),
        ALLOW_HTTP: 'true',
        DATABASE_URL: url,
        MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      },
    })

    expect(removed).toMatchObject({ code: 0, err: '' })
    expect([before, await counted()]).toEqual([0, 1])
  })
})

const bridge = {
  BRIDGE_CLIENT_ID: 'client-id-of-the-operator',
  BRIDGE_CLIENT_SECRET: 'client-secret-of-the-operator',
  PUBLIC_URL: 'https://bank.test',
}
