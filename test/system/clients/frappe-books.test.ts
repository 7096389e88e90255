import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { existsSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dataDirectory, startGateway } from '../../support/gateway.ts'
import { aTenantWithKeys } from '../../support/operator.ts'
import { pull, siteClient, visitBank, type Json } from '../e2e/visit.ts'
import { openFrappeSite, python } from './frappe-site.ts'
import { isLeftOut } from './run.ts'

const day = 24 * 60 * 60_000
/** Rows of the last two months: enough to say something, and quick. */
const since = new Date(Date.now() - 60 * day).toISOString().slice(0, 10)
const bankAccount = { doctype: 'Bank Account', name: 'Giro', integration_id: null }

const confOf = (url: string, { api_key = 'key', api_secret = 'secret' } = {}) => ({
  bank_connector_url: url,
  bank_connector_key: api_key,
  bank_connector_secret: api_secret,
})

/** A row as the bank has it once it is final, and as it is booked. */
const inBooks = (row: Json) => ({
  transaction_id: String(row.id),
  date: row.date,
  amount: row.amount,
  description: row.clean_description,
})
const isFinal = (row: Json): boolean =>
  !row.deleted && !row.future && (row.booking_date ?? row.value_date) !== undefined
const byId = (a: { transaction_id: string }, b: { transaction_id: string }): number =>
  Number(a.transaction_id) - Number(b.transaction_id)

async function bookedIn(site: ReturnType<typeof openFrappeSite>) {
  const { documents } = await site('books')
  return documents
    .filter((one: Json) => one.doctype === 'Bank Transaction' && one.docstatus === 1)
    .map((one: Json) => ({
      transaction_id: one.transaction_id,
      date: one.date,
      amount: one.deposit - one.withdrawal,
      description: one.description,
    }))
    .toSorted(byId)
}

/** What rows say to a person, whatever their ids. */
const readings = (rows: Json[]): string[] =>
  rows.map(({ date, amount, description }) => `${date} ${amount} ${description}`).toSorted()

/** A site's people and its module, beside a gateway and its sandbox with one bank connected. */
async function connectedSite() {
  const gateway = await startGateway(dataDirectory(onTestFinished), onTestFinished)
  const { siteKey } = await aTenantWithKeys(gateway.env, { site: 'erp' })
  const site = openFrappeSite(onTestFinished)
  await site('set_up', { conf: confOf(gateway.url, siteKey), documents: [bankAccount] })
  const ask = siteClient(gateway.url, siteKey)
  const home = 'https://erp.acme.test/app/bank'
  let sandbox = ''
  const connect = async (): Promise<{ item_id: number; accounts: Json[] }> => {
    const { url, request } = await site('link', { redirect_url: home, bank: 'Demo Bank' })
    sandbox = new URL(url).origin
    await visitBank(url)
    const accounts = await site('accounts', { request })
    return { item_id: accounts[0].item_id, accounts }
  }
  const dayGoesBy = async (item_id: number): Promise<void> => {
    await pull(sandbox, 'clock', { advance: day })
    await pull(sandbox, `items/${item_id}/refresh`)
    await site('set_up', {
      today: new Date(Date.now() + day * (passed += 1)).toISOString().slice(0, 10),
    })
    await site('catch_up')
  }
  let passed = 0
  const ofBank = async (account_id: number): Promise<Json[]> => {
    const rows: Json[] = await ask('get_bank_transactions_by_account', {
      account_id,
      min_date: since,
    })
    return rows.filter(isFinal).map(inBooks).toSorted(byId)
  }
  return { site, ask, connect, dayGoesBy, ofBank }
}

