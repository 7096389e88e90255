import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import type { LimitName } from '../../../src/errors.ts'
import { loadConfig } from '../../../src/config.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { systemClock } from '../../../src/clock.ts'
import { runCli } from '../../support/run-cli.ts'
import { testIds } from '../../support/ids.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, aUser, itemFacts } from '../../support/tenants.ts'

const day = 24 * 60 * 60_000

/** Two tenants in a folder, with consents that end in 5, 20 and 100 days. */
async function anInstallation() {
  const folder = testFolder()
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const clock = systemClock
  const keyring = await unlockInstance(store, { config: loadConfig({ DATA_DIR: folder }), clock })
  const rooms = { store, keyring, clock, ids: testIds() }
  const acme = await aTenant(rooms, { name: 'acme', sites: ['erp.acme.test'] })
  const other = await aTenant(rooms, { name: 'other', sites: ['erp.other.test'] })
  const at = clock.now()
  const keep = async (tenant: typeof acme, user: string, items: [number, number | null][]) => {
    const owner = await aUser(rooms, tenant.site, { name: user })
    const facts = items.map(([id, days]) =>
      itemFacts({
        id,
        providerName: 'Demo Bank',
        authenticationExpiresAt: days === null ? null : at + days * day,
      }),
    )
    await store.keepItems(owner.id, facts, { at, complete: false })
  }
  await keep(acme, 'ann', [
    [1, 100],
    [2, 5],
    [3, null],
  ])
  await keep(other, 'ben', [[4, 20]])
  return { folder, store, acme }
}

const jsonOf = ({ out }: { out: string }): unknown => JSON.parse(out)

describe('bank-api item list', () => {
  it('shows the consents of all tenants, the one that ends first at the top', async () => {
    const { folder } = await anInstallation()

    const listed = await runCli(folder, ['item', 'list', '--json'])

    expect(listed).toMatchObject({ code: 0, err: '' })
    expect(jsonOf(listed)).toMatchObject([
      {
        item: 2,
        tenant: 'acme',
        site: 'erp.acme.test',
        user: 'ann',
        bank: 'Demo Bank',
        next: 'sca',
        days_left: 5,
      },
      { item: 4, tenant: 'other', next: 'sca', days_left: 20 },
      { item: 1, next: 'none', days_left: 100 },
      { item: 3, days_left: null, consent_ends: null },
    ])
  })

  it('--expiring leaves out what lasts longer, --tenant what is others’', async () => {
    const { folder } = await anInstallation()

    const soon = await runCli(folder, ['item', 'list', '--expiring', '20', '--json'])
    const own = await runCli(folder, [
      'item',
      'list',
      '--expiring',
      '20',
      '--tenant',
      'acme',
      '--json',
    ])

    expect(jsonOf(soon)).toMatchObject([{ item: 2 }, { item: 4 }])
    expect(jsonOf(own)).toMatchObject([{ item: 2 }])
  })

  it('refuses days that are none', async () => {
    const { folder } = await anInstallation()

    expect(await runCli(folder, ['item', 'list', '--expiring', 'soon'])).toMatchObject({ code: 2 })
  })
})

describe('bank-api quota', () => {
  it('says so while the server has written nothing down', async () => {
    const { folder } = await anInstallation()

    expect(await runCli(folder, ['quota'])).toMatchObject({
      code: 1,
      err: 'The server has written nothing down yet\n',
    })
  })

  it('shows what is left, who waits, and whether Bridge is there', async () => {
    const { folder, store, acme } = await anInstallation()
    const at = systemClock.now()
    const status = {
      quota: {
        burst: 400,
        perSecond: 5,
        available: 123,
        waiting: 7,
        granted: 1_000,
        refused: 3,
        tenants: [{ tenant: acme.tenant.id, waiting: 7, available: 0 }],
      },
      breaker: { open: true, since: at - 60_000, nextTryAt: at + 1_000, opened: 2 },
      credentials: { refused: false, refusedSince: null, refusals: 0 },
    }
    await store.saveBridgeStatus({ at, status })
    await store.addCalls(
      ['bridge_user', 'bridge_user', 'application'].map((limit, n) => ({
        id: `req_${n}`,
        at: systemClock.now(),
        method: 'bank_api.bridge.get_bank_transactions',
        status: 429,
        excType: 'TooManyRequestsError',
        refusal: {
          code: 'bridge_quota_spent',
          message: 'no',
          named: {},
          limit: limit as LimitName,
        },
        durationMs: 1,
        tenantId: acme.tenant.id,
        siteId: acme.site.id,
        apiKey: null,
        request: null,
        itemId: null,
        bridge: [],
      })),
    )

    const asked = await runCli(folder, ['quota', '--json'])
    const { out } = await runCli(folder, ['quota'])

    expect(jsonOf(asked)).toMatchObject({
      as_of: new Date(at).toISOString(),
      available: 123,
      waiting: 7,
      refused: 3,
      bridge_down_since: new Date(at - 60_000).toISOString(),
      credentials_refused_since: null,
      per_user_minute: 60,
      user_refused: 2,
      tenants: [{ tenant: 'acme', waiting: 7, available: 0 }],
    })
    expect(out).toMatch(/^One user was asked for too often, within an hour:$/m)
    expect(out).toMatch(/^acme +erp\.acme\.test +2$/m)
    expect(out).toMatch(/^available +123$/m)
    expect(out).toMatch(/^acme +7 +0$/m)
  })
})
