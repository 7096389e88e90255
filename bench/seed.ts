import { mkdirSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { createApiKey } from '../src/auth/api-keys.ts'
import { unlockInstance } from '../src/vault/unlock.ts'
import { secretRow } from '../src/vault/sealed-rows.ts'
import { newWebhookSecret } from '../src/vault/webhook-secret.ts'
import { systemClock, systemIds } from '../src/clock.ts'
import { databasePath, loadConfig } from '../src/config.ts'
import { monthOf } from '../src/db/rules/usage-month.ts'
import { createSqliteStore } from '../src/db/sqlite/store.ts'
import { accountsOfItem, eventBody } from './programs/bridge-replies.ts'

/** How much an installation holds. */
export interface Holdings {
  sites: number
  /** Who own the sites; one for each hundred unless it says how many. */
  tenants?: number
  items: number
  /** Delivered ones, of the last thirty days. */
  deliveries: number
  /** Deliveries that are due now. */
  due?: number
  /** To how many of the sites those go. */
  dueSites?: number
  /** Where the site of this number listens; undefined: nowhere. */
  webhookUrl?: (site: number) => string | undefined
  /** Sites whose endpoints are left alone: what is stored for them stays. */
  holdEndpoints?: boolean
}

/** What a client of one site knows. */
export interface Client {
  authorization: string
  itemId: number
  /** A connect request that ended with that item. */
  request: string
  user: string
  userUuid: string
}

/** How many sites call us in a load: a good part of an installation's. */
const callers = 256
const sitesOfATenant = 100
const seqsOfACommit = 50_000
const dayMs = 24 * 60 * 60_000

/** Item ids as large as Bridge's. */
const itemIdOf = (number: number): number => 10_000_000 + number

/**
 * Fills a new database and returns what some of its clients know, spread over all sites. Rows are written as the program
 * writes them, sealed and hashed with the installation's own keys; only their number is made up.
 */
export async function seed(env: Record<string, string>, holdings: Holdings): Promise<Client[]> {
  const config = loadConfig(env)
  mkdirSync(config.dataDir, { recursive: true })
  const store = createSqliteStore(databasePath(config))
  const keyring = await unlockInstance(store, { config, clock: systemClock })
  const now = systemClock.now()
  const by = { actor: 'bench', at: now }
  const { sites, items, deliveries, due = 0, dueSites = sites } = holdings
  const { webhookUrl, holdEndpoints = false, tenants = sites / sitesOfATenant } = holdings
  const sitesOfTenant = Math.ceil(sites / tenants)

  const client = new Sqlite(databasePath(config))
  client.pragma('synchronous = OFF')
  client.pragma('cache_size = -1000000') // all indexes of five million deliveries
  const insert = (table: string, columns: string): ((...values: unknown[]) => void) => {
    const marks = columns.split(',').map(() => '?')
    const statement = client.prepare(
      `INSERT INTO ${table} (${columns}) VALUES (${marks.join(',')})`,
    )
    return (...values) => void statement.run(...values)
  }

  const made = {
    tenants: [] as string[],
    sites: [] as string[],
    users: [] as string[],
    requests: [] as string[],
  }
  client.transaction(() => {
    const addTenant = insert('tenants', 'id,name,created_at')
    const addSite = insert(
      'sites',
      'id,tenant_id,name,origin,webhook_url,webhook_secret,created_at',
    )
    const addEndpoint = insert('endpoints', 'site_id,allowed_targets,hold_until')
    const addUser = insert('bridge_users', 'id,site_id,name,user_uuid,created_at')
    const addItem = insert(
      'items',
      'id,user_id,provider_id,provider_name,account_types,status,status_code_info,told_status,authentication_expires_at,last_success_at,last_try_at,created_at,updated_at,asked_at,counted_month,counted_end',
    )
    const addRequest = insert(
      'connect_requests',
      'id,user_id,state,bank,redirect_url,account_types,item_id,opened_at,expires_at,completed_at',
    )
    const addAccount = insert('accounts', 'id,item_id,created_at,iban_fingerprint')
    for (let number = 0; number < sites; number += 1) {
      if (number % sitesOfTenant === 0) {
        made.tenants.push(systemIds.next('ten'))
        addTenant(made.tenants.at(-1), `tenant ${made.tenants.length}`, now)
      }
      const [siteId, userId] = [systemIds.next('sit'), systemIds.next('usr')]
      const secret = keyring.seal(newWebhookSecret(), secretRow(siteId))
      const url = webhookUrl?.(number) ?? null
      addSite(siteId, made.tenants.at(-1), `erp-${number}.example`, null, url, secret, now)
      if (url !== null)
        addEndpoint(siteId, '["127.0.0.0/8"]', holdEndpoints ? now + 365 * dayMs : 0)
      addUser(userId, siteId, 'me@example.com', `uuid-of-${userId}`, now)
      made.sites.push(siteId)
      made.users.push(userId)
      made.requests.push(systemIds.request())
    }
    for (let number = 0; number < items; number += 1) {
      const [id, userId] = [itemIdOf(number), made.users[number % sites]]
      const consent = now + ((number % 179) + 31) * dayMs
      const times = [consent, now, now, now, now, now, monthOf(now), consent]
      addItem(id, userId, 574, 'Demo Bank', 'all', 0, 'ok', 0, ...times)
      if (number >= sites) continue
      const home = 'https://erp.example/app/bank'
      const request = made.requests[number]
      addRequest(request, userId, 'completed', 'Demo Bank', home, 'all', id, now, now + dayMs, now)
      for (const { id: accountId, iban } of accountsOfItem(id)) {
        addAccount(accountId, id, now, keyring.hash('iban', `${id}:${iban}`))
      }
    }
  })()

  const addEvent = insert(
    'events',
    'seq,id,dedupe_key,type,user_id,site_id,item_id,body,occurred_at,received_at,handled_at',
  )
  const addDelivery = insert(
    'deliveries',
    'id,event_seq,site_id,item_id,state,attempts,due_at,first_ended_at,created_at,settled_at',
  )
  const addAttempt = insert('attempts', 'delivery_id,number,started_at,duration_ms,status,response')
  const addEventAndDelivery = (seq: number): void => {
    const isDue = seq > deliveries
    const [eventId, deliveryId] = [systemIds.next('evt'), systemIds.next('dlv')]
    const number = seq % (isDue ? dueSites : sites)
    const [siteId, userId] = [made.sites[number]!, made.users[number]!]
    // An item of the site's, each delivery of what is due another one's: none waits for another.
    const itemId = isDue ? itemIdOf(items + seq) : itemIdOf(number)
    const at = isDue
      ? now - 1_000
      : now - Math.floor(((deliveries - seq) / deliveries) * 30 * dayMs)
    const body = keyring.seal(eventBody(itemId, `uuid-of-${userId}`, at), `events/${eventId}`)
    const type = 'item.account.updated'
    const hash = keyring.hash('webhook-body', eventId).toString('base64url')
    addEvent(seq, eventId, `bridge:${at}:${hash}`, type, userId, siteId, itemId, body, at, at, at)
    if (isDue) addDelivery(deliveryId, seq, siteId, itemId, 'pending', 0, at, null, at, null)
    else {
      addDelivery(deliveryId, seq, siteId, itemId, 'delivered', 1, at, at, at, at)
      addAttempt(deliveryId, 1, at, 20, 200, keyring.seal('{}', `deliveries/${deliveryId}`))
    }
  }
  // In pieces: one commit's pages are written again and again to a log that ends only with it.
  const all = deliveries + due
  for (let seq = 1; seq <= all; seq += seqsOfACommit) {
    const last = Math.min(all, seq + seqsOfACommit - 1)
    client.transaction(() => {
      for (let each = seq; each <= last; each += 1) addEventAndDelivery(each)
    })()
  }
  client.pragma('wal_checkpoint(TRUNCATE)')
  client.close()

  const clients: Client[] = []
  const known = Math.min(callers, sites, items)
  for (let index = 0; index < known; index += 1) {
    const number = Math.floor((index * Math.min(sites, items)) / known)
    const tenant = { id: made.tenants[Math.floor(number / sitesOfTenant)]! }
    const site = { id: made.sites[number]! }
    const owner = { tenant, site } as Parameters<typeof createApiKey>[1]
    const { apiKey, apiSecret } = await createApiKey({ store, keyring, ids: systemIds }, owner, by)
    clients.push({
      authorization: `token ${apiKey}:${apiSecret}`,
      itemId: itemIdOf(number),
      request: made.requests[number]!,
      user: 'me@example.com',
      userUuid: `uuid-of-${made.users[number]!}`,
    })
  }
  await store.close()
  return clients
}
