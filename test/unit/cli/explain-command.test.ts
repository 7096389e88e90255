import { dirname } from 'node:path'
import { expect, it } from 'vitest'
import { createMovableClock } from '../../../src/clock.ts'
import { aConnectedBank, callMethod, testApp, testEnvironment } from '../../support/app.ts'
import { runCli } from '../../support/run-cli.ts'
import { databaseFile } from '../../support/store.ts'
import { aTenant, testBy } from '../../support/tenants.ts'

/** A server on a database in a file, and the command line beside it. */
async function aServer(env: Record<string, string> = {}) {
  const database = databaseFile()
  const clock = createMovableClock()
  const setup = await testApp({ database, env, clock })
  const acme = await aTenant(setup.app, { sites: ['erp.acme.test', 'slow.acme.test'] })
  const call = async (method: string, params: object, as = acme.siteKey) => {
    const { headers } = await callMethod(setup.app, method, params, { as })
    await setup.app.callLog.flush()
    return String(headers['x-request-id'])
  }
  const explain = async (...args: string[]) => {
    const ran = await runCli(dirname(database), ['explain', ...args], {
      ...testEnvironment,
      ...env,
    })
    if (ran.code === 0) {
      for (const line of ran.out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    }
    return ran
  }
  return { ...setup, ...acme, call, explain }
}

it('a refused call tells whose what it named is, which its caller was not told', async () => {
  const setup = await aServer()
  const { call, explain, sites, siteKey } = setup
  const { itemId } = await aConnectedBank(setup, sites[1]!, { user: 'ann' })
  const id = await call('get_bank_accounts', { item_id: itemId })

  const { out } = await explain(id)

  expect(out.replaceAll('\n', ' ')).toContain(
    `get_bank_accounts was refused with 404 item_not_found. Item ${itemId} belongs to ann on slow.acme.test of tenant acme, which this key does not see; the caller was not told.`,
  )
  expect(out).toMatch(new RegExp(`^key +${siteKey.apiKey}$`, 'm'))
  expect(out).toMatch(/^site +erp\.acme\.test$/m)
  expect(out).toMatch(new RegExp(`^message +Item ${itemId} not found$`, 'm'))
})

it('a revoked key is told, with the command that makes a new one on a line of its own', async () => {
  const { app, call, explain, siteKey } = await aServer()
  await app.store.changeKey(siteKey.apiKey, { kind: 'revoked' }, testBy)
  const id = await call('get_bank_accounts', { item_id: 7 })

  const { out } = await explain(id)
  const ofKey = await explain(siteKey.apiKey)

  expect(out.replaceAll('\n', ' ')).toContain('The key of erp.acme.test was revoked')
  expect(out).toMatch(/^ {2}bank-api key create --tenant acme --site erp\.acme\.test$/m)
  expect(ofKey.out.replaceAll('\n', ' ')).toMatch(
    /The key of erp\.acme\.test was revoked .* ago\. Since then 1 call has been refused\./,
  )
  expect(ofKey.out).toMatch(/^ {2}bank-api key create --tenant acme --site erp\.acme\.test$/m)
})

it('which limit was met is told', async () => {
  const { call, explain } = await aServer({ LIMIT_PER_KEY: '1' })
  await call('get_bank_accounts', { item_id: 7 })
  const id = await call('get_bank_accounts', { item_id: 7 })

  const { out } = await explain(id)

  expect(out.replaceAll('\n', ' ')).toContain(
    'The key made more calls in a minute than LIMIT_PER_KEY allows.',
  )
  expect(out).toMatch(/^limit +key$/m)
})

it('an item tells how it stands, in groups; --all tells every step', async () => {
  const setup = await aServer()
  const { call, explain, site } = setup
  const { itemId, accountId, user } = await aConnectedBank(setup, site, { user: 'ann@acme.test' })
  for (let n = 0; n < 12; n += 1) await call('get_bank_accounts', { item_id: itemId })

  const { out } = await explain(String(itemId))
  const all = await explain(String(itemId), '--all')

  expect(out).toContain(`Item ${itemId}`)
  expect(out).toMatch(/12 × call get_bank_accounts: 200/)
  expect(all.out.match(/call bank_api\.bridge\.get_bank_accounts: 200/g)).toHaveLength(12)
  for (const word of [
    String(accountId),
    user.userUuid,
    'ANN@acme.test',
    user.id,
    'erp.acme.test',
  ]) {
    const told = await explain(word)
    expect(told, word).toMatchObject({ code: 0, err: '' })
  }
})

it('a word that may mean several things is answered with each of them', async () => {
  const setup = await aServer()
  const { explain, sites } = setup
  for (const site of sites) await aConnectedBank(setup, site, { user: 'ann' })

  const { code, err } = await explain('ann')

  expect(code).toBe(1)
  expect(err).toContain('user ann on erp.acme.test of acme')
  expect(err).toContain('user ann on slow.acme.test of acme')
})

it('what nobody knows is one line, and of a call where else to look', async () => {
  const { explain } = await aServer()

  expect(await explain('nobody')).toMatchObject({
    code: 1,
    err: 'Nothing here has the id or name nobody\n',
  })
  expect((await explain('req_unknown')).err).toContain('the log has the id')
})

it('what was deleted is told from the audit, by its name and by its receipt', async () => {
  const { app, explain } = await aServer()
  const at = Date.parse('2027-01-31T10:00:00Z')
  const deleted = { at, actor: 'cli:ann', action: 'site.deleted', subject: 'shop.globex.test' }
  await app.store.audit({ ...deleted, detail: { removal: 'rmv_7' } })

  for (const word of ['shop.globex.test', 'Shop.Globex.test', 'rmv_7']) {
    const { code, err } = await explain(word)

    expect(code).toBe(1)
    expect(err.replaceAll(/\s+/g, ' ')).toMatch(
      /^The site shop\.globex\.test was deleted on 2027-01-31T10:00:00\S* by cli:ann, receipt rmv_7 $/,
    )
  }
  expect((await explain('rmv_8')).err).toContain('Nothing here has the id or name rmv_8')
})

it('a tenant’s name leads to its sites, also when another of that name was deleted', async () => {
  const { app, explain } = await aServer()
  const deleted = { at: 1, actor: 'cli:ann', action: 'tenant.deleted' }
  await app.store.audit({ ...deleted, subject: 'acme' })
  await app.store.audit({ ...deleted, subject: 'globex' })

  expect((await explain('ACME')).err).toBe(
    'acme is a tenant: ask for one of its sites\nbank-api site list --tenant acme\n',
  )
  expect((await explain('globex')).err).toMatch(/^The tenant globex was deleted on/)
})
