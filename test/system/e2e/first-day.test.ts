import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { dataDirectory, runCli, startGateway } from '../../support/gateway.ts'
import { demoKey, siteClient, visitBank, type Json } from './visit.ts'

const bash = promisify(execFile)

/** The shell commands a text shows: indented lines from `curl` on, as far as a backslash carries them. */
const commandsIn = (text: string): string[] =>
  text.match(/^ {2}curl (?:.*\\\n)*.*$/gm)?.map((command) => command.trim()) ?? []

const run = async (command: string): Promise<Json> => {
  const { stdout } = await bash('bash', ['-c', command])
  return JSON.parse(stdout).message
}

/** From a link to transactions, as a site and its user go. */
async function walk(ask: ReturnType<typeof siteClient>, site: Record<string, string>) {
  const order = {
    redirect_url: 'http://erp.example.test/app/bank?view=1#top',
    bank: 'Demo Bank',
    user: 'ada@acme.test',
  }
  const link = await ask('get_bridge_connect_link', { ...order, ...site })
  expect(await ask('get_bridge_item_id', { request: link.request })).toMatchObject({
    item_id: null,
  })

  const home = await visitBank(link.url)

  expect(home.origin + home.pathname + home.hash).toBe('http://erp.example.test/app/bank#top')
  const { view, request, success, item_id } = Object.fromEntries(home.searchParams)
  expect({ view, request, success }).toEqual({ view: '1', request: link.request, success: 'true' })
  const item = await ask('get_bridge_item_id', { request: link.request }, 'get')
  expect(item).toMatchObject({ item_id: Number(item_id), success: true, bank: 'Demo Bank' })
  return item.item_id as number
}

async function readAll(
  ask: ReturnType<typeof siteClient>,
  item_id: number,
  who: Record<string, string>,
) {
  const accounts = await ask('get_bank_accounts', { item_id, ...who }, 'get')
  expect(accounts).toHaveLength(12)
  const account_id = accounts[0].id
  const rows = await ask('get_bank_transactions_by_account', { account_id, ...who }, 'get')
  const all = await ask('get_bank_transactions', { ...who, lang: 'fr' })
  expect(rows.length).toBeGreaterThan(0)
  expect(all.length).toBeGreaterThan(rows.length)
  expect(all[0]).toMatchObject({ account_id: expect.any(Number), category: expect.any(String) })
  expect(await ask('get_bridge_item_details', { item_id }, 'get')).toMatchObject({
    item_id,
    status: 0,
  })
}

test('a newcomer starts it, pastes what it prints, and connects a bank', async () => {
  const gateway = await startGateway(dataDirectory(onTestFinished), onTestFinished)
  const [login, connect, ...more] = commandsIn(gateway.stdout())

  expect(more).toEqual([])
  expect(await run(login!)).toBe('demo')
  const link = await run(connect!)
  const home = await visitBank(link.url)

  expect(home.searchParams.get('success')).toBe('true')
})

test('Frappe’s own client walks from a link to transactions with a site key', async () => {
  const gateway = await startGateway(dataDirectory(onTestFinished), onTestFinished)
  const key = demoKey(gateway.stdout())
  const ask = siteClient(gateway.url, key)

  const item_id = await walk(ask, {})
  await readAll(ask, item_id, { user: 'ada@acme.test' })
  await expect(
    siteClient(gateway.url, { ...key, api_secret: 'wrong' })('get_bank_accounts', { item_id }),
  ).rejects.toMatchObject({ httpStatus: 401, exc_type: 'AuthenticationError' })

  const log = gateway
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{'))
  expect(log.length).toBeGreaterThan(5)
  for (const word of [key.api_secret, 'ada@acme.test', 'Demo Bank', '/session/', 'FR76', '?']) {
    expect(log.filter((line) => line.includes(word))).toEqual([])
  }
})

test('a host walks with a tenant key that the command line made, for a site it names', async () => {
  const gateway = await startGateway(dataDirectory(onTestFinished), onTestFinished)
  expect(await runCli(gateway.env, 'tenant', 'create', 'host')).toMatchObject({ code: 0 })
  const made = await runCli(gateway.env, 'key', 'create', '--tenant', 'host', '--json')
  const ask = siteClient(gateway.url, JSON.parse(made.stdout) as Parameters<typeof siteClient>[1])

  const item_id = await walk(ask, { base_url: 'http://erp.example.test' })
  await readAll(ask, item_id, { site: 'http://erp.example.test' })

  const demo = siteClient(gateway.url, demoKey(gateway.stdout()))
  await expect(demo('get_bank_accounts', { item_id })).rejects.toMatchObject({ httpStatus: 404 })
})

test('a second start prints no secret, and what was connected before still works', async () => {
  const data = dataDirectory(onTestFinished)
  const first = await startGateway(data, onTestFinished)
  const key = demoKey(first.stdout())
  const item_id = await walk(siteClient(first.url, key), {})
  expect(await first.end('SIGTERM')).toMatchObject({ code: 0, signal: null, stderr: '' })

  const second = await startGateway(data, onTestFinished)

  expect(second.stdout()).not.toMatch(/api_secret|Authorization/)
  expect(second.stdout()).toContain('npx bank-api key create --tenant demo --site demo')
  await readAll(siteClient(second.url, key), item_id, { user: 'ada@acme.test' })
})

/** From now on the server that has this database looks as if it had just renewed its lease: nobody can wait for its end. */
function keepSeen(path: string): void {
  const client = new Sqlite(path, { timeout: 5_000 })
  const id = client.prepare('SELECT server_id FROM instance').pluck().get()
  expect(id).toEqual(expect.any(String))
  const renew = client.prepare('UPDATE instance SET server_seen_at = ? WHERE server_id = ?')
  renew.run(Date.now(), id)
  const renewing = setInterval(() => renew.run(Date.now(), id), 500)
  onTestFinished(() => {
    clearInterval(renewing)
    client.close()
  })
}

test('killed without warning, it serves again at once with all it had said yes to', async () => {
  const data = dataDirectory(onTestFinished)
  const first = await startGateway(data, onTestFinished)
  const key = demoKey(first.stdout())
  const item_id = await walk(siteClient(first.url, key), {})
  expect(await first.end('SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL' })

  keepSeen(join(data['DATA_DIR']!, 'bank-api.sqlite'))

  const second = await startGateway(data, onTestFinished)

  const ask = siteClient(second.url, key)
  expect(await ask('get_bank_accounts', { item_id })).toHaveLength(12)
})
