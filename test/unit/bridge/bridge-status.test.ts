import { describe, expect, it } from 'vitest'
import { callMethod, testApp } from '../../support/app.ts'
import { databaseFile } from '../../support/store.ts'
import { aTenant } from '../../support/tenants.ts'

describe('how we stand with Bridge', () => {
  it('is written down when something happened, and not before', async () => {
    const { app } = await testApp()
    const { siteKey } = await aTenant(app)
    await app.jobs.saveBridgeStatus()
    const first = await app.store.readBridgeStatus()

    await callMethod(app, 'get_single_bank', { bank_id: 574 }, { as: siteKey })
    await app.jobs.saveBridgeStatus()

    expect(first).toMatchObject({ status: { quota: { granted: 0, available: 400 } } })
    expect(await app.store.readBridgeStatus()).toMatchObject({
      status: { quota: { granted: 1, available: 399 } },
    })
  })

  it('is written down again by a server that leads again: another wrote meanwhile', async () => {
    const { app } = await testApp()
    await app.jobs.saveBridgeStatus()
    await app.store.saveBridgeStatus({ at: 1, status: { by: 'another' } })

    app.wakeups.emit('lead')
    await app.jobs.saveBridgeStatus()

    expect(await app.store.readBridgeStatus()).toMatchObject({ status: { quota: { granted: 0 } } })
  })

  it('is remembered over a restart, so that a crash loop spends no burst twice', async () => {
    const database = databaseFile()
    const before = await testApp({ database })
    const { siteKey } = await aTenant(before.app)
    await callMethod(before.app, 'get_single_bank', { bank_id: 574 }, { as: siteKey })
    await before.app.jobs.saveBridgeStatus()
    await before.app.close()

    const after = await testApp({ database })

    expect((await after.app.bridgeStatus()).quota.available).toBe(399)
  })
})
