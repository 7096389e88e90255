import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock, systemIds } from '../../../src/clock.ts'
import { loadConfig } from '../../../src/config.ts'
import type { CallRecord } from '../../../src/db/ports/history.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { widthOf } from '../../../src/terminal/width.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { runCli } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { aKey, anAnnouncement, aRequest, aTenant, aUser, itemFacts } from '../../support/tenants.ts'

const longSite = 'comptabilite.etablissements-dupont-et-fils.groupe-acme.example'
const day = 86_400_000

/** An installation with long names, and of everything something. */
async function anInstallation() {
  const folder = testFolder()
  const store = createSqliteStore(join(folder, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  const clock = systemClock
  const keyring = await unlockInstance(store, { config: loadConfig({ DATA_DIR: folder }), clock })
  const rooms = { store, keyring, clock, ids: systemIds }
  const acme = await aTenant(rooms, {
    name: 'Groupe Acme et Filiales Réunies',
    sites: [longSite, 'erp.acme.example', '会計システム.example'],
  })
  const other = await aTenant(rooms, { name: 'other', sites: ['erp.other.example'] })
  await aKey(rooms, acme.tenant, acme.site, {
    label: 'ERP in production, the second key of this site',
    expiresAt: clock.now() + 300 * day,
  })
  const by = { actor: 'cli', at: clock.now() }
  const webhookUrl = 'https://comptabilite.groupe-acme.example/api/method/acme.bank.webhook'
  await store.updateSite(acme.site.id, { webhookUrl, origin: new URL(webhookUrl).origin }, by)
  const ann = await aUser(rooms, acme.site, { name: 'jean-baptiste.de-la-salle@acme.example' })
  const ben = await aUser(rooms, other.site, { name: 'ben' })
  await store.keepItems(
    ann.id,
    [itemFacts({ id: 1_234_567_890, providerName: 'Crédit Agricole Centre-Est Entreprises' })],
    { at: clock.now(), complete: false },
  )
  await store.joinMembers(
    { id: systemIds.next('srv'), host: `${'a-host-with-a-long-name.'.repeat(3)}example`, pid: 123 },
    { at: clock.now(), silentSince: 0 },
  )
  const requests = [
    await aRequest(rooms, ann, { bank: 'Crédit Agricole Centre-Est Entreprises' }),
    await aRequest(rooms, ben),
  ]
  const events = [ann, ann, ben].map((user, n) =>
    anAnnouncement(rooms, user, {
      type: n === 0 ? 'item.account.created' : 'connect.completed',
      itemId: 1_234_567_890,
    }),
  )
  for (const event of events) await store.acceptEvent(event)
  const call = (n: number, fields: Partial<CallRecord> = {}): CallRecord => ({
    id: systemIds.next('req'),
    at: clock.now() - n * 60_000,
    method: 'bank_api.bridge.get_bank_transactions_by_account',
    status: 200,
    excType: null,
    refusal: null,
    durationMs: 12,
    tenantId: acme.tenant.id,
    siteId: acme.site.id,
    apiKey: acme.siteKey.apiKey,
    request: null,
    itemId: null,
    bridge: [],
    ...fields,
  })
  const refusal = {
    code: 'bridge_credentials_refused',
    message: 'Bridge does not take this gateway’s credentials. '.repeat(3),
    named: {},
    limit: null,
  }
  const calls = [
    call(1),
    call(2, { status: 502, excType: 'BridgeError', refusal }),
    call(3, { tenantId: other.tenant.id, siteId: other.site.id, method: 'ping', status: 404 }),
  ]
  await store.addCalls(calls)
  const cli = (...args: string[]) => runCli(folder, args)
  const list = async (...args: string[]) => {
    const { code, out, err } = await cli(...args, '--json')
    expect([code, err]).toEqual([0, ''])
    // oxlint-disable-next-line typescript/no-explicit-any -- read as a stranger reads it
    return JSON.parse(out) as any[]
  }
  return { ...rooms, folder, acme, other, ann, ben, requests, events, calls, cli, list }
}

const tenant = ['--tenant', 'Groupe Acme et Filiales Réunies']
const lists: Record<string, string[]> = {
  tenant: [],
  key: [],
  site: tenant,
  user: [],
  request: [],
  item: [],
  call: [],
  event: [],
  webhook: [],
  audit: [],
  member: [],
}

it('every list there is is known to these tests', async () => {
  const { cli } = await anInstallation()
  const groups = (await cli('--help')).out
    .match(/^ {2}([a-z-]+)(?= )/gm)!
    .map((word) => word.trim())
  const found: string[] = []
  for (const group of groups) {
    const { out } = await cli(group, '--help')
    if (/^ {2}list\b/m.test(out)) found.push(group)
  }

  expect(found.toSorted()).toEqual(Object.keys(lists).toSorted())
})

it.each(Object.keys(lists))(
  '%s list is one line for each row, within 80 columns',
  async (group) => {
    const { cli, list } = await anInstallation()
    const rows = await list(group, 'list', ...lists[group]!)

    const { code, out, err } = await cli(group, 'list', ...lists[group]!)

    expect([code, err]).toEqual([0, ''])
    const lines = out.trimEnd().split('\n')
    for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(80)
    expect(lines.length).toBe(Math.max(1, rows.length === 0 ? 1 : rows.length + 1))
  },
)

it.each([
  'tenant',
  'member',
  'key',
  'site',
  'user',
  'request',
  'item',
  'call',
  'event',
  'webhook',
  'audit',
])('%s list --wide has every column whole', async (group) => {
  const { cli, list } = await anInstallation()
  const [row] = await list(group, 'list', ...lists[group]!)

  const { out } = await cli(group, 'list', ...lists[group]!, '--wide')
  const [head = '', first = ''] = out.split('\n')

  expect(head.split(/ +/)).toEqual(Object.keys(row))
  for (const value of Object.values(row)) {
    if (typeof value === 'string') expect(first).toContain(value.trim())
  }
})

it('the list of members says which leads: none that is silent', async () => {
  const { store, list, clock } = await anInstallation()
  const now = clock.now()

  expect(await list('member', 'list')).toMatchObject([{ state: 'living', leads: true }])

  const silent = { id: 'srv_silent', host: 'b', pid: 7 }
  await store.joinMembers(silent, { at: now - 60_000, silentSince: now })
  expect(await list('member', 'list')).toMatchObject([
    { member: 'srv_silent', state: 'silent', leads: false },
  ])
})

describe('what an operator knows finds the rows', () => {
  it('calls by status, method, tenant and site', async () => {
    const { calls, list } = await anInstallation()
    const ids = async (...args: string[]) =>
      (await list('call', 'list', ...args)).map(({ call }) =>
        calls.findIndex((one) => one.id === call),
      )

    expect(await ids()).toEqual([0, 1, 2])
    expect(await ids('--status', '5xx')).toEqual([1])
    expect(await ids('--status', '404')).toEqual([2])
    expect(await ids('--method', 'get_bank_transactions_by_account')).toEqual([0, 1])
    expect(await ids('--method', 'ping', '--tenant', 'other')).toEqual([2])
    expect(await ids('--site', longSite.toUpperCase())).toEqual([0, 1])
    expect(await ids('--since', '2m')).toEqual([0])
  })

  it('until when a request is open: longer once its visitor is back, for Bridge may be away', async () => {
    const { requests, list, store } = await anInstallation()
    const expiry = async () =>
      Date.parse((await list('request', 'list', '--user', 'ben'))[0].expires)
    const before = await expiry()

    await store.changeRequest(requests[1]!, { kind: 'claimed', itemId: 7, step: null })

    expect(await expiry()).toBe(before + 24 * 60 * 60_000)
  })

  it('requests by user, users by name, events by item and type', async () => {
    const { requests, ann, ben, list } = await anInstallation()

    expect(await list('request', 'list', '--user', 'BEN')).toMatchObject([{ request: requests[1] }])
    expect(await list('request', 'list', '--state', 'failed')).toEqual([])
    expect(await list('user', 'list', '--name', ann.name.toUpperCase())).toMatchObject([
      { id: ann.id, bridge_user: ann.userUuid, items: 1 },
    ])
    expect(await list('user', 'list', '--tenant', 'other')).toMatchObject([{ id: ben.id }])
    expect(await list('event', 'list', '--item', '1234567890')).toHaveLength(3)
    expect(await list('event', 'list', '--type', 'item.account.created')).toHaveLength(1)
    expect(await list('webhook', 'list', '--site', 'erp.other.example')).toHaveLength(1)
    expect(await list('item', 'list', '--site', 'erp.acme.example')).toEqual([])
  })

  it('a site’s name suffices unless two tenants have it', async () => {
    const { cli, store, other } = await anInstallation()
    await store.ensureSite(
      { id: 'sit_x', tenantId: other.tenant.id, name: longSite, webhookSecret: Buffer.alloc(1) },
      { actor: 'cli', at: 1 },
    )

    expect(await cli('call', 'list', '--site', longSite)).toMatchObject({
      code: 1,
      err: `Several sites are named ${longSite}: give --tenant too\n`,
    })
    expect(await cli('call', 'list', '--site', 'nowhere')).toMatchObject({
      code: 1,
      err: 'There is no site named nowhere\n',
    })
  })

  it('an item is shown with its accounts, also when it is gone', async () => {
    const { cli, store, ann, clock } = await anInstallation()
    await store.keepAccounts([{ id: 71, itemId: 1_234_567_890 }], clock.now())
    await store.keepItems(ann.id, [], { at: clock.now() + day, complete: true })

    const { out } = await cli('item', 'show', '1234567890', '--json')

    expect(JSON.parse(out)).toMatchObject({ item: 1_234_567_890, user: ann.name, accounts: ['71'] })
    expect(JSON.parse(out).gone).not.toBeNull()
    expect(await cli('item', 'show', '9')).toMatchObject({ code: 1 })
  })
})

describe('a list with an order of its own', () => {
  /** Whatever stands first on each line below the head, and how the next page is asked for. */
  const pageOf = (out: string) => {
    const [, ...lines] = out.trimEnd().split('\n')
    const [, after] = /^more: --after (.+)$/.exec(lines.at(-1) ?? '') ?? []
    return { rows: after === undefined ? lines : lines.slice(0, -2), after }
  }

  it('is shown in pages, of items, sites and keys alike', async () => {
    const { cli, list, store, ann, clock } = await anInstallation()
    const facts = Array.from({ length: 60 }, (_, n) => itemFacts({ id: n + 1 }))
    await store.keepItems(ann.id, facts, { at: clock.now(), complete: false })

    const first = pageOf((await cli('item', 'list')).out)
    const second = pageOf((await cli('item', 'list', '--after', first.after!)).out)

    expect([first.rows.length, second.rows.length, second.after]).toEqual([50, 11, undefined])
    expect(new Set([...first.rows, ...second.rows]).size).toBe(61)
    expect(await list('item', 'list')).toHaveLength(61)
    expect(await list('item', 'list', '--limit', '7')).toHaveLength(7)
    expect(await cli('item', 'list', '--after', '9999')).toMatchObject({
      code: 1,
      err: '9999 is not in this list\n',
    })
  })

  it.each([
    ['site', tenant, 3],
    ['key', [], 5],
  ] as const)('%s list goes on behind the row that it names', async (group, args, count) => {
    const { cli, list } = await anInstallation()
    const all = await list(group, 'list', ...args)
    const seen: string[] = []
    let more: string[] = []

    for (let round = 0; round < count; round += 1) {
      const page = pageOf((await cli(group, 'list', ...args, '--limit', '1', ...more)).out)
      seen.push(...page.rows)
      if (page.after === undefined) break
      more = ['--after', page.after.replaceAll("'", '')]
    }

    expect(all).toHaveLength(count)
    expect(new Set(seen).size).toBe(count)
    expect(await cli(group, 'list', ...args, '--after', 'nothing')).toMatchObject({
      code: 1,
      err: 'nothing is not in this list\n',
    })
  })
})

it.each(Object.keys(lists).filter((group) => !['tenant', 'member'].includes(group)))(
  '%s list of a tenant without a name, as an empty variable of a script gives it, is refused',
  async (group) => {
    const { cli } = await anInstallation()

    const { code, out, err } = await cli(group, 'list', '--tenant', '', '--json')

    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('There is no tenant named')
  },
)

describe('the short ids of lists', () => {
  it('are taken by every command that takes an id', async () => {
    const { acme, calls, events, requests, cli } = await anInstallation()
    const shown = async (group: string, id: string): Promise<string> => {
      const words = (await cli(group, 'list')).out.split(/\s+/)
      return words.find((word) => word.length >= 16 && id.startsWith(word) && word !== id)!
    }
    const call = await shown('call', calls[1]!.id)
    const event = await shown('event', events[0]!.id)
    const key = await shown('key', acme.tenantKey.apiKey)

    for (const id of [call, event, requests[0]!.slice(0, 8), key]) {
      expect(await cli('explain', id), id).toMatchObject({ code: 0 })
    }
    expect((await cli('webhook', 'show', event)).out).toContain(events[0]!.id)
    expect(await cli('webhook', 'replay', event)).toMatchObject({ code: 0 })
    expect((await cli('key', 'revoke', key, '--yes', '--json')).out).toContain(
      acme.tenantKey.apiKey,
    )
  })

  it('lead from page to page', async () => {
    const { cli } = await anInstallation()

    const first = await cli('call', 'list', '--limit', '2')
    const [, before = ''] = /older ones: --before (\S+)/.exec(first.out)!
    const second = await cli('call', 'list', '--limit', '2', '--before', before)

    expect(second.out.trimEnd().split('\n')).toHaveLength(2)
    expect(second.out).toContain('ping')
  })

  it.each([
    ['call', 'req_mistyped'],
    ['event', 'evt_mistyped'],
    ['request', 'mistypedmistypedmistypedmi'],
    ['user', 'usr_mistyped'],
    ['call', 'evt_mistyped'],
  ])('a page of the %s list behind %s, which is none, is refused', async (group, before) => {
    const { cli } = await anInstallation()

    expect(await cli(group, 'list', '--before', before, '--json')).toEqual({
      code: 1,
      out: '',
      err: `There is no ${group} ${before}\n`,
    })
  })
})
