import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { dataDirectory, runCli, startGateway } from '../../support/gateway.ts'
import { receiver } from '../../unit/webhooks/receiver.ts'
import { demoKey, siteClient } from './visit.ts'

test('a tenant is exported, then deleted by the server, with a receipt', async () => {
  const home = dataDirectory(onTestFinished)
  const SANDBOX_PORT = String(await freePort())
  const server = await startGateway({ ...home, SANDBOX_PORT }, onTestFinished)
  const call = siteClient(server.url, demoKey(server.stdout()))
  const { url, request } = await call('get_bridge_connect_link', {
    redirect_url: 'http://erp.example.test/app/bank',
    user: 'me@example.com',
  })
  const session = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login: 'success', password: 'any' }),
    redirect: 'manual',
  })
  await fetch(session.headers.get('location')!, { redirect: 'manual' })
  const { item_id } = await call('get_bridge_item_id', { request })
  await call('get_bank_accounts', { item_id })

  const exported = await runCli(server.env, 'tenant', 'export', 'demo')
  const site = ['site', 'delete', 'demo', '--tenant', 'demo', '--bridge-users', '--yes', '--json']
  const deleted = await runCli(server.env, ...site)
  const tenant = await runCli(server.env, 'tenant', 'delete', 'demo', '--yes', '--json')
  await server.said('"kind":"site","msg":"deleted"') // so its calls took their turn in the server's quota

  expect(JSON.parse(exported.stdout)).toMatchObject({ items: [{ id: item_id }] })
  expect(deleted).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(deleted.stdout)).toMatchObject({
    deleted: 'site',
    receipt: expect.stringMatching(/^rmv_/) as string,
    bridge_items: 1,
    bridge_users: 1,
    items: 1,
    accounts: 12,
    keys: 1,
  })
  await expect(call('get_category')).rejects.toMatchObject({ httpStatus: 401 })
  expect(JSON.parse(tenant.stdout)).toMatchObject({ deleted: 'tenant', sites: 0 })
  const { code, stderr } = await runCli(server.env, 'tenant', 'delete', 'demo')
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'There is no tenant named demo\n' })
})

// oxlint-disable-next-line typescript/no-explicit-any -- read as a stranger reads it
const jsonOf = ({ out, err }: { out: string; err: string }): any => {
  expect(err).toBe('')
  return JSON.parse(out)
}

test('a test webhook tells what came back; a disabled endpoint is enabled by command', async () => {
  const site = 'erp.acme.test'
  const env = dataDirectory(onTestFinished)
  const { env: all } = await startGateway(env, onTestFinished)
  const at = await receiver((_, response) => void response.writeHead(202).end('hello'))
  const cli = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(all, ...args, '--tenant', 'acme', '--json')
    return { code, out: stdout, err: stderr }
  }
  await runCli(all, 'tenant', 'create', 'acme')
  await cli('key', 'create', '--site', site)
  await cli('site', 'update', site, '--webhook-url', at.url)

  expect(jsonOf(await cli('webhook', 'test', site))).toMatchObject({
    delivered: true,
    status: 202,
    response: 'hello',
  })
  expect(JSON.parse(at.posts[0]!.body)).toMatchObject({ type: 'webhook.test', content: { site } })
  expect(at.posts[0]!.headers['x-bank-api-event']).toBe('webhook.test')

  at.answer(410)
  const gone = await cli('webhook', 'test', site)
  expect([gone.code, JSON.parse(gone.out).status]).toEqual([1, 410])
  expect(JSON.parse((await cli('webhook', 'test', site)).out)).toMatchObject({
    status: 410,
    endpoint: expect.stringContaining('it answered 410 Gone'),
  })

  at.answer(200)
  expect(jsonOf(await cli('webhook', 'enable', site))).toEqual({
    site,
    enabled: true,
    waiting: 0,
    recovered: 0, // of the tests nobody waits for the answer any more
  })
  expect(jsonOf(await cli('webhook', 'test', site))).toMatchObject({ delivered: true })
})