describe.skipIf(isLeftOut(python, existsSync(python), python))(
  'the books of a Frappe site with examples/frappe/bank_connector.py',
  () => {
    test('are what the bank has, day by day, each row once', async () => {
      const { site, connect, dayGoesBy, ofBank } = await connectedSite()
      const { item_id, accounts } = await connect()
      const account_id = accounts[0].id
      await site('catch_up')

      await site('map_account', { bank_account: 'Giro', account_id, since })
      const first = await bookedIn(site)
      await site('sync', { bank_account: 'Giro' })
      const again = await bookedIn(site)

      expect(first.length).toBeGreaterThan(20)
      expect(first).toEqual(await ofBank(account_id))
      expect(again).toEqual(first)
      for (let passed = 0; passed < 3; passed += 1) {
        await dayGoesBy(item_id)
        expect(await bookedIn(site)).toEqual(await ofBank(account_id))
      }
    })

    test('go on with an account that came back under another id, and are again what the bank has', async () => {
      const { site, ask, connect, dayGoesBy, ofBank } = await connectedSite()
      const old = await connect()
      await site('catch_up')
      await site('map_account', { bank_account: 'Giro', account_id: old.accounts[0].id, since })
      const before = await bookedIn(site)
      await ask('delete_bridge_item_id', { item_id: old.item_id })

      const fresh = await connect()
      await dayGoesBy(fresh.item_id)

      const { documents } = await site('books')
      const giro = documents.find((one: Json) => one.name === 'Giro')
      const { id } = fresh.accounts.find(
        ({ replaces }) => replaces?.account_id === old.accounts[0].id,
      )!
      expect(giro.integration_id).toBe(String(id))
      const all = await bookedIn(site)
      expect(readings(all)).toEqual(readings(await ofBank(id)))
      // What is settled keeps the row it had.
      const ids = new Set(before.map((one: Json) => one.transaction_id))
      expect(all.filter((one: Json) => ids.has(one.transaction_id)).length).toBeGreaterThan(20)
    })

    describe('of a bank that changes its mind', () => {
      test('follow a row that changed or was deleted, until it is reconciled: then somebody is told, once', async () => {
        const { site, bank, sync, booked, todos } = await siteWithRows([
          aRow(1, { amount: -10 }),
          aRow(2, { amount: -20 }),
          aRow(3, { amount: -30 }),
          aRow(4, { amount: -40 }),
        ])
        await sync()
        for (const transaction_id of ['3', '4']) {
          const { name } = (await booked()).find((one) => one.transaction_id === transaction_id)!
          await site('change', { doctype: 'Bank Transaction', name, allocated_amount: 1 })
        }

        bank.rows = [
          aRow(1, { amount: -11, clean_description: 'Café' }),
          { id: 2, account_id: 7, deleted: true },
          aRow(3, { amount: -33 }),
          { id: 4, account_id: 7, deleted: true },
        ]
        await sync()
        await sync()

        expect(await booked()).toMatchObject([
          { transaction_id: '1', withdrawal: 11, unallocated_amount: 11, description: 'Café' },
          { transaction_id: '3', withdrawal: 30 },
          { transaction_id: '4', withdrawal: 40 },
        ])
        expect(await todos()).toEqual([
          expect.stringMatching(/changed .* is reconciled: it is 2027-01-31 and -33/),
          expect.stringMatching(/deleted .* is reconciled/),
        ])
      })

      test('know a row again that comes back under another id, and book two equal ones twice', async () => {
        const { site, bank, sync, booked, todos } = await siteWithRows([aRow(1), aRow(2), aRow(3)])
        await sync()
        const first = await booked()
        const { name } = first[2]!
        await site('change', { doctype: 'Bank Transaction', name, allocated_amount: 1 })

        bank.rows = [{ id: 3, account_id: 7, deleted: true }, aRow(13), aRow(14)]
        await sync()

        const all = await booked()
        expect(first).toHaveLength(3)
        expect(all).toHaveLength(4)
        expect(all.find((one) => one.name === name)).toMatchObject({ transaction_id: '13' })
        expect(await todos()).toEqual([])
      })

      test('leave out what is pending, to come, or of a day before the first', async () => {
        const { bank, sync, booked } = await siteWithRows([
          aRow(1, { booking_date: undefined, value_date: undefined }),
          aRow(2, { future: true }),
          aRow(3, { date: '2026-11-30' }),
          aRow(4, { booking_date: undefined }),
        ])
        await sync()
        expect(await booked()).toMatchObject([{ transaction_id: '4' }])

        bank.rows = [aRow(1)]
        await sync()

        expect(await booked()).toMatchObject([{ transaction_id: '1' }, { transaction_id: '4' }])
      })

      test('go on over a new account with what is booked, comparing the days about its end', async () => {
        const row = (id: number, date: string) => aRow(id, { date, clean_description: date })
        const { site, bank, sync, booked, todos } = await siteWithRows([
          row(1, '2026-12-24'),
          row(2, '2027-01-30'),
          row(3, '2027-01-31'),
          row(4, '2027-01-20'), // deleted while nobody could tell
          row(5, '2027-01-21'), // the same, and reconciled
        ])
        await sync()
        const { name } = (await booked()).at(-1)!
        await site('change', { doctype: 'Bank Transaction', name, allocated_amount: 1 })

        bank.rows = [
          row(101, '2027-01-05'),
          row(102, '2027-01-30'),
          row(103, '2027-01-31'),
          row(104, '2027-01-29'), // late, and of a day that was read already
          row(105, '2027-02-01'),
        ]
        const content = {
          account_id: 8,
          replaced_account_id: 7,
          data_until: '2027-01-31T06:12:09Z',
        }
        await site('act', { kind: 'account.replaced', content })
        await site('act', { kind: 'account.replaced', content })

        expect((await booked()).map((one) => [one.transaction_id, one.date])).toEqual([
          ['1', '2026-12-24'],
          ['5', '2027-01-21'],
          ['101', '2027-01-05'],
          ['102', '2027-01-30'],
          ['103', '2027-01-31'],
          ['104', '2027-01-29'],
          ['105', '2027-02-01'],
        ])
        expect(await todos()).toEqual([expect.stringMatching(/deleted .* is reconciled/)])
        expect(bank.asked.at(-1)).toMatchObject({ account_id: 8 })
      })

      test('are left alone where another program booked, when an account is mapped anew', async () => {
        const { site, sync, booked } = await siteWithRows([aRow(1), aRow(2)])
        await sync()
        const theirs = { transaction_id: 'other-7', date: '2027-01-31', docstatus: 1 }
        const amounts = { deposit: 5, withdrawal: 0, description: 'Theirs', allocated_amount: 0 }
        const doctype = 'Bank Transaction'
        const one = { doctype, name: 'BT-7', bank_account: 'Giro', ...theirs, ...amounts }
        await site('set_up', { documents: [one] })

        await site('begin', { bank_account: 'Giro', account_id: 7, since: '2027-01-01' })
        await sync()

        expect(await booked()).toHaveLength(3)
      })

      test('follow what an event tells also when Bank API was away just then', async () => {
        const { site, bank, sync, books } = await siteWithRows([aRow(1)])
        await sync()
        const content = { account_id: 8, replaced_account_id: 7, data_until: null }
        const event = { type: 'account.replaced', content }

        bank.isAway = true
        await site('keep', { event_id: 'evt_1', text: JSON.stringify(event) })
        const before = await books('Bank Account')
        bank.isAway = false
        await site('catch_up')

        expect(before).toMatchObject([{ integration_id: '7' }])
        expect(await books('Bank Account')).toMatchObject([{ integration_id: '8' }])
        expect(await books('Integration Request')).toMatchObject([{ status: 'Completed' }])
      })

      test('are as they were when something fails on the way', async () => {
        const { bank, sync, booked } = await siteWithRows([aRow(1), aRow(2, { amount: 'much' })])

        const failed = await sync()
        bank.rows = [aRow(1), aRow(2)]
        const before = await booked()
        await sync()

        expect(failed.error).toBeDefined()
        expect(before).toEqual([])
        expect(await booked()).toHaveLength(2)
      })
    })
  },
)

