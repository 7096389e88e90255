import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { buildApp, startSandbox } from '../../../src/app.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import { createDemo } from '../../../src/demo/demo-key.ts'
import { loggerOptions } from '../../../src/logger.ts'
import { freePort } from '../../support/free-port.ts'
import { testFolder } from '../../support/store.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- answers are read as a site reads them
type Json = any

const minute = 60_000

/** A gateway with its sandbox and a site that listens, on real sockets, logging everything there is to log. */
async function aTalkativeGateway() {
  const dataDir = testFolder()
  const port = await freePort()
  const masterKey = Buffer.alloc(32, 42).toString('base64')
  const config = loadConfig({
    DATA_DIR: dataDir,
    PORT: String(port),
    SANDBOX_PORT: '0',
    LOG_LEVEL: 'trace',
    MASTER_KEY: masterKey,
  })
  const log: string[] = []
  const clock = createMovableClock()
  const sandbox = await startSandbox(config, clock)
  const app = await buildApp({
    config,
    clock,
    sandbox,
    workers: true,
    logger: {
      ...(loggerOptions('trace') as object),
      stream: { write: (line: string) => void log.push(line) },
    },
  })
  const heard: string[] = []
  const site = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      heard.push(Buffer.concat(chunks).toString('utf8'))
      response.statusCode = heard.length % 2 === 1 ? 200 : 500
      response.end('the site’s planted-answer')
    })
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const siteOrigin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  let isClosed = false
  const close = async () => {
    if (isClosed) return
    isClosed = true
    await app.close()
    await sandbox.close()
    site.closeAllConnections()
    site.close()
  }
  onTestFinished(close)

  const demo = (await createDemo(app, config.publicUrl))!
  await app.listen({ host: '127.0.0.1', port })
  const origin = config.publicUrl
  const call = async (name: string, args: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${origin}/api/method/bank_api.bridge.${name}`, {
      method: 'POST',
      headers: {
        authorization: `token ${demo.apiKey}:${demo.apiSecret}`,
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(args),
    })
    return (await answer.json()) as Json
  }
  const lever = (path: string, body: object) =>
    fetch(`${sandbox.origin}/_sandbox/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  return {
    app,
    call,
    clock,
    close,
    dataDir,
    demo,
    heard,
    lever,
    log,
    masterKey,
    origin,
    sandbox,
    siteOrigin,
  }
}

