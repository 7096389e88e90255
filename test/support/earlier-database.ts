import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { testFolder } from './store.ts'

/**
 * What an early state of 0.2.0 filled the database of test/fixtures with that does not stand in it in the clear. Two tenants use it, `acme` with
 * two sites and `other`, which is disabled; a third is being deleted.
 */
export const earlier = {
  /** When it was last written to. */
  at: 1746537017000,
  /** `authorization` of each key, by what became of it. */
  keys: {
    tenant: 'token key_000000000000000000000005:8UenEdLcv0ZpKD3eX6_WavAnT5qjnUVdnIbLygorp-M',
    site: 'token key_000000000000000000000006:gQr7sWpDSDY4PdImgx-mPrzb0-Z4eTrjwYmAVXkSAjw',
    rotated: 'token key_000000000000000000000020:lGavvZ0zAvWopK8qTjc49BYOSf5jmW_7j6O5MF4TtDY',
    rotatedBefore: 'token key_000000000000000000000020:4XyofwtjOL7zT3-gTlClNxFaWtQ9FR8KNfpnMeGxNsE',
    revoked: 'token key_000000000000000000000021:1EqiMUZ9NFn022XTOd5soWsZa95KPoZw-2AaaLGlMyk',
    expired: 'token key_000000000000000000000022:5clRWfs8sf5RAZiPn2jgPazDcfIzEe0ZQUAm7Ab7eaw',
    older: 'token key_000000000000000000000023:EPg9TXXV97OKWgvGx_XIFvjP5sJg59oF_AtZzwAOur4',
    disabled: 'token key_000000000000000000000010:xM6Y6YTwrFecTpoOLdA_gwS_Rl6xMJO_Jm68t_kplEY',
  },
  /** Connect requests of acme's first site by what became of them. */
  requests: {
    expiring: '00000000000000000000000028',
    completed: '00000000000000000000000031',
    failed: '00000000000000000000000037',
    matched: '00000000000000000000000041',
    claimed: '00000000000000000000000047',
    pending: '00000000000000000000000051',
    edit: '00000000000000000000000058',
  },
  /** What signs webhooks to acme's first site, which had another until its last hour. */
  webhookSecret: 'whsec_HrvwSe3x9gxFdUqHkWtr1kvtvGBWnKai0Mt2Dov1JrQ=',
  /** The last webhook Bridge sent, signed with `bridgeWebhookSecret`: nobody has applied it yet. */
  lastBody:
    '{"type":"item.refreshed","content":{"item_id":1001,"user_uuid":"00000000-0000-4000-8000-000000000001","refresh_trigger":"scheduler","status_code":0,"status_code_info":"ok"},"timestamp":1746537017000}',
  bridgeWebhookSecret: 'bridge-webhook-secret',
  /** The last part of the link by which the consent of item 1001 is renewed. */
  renewalToken: 'rt-magr18tc-C9pgQ4h2OXr21K_J8dtAtHnY',
  /** Who the user `gus` is at Bridge, where he has yet to be made. */
  externalUserId: '9dbd754724fe54dcd7ef4f9eb5a41b1dd8a1dd65f87830451aa0542f4c80874d',
  /** What signs copies of this installation. */
  copies: {
    installation: '270de2759001',
    key: 'db64824e82470b5b4403b4e6137f37116d67d95b7dbb80a93c55dcc5205f7b4e',
  },
} as const

/** Puts a database of test/fixtures in place, this one unless another is named; returns the file and how many rows each table has. */
export function writeEarlierDatabase(fixture = 'database-early-0.2.0'): {
  database: string
  rows: Record<string, number>
} {
  const database = join(testFolder(), 'bank-api.sqlite')
  const client = new Sqlite(database)
  client.pragma('foreign_keys = OFF') // rows stand in the order of their tables
  const rowsThen = readFileSync(new URL(`../fixtures/${fixture}.sql`, import.meta.url), 'utf8')
  client.exec(`BEGIN; ${rowsThen} COMMIT;`)
  const rows = countRows(client)
  client.close()
  return { database, rows }
}

/** How many rows each table has, but for what SQLite and the migrations keep themselves. */
export function countRows(client: Sqlite.Database): Record<string, number> {
  const tables = client
    .prepare<[], string>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
       AND name <> '__drizzle_migrations'`,
    )
    .pluck()
    .all()
  return Object.fromEntries(
    tables.map((table) => [
      table,
      client.prepare<[], number>(`SELECT count(*) FROM "${table}"`).pluck().get()!,
    ]),
  )
}