const aRow = (id: number, change: object = {}) => ({
  id,
  account_id: 7,
  amount: -3.5,
  currency_code: 'EUR',
  clean_description: 'Coffee',
  provider_description: 'CB COFFEE',
  date: '2027-01-31',
  booking_date: '2027-01-31',
  value_date: '2027-01-31',
  deleted: false,
  future: false,
  ...change,
})

/** A site whose one account has these rows, from a Bank API that says just what the test wants it to. */
async function siteWithRows(rows: Json[]) {
  const bank = { rows, asked: [] as Json[], isAway: false }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const isFeed = request.url?.endsWith('get_events')
      if (!isFeed) bank.asked.push(JSON.parse(Buffer.concat(chunks).toString()))
      const message = isFeed ? { events: [], cursor: 'c', has_more: false } : bank.rows
      response.writeHead(bank.isAway ? 503 : 200).end(JSON.stringify({ message }))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => void server.close())
  const site = openFrappeSite(onTestFinished)
  const conf = confOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await site('set_up', { conf, documents: [bankAccount], today: '2027-02-01' })
  await site('begin', { bank_account: 'Giro', account_id: 7, since: '2026-12-01' })
  const all = async (doctype: string): Promise<Json[]> =>
    (await site('books')).documents.filter((one: Json) => one.doctype === doctype)
  return {
    site,
    bank,
    sync: () => site('sync', { bank_account: 'Giro' }),
    booked: async () =>
      (await all('Bank Transaction')).filter((one) => one.docstatus === 1).toSorted(byId),
    books: all,
    todos: async () => (await all('ToDo')).map((one) => one.description),
  }
}