it('after a whole day of a site, at trace, neither database nor log holds a secret, a link or bank data', async () => {
  const {
    app,
    call,
    close,
    dataDir,
    demo,
    heard,
    lever,
    log,
    masterKey,
    origin,
    sandbox,
    siteOrigin,
  } = await aTalkativeGateway()
  const email = 'planted.person@example.com'
  const password = 'planted-bank-password'
  const links: string[] = []
  const open = async (method: string, more: object) => {
    const { message } = await call(method, {
      redirect_url: `${siteOrigin}/app/bank`,
      webhook_url: `${siteOrigin}/hook`,
      bank: 'Demo Bank',
      user: email,
      email,
      ...more,
    })
    links.push(message.url)
    return message as { url: string; request: string }
  }
  const finish = async ({ url }: { url: string }, login: string) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password }),
      redirect: 'manual',
    })
    const back = answer.headers.get('location')
    if (back) await fetch(back, { redirect: 'manual' })
  }

  // A bank is connected and read in every way there is.
  const first = await open('get_bridge_connect_link', {})
  await finish(first, 'success')
  const { message: ended } = await call('get_bridge_item_id', { request: first.request })
  const item_id = ended.item_id as number
  expect(item_id).toEqual(expect.any(Number))
  const { message: accounts } = await call('get_bank_accounts', { item_id, user: email })
  await call('get_bridge_item_details', { item_id })
  await call('post_item_refresh', { item_id })
  await call('get_single_bank', { bank_id: 574 })
  await call('get_category', { lang: 'fr' })
  const { message: rows } = await call('get_bank_transactions', { user: email })
  await call('get_bank_transactions_by_account', { account_id: accounts[0].id })
  await open('get_bridge_edit_link', { item_id })
  await open('get_sca_authentication_link', { item_id })
  await finish(await open('get_bridge_connect_link', {}), '402')

  // Things go wrong, at Bridge and here.
  await call('get_bank_accounts', { item_id: 'planted-nonsense', user: email })
  await call('get_bank_accounts', { item_id: 999, user: email })
  await lever('faults', { path: '/v3/aggregation/accounts', status: 500, count: 9 })
  await call('get_bank_accounts', { item_id })
  await lever('faults', { path: '/v3/aggregation/transactions', cut: true, count: 9 })
  await call('get_bank_transactions', { user: email })
  await fetch(`${sandbox.origin}/_sandbox/faults`, { method: 'DELETE' })
  const strange = { authorization: `token ${demo.apiKey}:planted-wrong-secret` }
  await call('get_bank_accounts', { item_id }, strange)
  await call('get_bank_accounts', { item_id }, { authorization: 'Bearer planted-bearer' })
  const query = `api_key=${demo.apiKey}&api_secret=${demo.apiSecret}&user=${email}`
  await fetch(`${origin}/api/method/bank_api.bridge.get_bank_transactions?${query}`)
  await fetch(`${origin}/api/method/ping?${query}`, { method: 'POST', body: `{"planted-broken` })
  await fetch(`${origin}/bridge/callback?context=planted-context&item_id=1&success=true`)
  await fetch(`${origin}/webhooks/bridge`, {
    method: 'POST',
    headers: { 'bridgeapi-signature': 'v1=planted-signature' },
    body: '{"planted-event":1}',
  })
  await lever('webhooks/test', {})
  // Before they expire: the sandbox keeps what tokens it gave in its own file.
  const bearers = (): string[] =>
    JSON.parse(readFileSync(join(dataDir, 'sandbox.json'), 'utf8')).tokens.map(
      ({ value }: Json) => value,
    )
  await expect.poll(bearers).not.toEqual([])
  const tokens = bearers()
  await lever('clock', { advance: 26 * 60 * minute })
  await call('delete_bridge_item_id', { item_id, user: email })

  // The site was told, and what it answered is kept.
  await expect.poll(() => heard.join('\n')).toContain('connect.completed')
  await expect.poll(() => app.store.listSealed('response', null, 9)).not.toEqual([])
  const sites = await app.store.listSealed('webhook-secret', null, 10)
  const webhookSecrets = sites.map(({ rowId, sealed }) =>
    app.keyring.open(sealed, `sites/${rowId}/webhook_secret`).toString('utf8'),
  )
  const raw = ['bank-api.sqlite', 'bank-api.sqlite-wal'].map((name) =>
    readFileSync(join(dataDir, name)).toString('latin1'),
  )
  await close()

  const planted: Record<string, string[]> = {
    secrets: [demo.apiSecret, masterKey, sandbox.webhookSecret, ...webhookSecrets],
    'the operator’s Bridge secret': ['sandbox_secret'],
    links: links.flatMap((link) => [link, new URL(link).pathname.split('/').at(-1)!]),
    'Bridge tokens': tokens,
    ibans: accounts.map(({ iban }: Json) => iban).filter(Boolean),
    // Three letters stand in random bytes by chance.
    'account names': accounts
      .map(({ name }: Json) => name)
      .filter(({ length }: string) => length > 5),
    'transaction texts': rows
      .flatMap((row: Json) => [row.clean_description, row.provider_description])
      .filter((text: unknown) => typeof text === 'string' && text.length > 5),
    'what strangers sent': [
      password,
      'planted-nonsense',
      'planted-wrong-secret',
      'planted-bearer',
      'planted-broken',
      'planted-signature',
      'planted-event',
      'planted-answer',
    ],
  }
  for (const [kind, words] of Object.entries(planted)) expect(words.length, kind).toBeGreaterThan(0)
  expect(planted['transaction texts']!.length).toBeGreaterThan(100)

  const logged = log.join('')
  const tables = dump(join(dataDir, 'bank-api.sqlite'))
  // What they may hold is there: the search looks in the right place.
  expect(logged).toContain('bank_api.bridge.get_bank_transactions')
  expect(tables).toContain(first.request)
  expect(raw.join('')).toContain(first.request)
  expect(finder({ request: [first.request] })(tables)).toEqual([`request: ${first.request}`])
  const places = { 'the log': logged, 'the tables': tables, 'the files': raw.join('\n') }
  const find = finder(planted)
  const found = Object.entries(places).flatMap(([place, text]) =>
    find(text).map((what) => `${what} in ${place}`),
  )
  expect(found).toEqual([])
  // The site's word for its user is what it asks for its user with; it stands there, and folded beside it, and nowhere else.
  expect(logged).not.toContain(email)
  expect(tables.split('\n').filter((line) => line.includes(email))).toEqual([
    expect.stringMatching(/^bridge_users\.name: /) as string,
    expect.stringMatching(/^bridge_users\.folded_name: /) as string,
  ])
})

/** Looks for all words of all kinds in one pass over a text: the transactions alone have ten thousand. */
function finder(planted: Record<string, string[]>): (text: string) => string[] {
  const start = 6
  const wanted = Object.entries(planted).flatMap(([kind, words]) =>
    [...new Set(words)].flatMap((word) =>
      spellings(word).map((spelling) => ({ what: `${kind}: ${word}`, spelling })),
    ),
  )
  const shorter = wanted.filter(({ spelling }) => spelling.length < start)
  expect(shorter, 'too short to be looked for').toEqual([])
  const byStart = Map.groupBy(wanted, ({ spelling }) => spelling.slice(0, start))
  return (text) => {
    const found = new Set<string>()
    for (let at = 0; at + start <= text.length; at += 1) {
      for (const { what, spelling } of byStart.get(text.slice(at, at + start)) ?? []) {
        if (text.startsWith(spelling, at)) found.add(what)
      }
    }
    return [...found]
  }
}

/** A word as it might stand in a file: plain, in JSON, in a URL, in base64 or hex, in UTF-8 read byte by byte. */
const spellings = (word: string): string[] => {
  const bytes = Buffer.from(word)
  return [
    word,
    JSON.stringify(word).slice(1, -1),
    encodeURIComponent(word),
    bytes.toString('latin1'),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
  ]
}

/** Every value of every table, a line each; blobs byte by byte and in base64. */
function dump(path: string): string {
  const db = new Sqlite(path, { readonly: true })
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .pluck()
    .all()
  const lines = tables.flatMap((table) =>
    (db.prepare(`SELECT * FROM "${table}"`).all() as Record<string, unknown>[]).flatMap((row) =>
      Object.entries(row).map(([column, value]) => {
        const text = Buffer.isBuffer(value)
          ? `${value.toString('latin1')} ${value.toString('base64')}`
          : String(value)
        return `${table}.${column}: ${text}`
      }),
    ),
  )
  db.close()
  return lines.join('\n')
}
