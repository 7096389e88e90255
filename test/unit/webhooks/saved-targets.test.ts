import { expect, test } from 'vitest'
import { callMethod, testApp } from '../../support/app.ts'
import { aTenant } from '../../support/tenants.ts'

test.each([
  ['a private address', 'https://10.0.0.1'],
  ['loopback', 'https://127.0.0.1'],
  ['loopback over IPv6', 'https://[::ffff:7f00:1]'],
  ['metadata', 'https://169.254.169.254'],
  ['localhost', 'https://localhost'],
  ['a local name with a dot', 'https://erp.internal.'],
  ['our own address', 'https://bank.test'],
])('a link call cannot save %s as webhook URL, and that is counted', async (_, origin) => {
  const { app, bridge } = await testApp()
  const { siteKey, site } = await aTenant(app)

  const answer = await callMethod(
    app,
    'get_bridge_connect_link',
    { redirect_url: `${origin}/app`, webhook_url: `${origin}/hook`, email: 'a@acme.test' },
    { as: siteKey },
  )

  await app.auditCounter.flush()
  expect([answer.status, answer.body.exc_type]).toEqual([417, 'ValidationError'])
  expect(bridge.calls).toEqual([])
  expect((await app.store.findSite(siteKey.caller.scope, site.name))?.webhookUrl).toBeNull()
  expect(await app.store.listAudit({ action: 'target.refused', limit: 9 })).toMatchObject([
    { actor: `key:${siteKey.apiKey}`, subject: site.name, tenantId: site.tenantId, count: 1 },
  ])
})

test.each([
  ['credentials', 'https://user@erp.acme.test/hook'],
  ['a file', 'file:///etc/passwd'],
  ['gopher', 'gopher://erp.acme.test/'],
  ['data', 'data:text/plain,x'],
  ['http', 'http://erp.acme.test/hook'],
])('a link call refuses a webhook URL with %s', async (_, webhook_url) => {
  const { app, bridge } = await testApp()
  const { siteKey } = await aTenant(app)
  const order = { redirect_url: 'https://erp.acme.test/app', email: 'a@acme.test', webhook_url }

  const answer = await callMethod(app, 'get_bridge_connect_link', order, { as: siteKey })

  expect([answer.status, answer.body.exc_type]).toEqual([417, 'ValidationError'])
  expect(bridge.calls).toEqual([])
})
