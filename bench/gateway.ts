import { createHmac } from 'node:crypto'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { freePort } from '../test/support/free-port.ts'
import type { Asked } from './load.ts'
import { startServer, type Running } from './processes.ts'
import { eventBody } from './programs/bridge-replies.ts'
import { seed, type Client, type Holdings } from './seed.ts'

/** What Bridge signs with. */
export const webhookSecret = 'secret-of-the-webhooks'

/** A server with something in its database, and what its clients know. */
export interface Gateway extends Running {
  clients: readonly Client[]
  readyMs: number
  /** Resolves once every event it accepted is applied. */
  settled(): Promise<void>
  /** A look at the database, for what no answer tells. */
  ask(query: string): number
}

/** Where databases are made, and which Bridge they belong to. */
export interface ProcessIdentity {
  folder: string
  bridge: string
}

const environment = (dataDir: string, bridge: string): Record<string, string> => ({
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://bank.example',
  DATA_DIR: dataDir,
  BRIDGE_CLIENT_ID: 'id',
  BRIDGE_CLIENT_SECRET: 'secret',
  BRIDGE_BASE_URL: bridge,
  BRIDGE_WEBHOOK_SECRETS: webhookSecret,
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  ALLOW_HTTP: 'true',
  ALLOWED_TARGETS: '127.0.0.0/8',
  BACKUP_HOURS: '0',
  // What keeps callers and Bridge from each other is not what is measured.
  LIMIT_PER_KEY: '0',
  LIMIT_PER_ADDRESS: '0',
  QUOTA_BURST: '100000000',
  QUOTA_PER_SECOND: '1000000',
  QUOTA_USER_PER_MINUTE: '100000000',
})

const seeded = new Map<string, { folder: string; clients: Promise<Client[]> }>()

/** A fresh copy of a database that holds this much; made once, copied afterwards. */
export async function database({ folder, bridge }: ProcessIdentity, holdings: Holdings) {
  const name = `${JSON.stringify(holdings)} ${String(holdings.webhookUrl?.(1))}`
  const made = seeded.get(name) ?? {
    folder: join(folder, `seed-${seeded.size}`),
    clients: undefined,
  }
  made.clients ??= seed(environment(made.folder, bridge), holdings)
  seeded.set(name, made as { folder: string; clients: Promise<Client[]> })
  const clients = await made.clients
  copies += 1
  const copy = join(folder, `copy-${copies}`)
  mkdirSync(copy)
  cpSync(made.folder, copy, { recursive: true })
  return {
    clients,
    env: environment(copy, bridge),
    remove: () => rmSync(copy, { recursive: true }),
  }
}
let copies = 0

/** A server on a fresh database that holds this much. */
export async function openGateway(
  place: ProcessIdentity,
  holdings: Holdings,
  {
    under,
    prepare,
    more = {},
  }: {
    under?: readonly string[]
    prepare?: (client: Sqlite.Database) => void
    more?: Record<string, string>
  } = {},
): Promise<Gateway> {
  const { clients, env, remove } = await database(place, holdings)
  const file = join(env['DATA_DIR']!, 'bank-api.sqlite')
  if (prepare) {
    const writer = new Sqlite(file)
    prepare(writer)
    writer.close()
  }
  const port = await freePort()
  const server = await startServer(port, {
    env: { ...env, ...more, PORT: String(port), HOST: '127.0.0.1' },
    ...(under && { under }),
  })
  const client = new Sqlite(file, { readonly: true, timeout: 5_000 })
  const ask = (query: string): number => client.prepare<[], number>(query).pluck().get()!
  return {
    ...server,
    clients,
    ask,
    async settled() {
      const left = 'SELECT count(*) FROM events WHERE handled_at IS NULL'
      while (ask(left) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    async stop() {
      client.close()
      await server.stop()
      remove()
    },
  }
}

/** Takes clients in turn. */
export function inTurn<T>(all: readonly T[]): () => T {
  let next = 0
  return () => all[next++ % all.length]!
}

/** Asks once of each client: what a first call alone has to do is not what a round of load measures. */
export async function askOfEach(
  { url, clients }: Pick<Gateway, 'url' | 'clients'>,
  ask: (client: Client) => Asked,
): Promise<void> {
  const left = clients.values()
  const lane = async (): Promise<void> => {
    for (const client of left) {
      const { path, headers } = ask(client)
      const answer = await fetch(url + path, { headers: headers ?? {} })
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
      await answer.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: 16 }, lane))
}

/** A call of a method, as Frappe's clients make it. */
export const call = (
  client: Client,
  method: string,
  query: Record<string, string | number>,
): Asked => ({
  method: 'GET',
  path: `/api/method/bank_api.bridge.${method}?${queryOf(query)}`,
  headers: { authorization: client.authorization, accept: 'application/json' },
})

const queryOf = (values: Record<string, string | number>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')

let events = 0

/** A webhook of Bridge's about a client's item; each is another event. */
export function webhook({ itemId, userUuid }: Client): Asked & { number: number } {
  events += 1
  const body = eventBody(itemId, userUuid, Date.now(), events)
  const signature = createHmac('sha256', webhookSecret).update(body).digest('hex')
  const headers = { 'content-type': 'application/json', 'bridgeapi-signature': `v1=${signature}` }
  return { method: 'POST', path: '/webhooks/bridge', headers, body, number: events }
}
