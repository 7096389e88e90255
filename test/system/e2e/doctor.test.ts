import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { firstStart } from '../../support/gateway.ts'
import { aProxy } from '../../support/proxy.ts'
import { runCliProcess } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { tlsReceiver } from '../../unit/webhooks/tls-receiver.ts'

test('doctor goes by the proxy too, and believes a private CA, as the server does', async () => {
  const bridge = await tlsReceiver((request, response) => {
    response.writeHead(200).end(request.url === '/live' ? '{"status":"live"}' : '{"resources":[]}')
  })
  const proxy = await aProxy(bridge.port)
  const folder = testFolder()
  const env = {
    DATA_DIR: folder,
    PUBLIC_URL: 'https://erp.acme.test',
    BRIDGE_BASE_URL: 'https://erp.acme.test',
    BRIDGE_CLIENT_ID: 'id',
    BRIDGE_CLIENT_SECRET: 'secret',
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    HTTPS_PROXY: proxy.url,
    NODE_USE_ENV_PROXY: '0',
    NODE_EXTRA_CA_CERTS: fileURLToPath(
      new URL('../../unit/webhooks/erp.acme.test.pem', import.meta.url),
    ),
  }
  await firstStart(env)

  const { out, err } = await runCliProcess(folder, ['doctor', '--json'], env)
  expect(err).toBe('')
  const { NODE_EXTRA_CA_CERTS: _, ...stranger } = env
  const without = await runCliProcess(folder, ['doctor', '--json'], stranger)

  const says = (text: string) => JSON.parse(text) as { check: string; says: string }[]
  expect(says(out)).toContainEqual(
    expect.objectContaining({ check: 'bridge credentials', says: 'accepted by Bridge' }),
  )
  expect(says(out)).toContainEqual(
    expect.objectContaining({ check: 'public address', level: 'ok' }),
  )
  expect(says(without.out)).toContainEqual(
    expect.objectContaining({ check: 'bridge credentials', level: 'critical' }),
  )
  expect(proxy.asked).toContain('CONNECT erp.acme.test:443')
})
