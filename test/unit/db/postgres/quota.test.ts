import { expect, onTestFinished } from 'vitest'
import { createPool } from '../../../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../../../src/db/postgres/store.ts'
import type { QuotaAsk } from '../../../../src/quota-lending.ts'
import { testNow } from '../../../support/clock.ts'
import { testDatabase, withPostgres } from '../../../support/postgres.ts'

withPostgres((it, server) => {
  const withQuota = async () => {
    const pool = createPool({ url: await testDatabase(server), poolSize: 2 })
    const store = createPostgresStore(pool)
    onTestFinished(() => store.close())
    const limits = { burst: 400, perSecond: 5, userPerMinute: 60, tokensPerMinute: 10 }
    const nothing = { by: 'srv_1', at: testNow, limits, wants: [], unused: [], holds: [] }
    const ask = (asked: Partial<QuotaAsk> = {}) => store.quota!.lendQuota({ ...nothing, ...asked })
    const row = async () =>
      (await pool.query<{ state: object; version: string }>('SELECT * FROM bridge_quota')).rows[0]
    return { ask, row }
  }

  it('who asks how the shared quota stands changes nothing, and is told', async () => {
    const { ask, row } = await withQuota()
    await ask({ wants: [{ tenant: 'ten_a', key: 'user ann', count: 3, spare: 0 }] })
    const before = await row()

    expect((await ask()).available).toBe(397)

    expect(await row()).toEqual(before)
  })

  it('nothing is kept of a user who made no call for longer than counts', async () => {
    const { ask, row } = await withQuota()
    await ask({ wants: [{ tenant: 'ten_a', key: 'user ann', count: 3, spare: 0 }] })
    expect(JSON.stringify(await row())).toContain('user ann')

    await ask({ at: testNow + 63_000 })

    expect(JSON.stringify(await row())).not.toContain('user ann')
  })
})
