import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock, systemIds } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { runCli } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { addItems, aTenant, aUser } from '../../support/tenants.ts'

const january = Date.UTC(2099, 0, 15)

/** Two tenants, of whom one is called as no spreadsheet should read it. */
async function anInstallation() {
  const folder = testFolder()
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const clock = systemClock
  const keyring = await unlockInstance(store, { config: loadConfig({ DATA_DIR: folder }), clock })
  const rooms = { store, keyring, clock, ids: systemIds }
  const acme = await aTenant(rooms, { name: 'acme, "the" host', sites: ['erp.acme.example'] })
  const other = await aTenant(rooms, { name: '=other', sites: ['erp.other.example'] })
  const ann = await aUser(rooms, acme.site, { name: 'ann' })
  await addItems(rooms, ann, 1, 2)
  await store.countConnections('2099-01', 9)
  const call = (id: string, tenantId: string, siteId: string | null) => ({
    id,
    at: january,
    method: 'ping',
    status: 200,
    excType: null,
    refusal: null,
    durationMs: 1,
    tenantId,
    siteId,
    apiKey: null,
    request: null,
    itemId: null,
    bridge: [],
  })
  await store.addCalls([
    call('req_1', acme.tenant.id, acme.site.id),
    call('req_2', acme.tenant.id, null),
    call('req_3', other.tenant.id, other.site.id),
  ])
  const usage = (...args: string[]) => runCli(folder, ['usage', ...args])
  return { usage }
}

describe('bank-api usage', () => {
  it('tells of each site what it used in the month', async () => {
    const { usage } = await anInstallation()

    const { code, out } = await usage('--month', '2099-01')

    expect(code).toBe(0)
    expect(out.split('\n')).toEqual([
      'tenant            site               connections  calls  webhooks  renewals',
      '=other            erp.other.example  0            1      0         0',
      'acme, "the" host  its own keys       0            1      0         0',
      'acme, "the" host  erp.acme.example   2            1      0         0',
      '',
    ])
  })

  it('tells programs and spreadsheets the same, no name becoming a formula', async () => {
    const { usage } = await anInstallation()

    const json = await usage('--month', '2099-01', '--tenant', 'acme, "the" host', '--json')
    const csv = await usage('--month', '2099-01', '--csv')

    const ofAcme = { month: '2099-01', tenant: 'acme, "the" host', webhooks: 0, renewals: 0 }
    expect(JSON.parse(json.out)).toEqual([
      { ...ofAcme, site: null, connections: 0, calls: 1 },
      { ...ofAcme, site: 'erp.acme.example', connections: 2, calls: 1 },
    ])
    expect(csv.out.split('\n')).toEqual([
      'month,tenant,site,connections,calls,webhooks,renewals',
      "2099-01,'=other,erp.other.example,0,1,0,0",
      '2099-01,"acme, ""the"" host",,0,1,0,0',
      '2099-01,"acme, ""the"" host",erp.acme.example,2,1,0,0',
      '',
    ])
  })

  it('takes this month when none is named, and no other word for one', async () => {
    const { usage } = await anInstallation()

    expect(await usage('--json')).toMatchObject({ code: 0, out: '[]\n' })
    expect(await usage('--month', '2027-13')).toMatchObject({ code: 2 })
    expect(await usage('--csv', '--json')).toMatchObject({ code: 1 })
    expect(await usage('--tenant', 'nobody')).toMatchObject({ code: 1 })
  })
})
