import { quoted } from '../terminal/shell.ts'
import type { DemoKey } from './demo-key.ts'

/** Who the walk on our own pages connects a bank for. */
export const demoUser = 'me@example.com'
export const demoBank = 'Demo Bank'

/** Where that walk ends. */
export const demoPage = (origin: string): string => `${origin}/demo`

/**
 * The reference with the key filled in. Behind `#`, so that no server and no log is told of it; the page takes it out of the
 * address.
 */
export const docsWithKey = ({ apiKey, apiSecret }: DemoKey): string =>
  `/docs#${new URLSearchParams({ api_key: apiKey, api_secret: apiSecret }).toString()}`

/** What a newcomer may type: each works as it stands. */
export function demoCommands(origin: string, { apiKey, apiSecret }: DemoKey) {
  const curl = (method: string, args: Record<string, string | number> = {}): string =>
    [
      'curl --user',
      quoted(`${apiKey}:${apiSecret}`),
      quoted(`${origin}/api/method/${method}`),
      ...Object.entries(args).map(([word, value]) => `-d ${word}=${quoted(String(value))}`),
    ].join(' \\\n  ')
  const bridge = (method: string, args: Record<string, string | number>): string =>
    curl(`bank_api.bridge.${method}`, args)
  return {
    whoAmI: curl('frappe.auth.get_logged_user'),
    connect: bridge('get_bridge_connect_link', {
      user: demoUser,
      bank: demoBank,
      redirect_url: demoPage(origin),
    }),
    outcome: (request: string): string => bridge('get_bridge_item_id', { request }),
    accounts: (item: number): string => bridge('get_bank_accounts', { item_id: item }),
    transactions: (account: number): string =>
      bridge('get_bank_transactions_by_account', { account_id: account }),
  }
}
