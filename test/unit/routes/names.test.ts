import { expect, test } from 'vitest'
import { callMethod, testApp } from '../../support/app.ts'
import { aTenant, aUser } from '../../support/tenants.ts'

const hostile = 'erp\u001b]0;title\u0007\u200b'

async function aCaller() {
  const made = await testApp()
  const acme = await aTenant(made.app)
  const link = (params: object) =>
    callMethod(
      made.app,
      'get_bridge_connect_link',
      { email: 'ada@acme.test', redirect_url: 'https://erp.acme.test/app', ...params },
      { as: acme.tenantKey },
    )
  return { ...made, acme, link }
}

test.each(['site', 'user', 'bank'])('a new %s with hidden characters is refused', async (name) => {
  const { app, acme, link } = await aCaller()
  const before = await app.store.listSites(acme.scope)

  const answer = await link({ site: acme.site.name, [name]: hostile })

  expect(answer).toMatchObject({ status: 417, body: { exc_type: 'ValidationError' } })
  expect(answer.body.exception).toContain(`'${name}'`)
  expect(await app.store.listSites(acme.scope)).toEqual(before)
  expect(await app.store.findUsers(acme.scope, hostile)).toEqual([])
})

test('a site and a user so named before stay usable', async () => {
  const { app, acme, link } = await aCaller()
  const by = { actor: 'test', at: app.clock.now() }
  const row = { id: 'sit_old', tenantId: acme.tenant.id, name: hostile }
  const site = await app.store.ensureSite({ ...row, webhookSecret: Buffer.alloc(1) }, by)
  const user = await aUser(app, site, { name: hostile })

  const answer = await link({ site: hostile, user: hostile, redirect_url: 'https://old.test/' })

  expect(answer.status).toBe(200)
  const opened = await app.store.findRequest(acme.scope, answer.message.request)
  expect(opened).toMatchObject({ site: { id: site.id }, user: { id: user.id } })
})
