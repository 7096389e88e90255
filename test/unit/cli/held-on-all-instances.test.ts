import type { FastifyInstance } from 'fastify'
import { expect } from 'vitest'
import { createMovableClock, systemIds } from '../../../src/clock.ts'
import { callMethod, testApp, testEnvironment } from '../../support/app.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { runHere } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant } from '../../support/tenants.ts'

const whoAmI = 'frappe.auth.get_logged_user'

withPostgres((it, server) => {
  /** Three instances of one installation, and its command line. */
  async function installation() {
    const url = await testDatabase(server)
    const apps: FastifyInstance[] = []
    for (const index of [0, 1, 2]) {
      const rooms = { clock: createMovableClock(), ids: systemIds }
      const { app, world } = await testApp({ ...rooms, database: { url, poolSize: 2 } })
      // Each has a Bridge of its own here, and no two may give users the same uuid.
      for (let times = 0; times < index; times += 1) world.addUser()
      apps.push(app)
    }
    const env = { ...testEnvironment, DATABASE_URL: url }
    const cwd = testFolder()
    const command = async (line: string) => {
      expect(await runHere(line.split(' '), { cwd, env })).toMatchObject({ code: 0, err: '' })
    }
    const { siteKey, tenantKey, tenant, site } = await aTenant(apps[0]!)
    const statuses = (name: string, params: object, as = siteKey) =>
      Promise.all(
        apps.map(async (app, index) => {
          const user = `user-of-${index}@acme.test`
          return (await callMethod(app, name, { ...params, user }, { as })).status
        }),
      )
    return { apps, command, siteKey, tenantKey, tenant, site, statuses }
  }

  it('a key that is revoked is none on any instance, once the command has ended', async () => {
    const { command, siteKey, tenantKey, statuses } = await installation()
    expect(await statuses(whoAmI, {})).toEqual([200, 200, 200])

    await command(`key revoke ${siteKey.apiKey} --yes`)

    expect(await statuses(whoAmI, {})).toEqual([401, 401, 401])
    expect(await statuses(whoAmI, {}, tenantKey)).toEqual([200, 200, 200])
  })

  it('a tenant that is disabled has no key on any instance, and has them all when it is enabled', async () => {
    const { command, tenant, statuses } = await installation()
    expect(await statuses(whoAmI, {})).toEqual([200, 200, 200])

    await command(`tenant disable ${tenant.name}`)
    const disabled = await statuses(whoAmI, {})
    await command(`tenant enable ${tenant.name}`)

    expect(disabled).toEqual([401, 401, 401])
    expect(await statuses(whoAmI, {})).toEqual([200, 200, 200])
  })

  it('a site that is moved has its new address on every instance', async () => {
    const { command, site, tenant, statuses } = await installation()
    const move = (origin: string) =>
      command(`site update ${site.name} --tenant ${tenant.name} --origin ${origin}`)
    await move('https://old.acme.test')
    const ask = (base_url: string) =>
      statuses('get_bridge_connect_link', { base_url, redirect_url: '/app/bank' })
    expect(await ask('https://old.acme.test')).toEqual([200, 200, 200])

    await move('https://new.acme.test')

    expect(await ask('https://old.acme.test')).toEqual([417, 417, 417])
    expect(await ask('https://new.acme.test')).toEqual([200, 200, 200])
  })
})
