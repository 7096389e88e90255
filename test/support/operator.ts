import { randomBytes } from 'node:crypto'
import { createApiKey } from '../../src/auth/api-keys.ts'
import { unlockInstance } from '../../src/vault/unlock.ts'
import { ensureSite } from '../../src/auth/sites.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import { systemClock, systemIds, type Clock, type Ids } from '../../src/clock.ts'
import { databasePath, loadConfig } from '../../src/config.ts'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import type { By } from '../../src/db/scope.ts'
import type { Store } from '../../src/db/store.ts'
import type { Env } from './gateway.ts'

interface Rooms {
  store: Store
  keyring: Keyring
  clock: Clock
  ids: Ids
  by: By
}

export interface Pair {
  api_key: string
  api_secret: string
}

/** Works on the database of an installation that runs elsewhere, as the command line does, without a process for each word. */
export async function asOperator<T>(env: Env, work: (rooms: Rooms) => Promise<T>): Promise<T> {
  const config = loadConfig(env)
  const clock = systemClock
  const store = createSqliteStore(databasePath(config))
  try {
    const keyring = await unlockInstance(store, { config, clock })
    const by = { actor: 'test', at: clock.now() }
    return await work({ store, keyring, clock, ids: systemIds, by })
  } finally {
    await store.close()
  }
}

/**
 * A tenant with a key of one site, and a tenant key. The site's webhooks may go to this machine, where the operator lets
 * them (`ALLOWED_TARGETS`).
 */
export const aTenantWithKeys = (
  env: Env,
  { site: name }: { site: string },
): Promise<{ siteKey: Pair; tenantKey: Pair }> =>
  asOperator(env, async (rooms) => {
    const { store, ids, by } = rooms
    const tenant = await store.createTenant({ id: ids.next('ten'), name: 'acme' }, by)
    const site = await ensureSite(rooms, { tenantId: tenant.id, name }, by)
    await store.allowTargets(site.id, ['127.0.0.0/8'], by)
    return {
      siteKey: toPair(await createApiKey(rooms, { tenant, site }, by)),
      tenantKey: toPair(await createApiKey(rooms, { tenant, site: null }, by)),
    }
  })

const toPair = ({ apiKey, apiSecret }: { apiKey: string; apiSecret: string }): Pair => ({
  api_key: apiKey,
  api_secret: apiSecret,
})

/** Tells an installation where the webhooks of a site of `acme` go, for clients too old to say it themselves. */
export const sendWebhooksTo = (env: Env, site: string, webhookUrl: string): Promise<void> =>
  asOperator(env, async ({ store, by }) => {
    await store.updateSite((await siteOf(store, site)).id, { webhookUrl }, by)
  })

/** Gives a site of `acme` a new webhook secret, at once its only one. */
export const newWebhookSecret = (env: Env, site: string): Promise<string> =>
  asOperator(env, async ({ store, keyring, by }) => {
    const { id } = await siteOf(store, site)
    const secret = `whsec_${randomBytes(32).toString('base64')}`
    const sealed = keyring.seal(secret, `sites/${id}/webhook_secret`)
    await store.rotateWebhookSecret(id, { secret: sealed, previousUntil: by.at }, by)
    return secret
  })

async function siteOf(store: Store, name: string) {
  const tenant = await store.findTenant('acme')
  const site = tenant && (await store.findSite({ tenantId: tenant.id, siteId: null }, name))
  if (!site) throw new Error(`There is no site ${name}`)
  return site
}
