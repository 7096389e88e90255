import { expect, test } from 'vitest'
import { aConnectedBank, testApp } from '../../support/app.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'
import { aTenant } from '../../support/tenants.ts'
import { openSandbox } from '../../unit/sandbox/open-sandbox.ts'

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const secret = 'webhook-secret'

/** Texts that outgrow a stack, throw where they are made text, or pass for what they are not. */
const odd = [
  nested(30_000),
  `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
  '{"toString":1,"valueOf":1}',
  '{"toJSON":1}',
  '{"__proto__":{"x":1}}',
  'null',
  '"\\ud800"',
  '1e999',
  '',
]

test.each([
  '/bridge/callback',
  '/renew/x',
  '/renewed',
  '/docs',
  '/live',
  '/openapi.json',
  '/nowhere',
])('%s never answers 500, whatever its query and body', async (path) => {
  const { app } = await testApp()

  for (const text of odd) {
    const given = encodeURIComponent(text.slice(0, 2_000))
    for (const query of [
      `?${given}`,
      `?context=${given}&item_id=${given}&lang=${given}&a[b]=${given}`,
    ]) {
      for (const method of ['GET', 'POST', 'DELETE'] as const) {
        const type = { 'content-type': 'application/json' }
        const { statusCode } = await app.inject({
          method,
          url: path + query,
          headers: type,
          ...(method !== 'GET' && { payload: text }),
        })
        expect(statusCode).toBeLessThan(500)
      }
    }
  }
})

test('what Bridge signs is taken or refused, however odd it is', async () => {
  const made = await testApp({ env: { BRIDGE_WEBHOOK_SECRETS: secret } })
  const { app } = made
  const { site } = await aTenant(app)
  const { user, itemId } = await aConnectedBank(made, site)
  const head = `"type":"item.refreshed","timestamp":${app.clock.now()}`

  for (const text of odd.filter((each) => each !== '')) {
    for (const body of [
      text,
      `{${head},"content":${text}}`,
      `{${head},"content":{"item_id":${itemId},"user_uuid":"${user.userUuid}","more":${text}}}`,
      `{${head},"content":{"item_id":${text},"user_uuid":${text},"status":${text}}}`,
    ]) {
      const { statusCode } = await app.inject({
        method: 'POST',
        url: '/webhooks/bridge',
        headers: { 'bridgeapi-signature': signBridgeWebhook(body, secret) },
        payload: body,
      })
      expect(statusCode).toBeLessThan(500)
    }
  }
})

test('no lever and no page of the sandbox answers 500 for what it is sent', async () => {
  const { app } = openSandbox()
  const posts = ['clock', 'faults', 'quotas', 'switches', 'items/x/refresh'].map(
    (n) => `/_sandbox/${n}`,
  )

  for (const text of odd) {
    for (const url of [...posts, '/session/x', '/v3/aggregation/users']) {
      const { statusCode } = await app.inject({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json' },
        payload: text,
      })
      expect(statusCode, `${url} ${text.slice(0, 40)}`).toBeLessThan(500)
    }
  }
})
