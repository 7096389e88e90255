import { expect } from 'vitest'
import { visitBank, type Json } from '../e2e/visit.ts'

/** Where a client calls, with which key, and for which of its users. */
export interface Order {
  origin: string
  key: string
  secret: string
  user: string
}

/** A client of ours as far as the flow needs it: gives what is under `message`, or throws what its library makes of a refusal. */
export interface Client {
  ask(method: string, args: Record<string, string | number>): Promise<Json>
  /** The line that the library shows of what it threw. */
  lineOf(refusal: unknown): string
  /** The same client with a key that is no good. */
  withoutKey(): Client
}

const backHome = 'http://localhost:8000/app/bank?tab=1#top'

/** What a client was told on its way from a link to the deletion: the same whatever its language. */
export interface Told {
  home: Record<string, string>
  item: { request: string; item_id: number; status: string; bank: string }
  accounts: { id: number; item_id: number; name: string }[]
  /** Of the first account. */
  transactions: number
  /** Of all accounts, since a day of last month. */
  recent: number
  details: { doctype: string; item_id: number; status: number; next: string }
  refreshed: boolean
  deleted: boolean
  /** The lines of four refusals: an unknown item, a wrong argument, a bad key, the deleted item. */
  refusals: string[]
}

/** The whole flow, as a program in JavaScript walks it. */
export async function walk(client: Client, { user }: Pick<Order, 'user'>): Promise<Told> {
  const { ask } = client
  const refusal = async (args: Record<string, string | number>, by = client): Promise<string> =>
    by.ask('get_bank_accounts', args).then(
      () => 'It was not refused',
      (error: unknown) => by.lineOf(error),
    )
  const link = await ask('get_bridge_connect_link', {
    redirect_url: backHome,
    bank: 'Société Générale',
    user,
  })
  const home = await visitBank(link.url)
  const item = await ask('get_bridge_item_id', { request: link.request })
  const { item_id } = item
  const accounts = await ask('get_bank_accounts', { item_id, user })
  const account_id = accounts[0].id
  const since = new Date(Date.now() - 40 * 86_400_000).toISOString().slice(0, 10)
  const refusals = [
    await refusal({ item_id: 1 }),
    await refusal({ item_id: 'x' }),
    await refusal({ item_id }, client.withoutKey()),
  ]
  return {
    home: Object.fromEntries(home.searchParams),
    item,
    accounts,
    transactions: (await ask('get_bank_transactions_by_account', { account_id, user })).length,
    recent: (await ask('get_bank_transactions', { user, since, lang: 'fr' })).length,
    details: await ask('get_bridge_item_details', { item_id }),
    refreshed: (await ask('post_item_refresh', { item_id, user })).refreshed,
    deleted: (await ask('delete_bridge_item_id', { item_id, user })).deleted,
    refusals: [...refusals, await refusal({ item_id })],
  }
}

/** What any client must have been told. */
export function expectWholeFlow({ home, item, accounts, details, ...told }: Told): void {
  const { request, item_id } = item
  expect(home).toEqual({ tab: '1', request, success: 'true', item_id: String(item_id) })
  expect(item).toMatchObject({ status: 'completed', bank: 'Société Générale' })
  expect(accounts).toHaveLength(12)
  expect(accounts[0]).toMatchObject({ item_id, name: 'Compte courant' })
  expect(details).toMatchObject({ doctype: 'Bridge Item', item_id, status: 0, next: 'none' })
  expect(told.transactions).toBeGreaterThan(1_000)
  expect(told.recent).toBeGreaterThan(told.transactions)
  expect(told).toMatchObject({ refreshed: true, deleted: true })
  expect(told.refusals).toEqual([
    'frappe.exceptions.DoesNotExistError: Item 1 not found',
    expect.stringMatching(/^frappe\.exceptions\.ValidationError: Argument 'item_id' /),
    'frappe.exceptions.AuthenticationError: Invalid API key or secret',
    `frappe.exceptions.DoesNotExistError: Item ${item_id} not found`,
  ])
}
