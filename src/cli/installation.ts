import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { refuseWhileHeld } from '../backup/held.ts'
import { copySigner } from '../vault/copy-signer.ts'
import { unlockInstance } from '../vault/unlock.ts'
import type { Keyring } from '../vault/keyring.ts'
import { createBridgeClient, type BridgeClient } from '../bridge/client.ts'
import { createQuota, type Quota } from '../bridge/admission/quota.ts'
import { savedBridgeStatus, savedQuota, type Served } from '../bridge/admission/bridge-status.ts'
import { createFollowingClock, systemIds, type Clock, type Ids } from '../clock.ts'
import { loadConfig, sandboxCredentials, type Config } from '../config.ts'
import { hasLivingServer } from '../cluster/liveness.ts'
import { setByDatabase } from '../cluster/members.ts'
import { thisProcess } from '../cluster/process-identity.ts'
import { dispatcherTo } from '../bridge/transport/dispatcher.ts'
import { openStore } from '../db/open.ts'
import { DatabaseInUseError } from '../db/store-errors.ts'
import type { By, Scope } from '../db/scope.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Store } from '../db/store.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import { CommandError } from './command-error.ts'
import { hourMs } from '../durations.ts'

type Env = Record<string, string | undefined>

/** The installation a command works on: the same rooms as the server's, in a second process. */
export interface Installation {
  config: Config
  store: Store
  keyring: Keyring
  clock: Clock
  ids: Ids
  by: By
}

/** The database's file, for commands that copy it. Throws a CommandError where a server keeps the rows. */
export function databaseFile({ secrets: { database } }: Config): string {
  if (typeof database === 'string') return database
  throw new CommandError(
    'This is for a database in a file. DATABASE_URL names a server, which is copied and restored by its own tools, as pg_dump: see docs/postgresql.md.',
  )
}

/**
 * The database file the environment names. Throws a CommandError that says where it looked when there is none: a wrong
 * DATA_DIR must not become an empty installation, so only the server makes one, and `restore`.
 */
export function existingDatabase(config: Config): string {
  const path = databaseFile(config)
  try {
    statSync(path)
    return path
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  throw new CommandError(
    `There is no database at ${resolve(path)}. DATA_DIR is ${config.dataDir}: if that is right, start the server, ` +
      'which makes the database at its first start, or put a copy there with `bank-api restore`.',
  )
}

/** Opens the installation the environment names, runs the command and closes it again. */
export async function withInstallation<T>(
  env: Env,
  command: (installation: Installation) => Promise<T>,
): Promise<T> {
  const config = loadConfig(env)
  const clock = createFollowingClock()
  const { database } = config.secrets
  const location = typeof database === 'string' ? existingDatabase(config) : database
  const signerOf = copySigner(config, clock)
  const beforeChange = (): void => {
    if (typeof location === 'string') refuseBesideOlder(location, clock)
  }
  const store = await openStore(location, { signerOf, mustExist: true, beforeChange })
  try {
    await setByDatabase(clock, store)
    if (!(await store.readInstance())) {
      throw new CommandError('No server has opened this database yet: start the server once.')
    }
    const keyring = await unlockInstance(store, { config, clock })
    const by = { actor: 'cli', at: clock.now() }
    return await command({ config, store, keyring, clock, ids: systemIds, by })
  } finally {
    await store.close()
  }
}

/**
 * A server that runs has a schema it knows: with a newer one it goes on in the dark, and cannot be started again.
 * On PostgreSQL two versions are meant to run side by side.
 */
function refuseBesideOlder(database: string, clock: Clock): void {
  try {
    refuseWhileHeld(database, { identity: thisProcess(), clock })
  } catch (cause) {
    if (!(cause instanceof DatabaseInUseError)) throw cause
    throw new CommandError(
      `This command is newer than the server that runs, and would change the database under it. ${cause.message}`,
      { cause },
    )
  }
}

/**
 * Where the server that runs is reached, and has its sandbox: by its own variables, else by those of this shell. The credentials
 * of a real Bridge go where this shell's variables say, and nowhere that a row of the database names.
 */
export async function servedAt({ config, store, clock }: Installation): Promise<Served> {
  const here = {
    publicUrl: config.publicUrl,
    bridgeOrigin: config.sandbox ? `http://127.0.0.1:${config.sandbox.port}` : config.bridgeBaseUrl,
  }
  if (!(await hasLivingServer({ store, clock }))) return here
  const saved = savedBridgeStatus.safeParse((await store.readBridgeStatus())?.status)
  const served = saved.data?.served
  if (!served) return here
  return config.sandbox ? served : { ...here, publicUrl: served.publicUrl }
}

/** The same, for a command that calls Bridge; the sandbox is the one that runs in the server's process. */
export const withBridge = <T>(
  env: Env,
  command: (installation: Installation & { bridge: BridgeClient }) => Promise<T>,
): Promise<T> =>
  withInstallation(env, async (installation) => {
    const { config, clock } = installation
    const { bridgeOrigin: baseUrl } = await servedAt(installation)
    const dispatcher = dispatcherTo(baseUrl, config.secrets.proxy, 4)
    const quota = await quotaOf(installation)
    try {
      const credentials = config.secrets.bridge ?? sandboxCredentials
      const bridge = createBridgeClient({ ...credentials, baseUrl, dispatcher, clock, quota })
      return await command({ ...installation, bridge })
    } finally {
      await quota.close()
      await dispatcher.close()
    }
  })

/**
 * What a command may spend of Bridge's quota. Where it lies in the database: the same as the servers, in turn with them. Else:
 * beside a server that runs, what the server's own defaults leave of it, 100 of 2000 calls in 5 minutes; without one, what the
 * last one had left. A command waits for its turn.
 */
export async function quotaOf({ config, store, clock, ids }: Installation): Promise<Quota> {
  const longestWaitMs = hourMs
  if (store.quota) {
    // Who cannot be lent anything now asks again.
    const lender = { lend: store.quota.lendQuota, by: ids.next('cli'), onError: () => {} }
    return createQuota({ clock, limits: { ...config.quota, longestWaitMs }, lender })
  }
  if (await hasLivingServer({ store, clock })) {
    return createQuota({ clock, limits: { ...besideServer, longestWaitMs } })
  }
  const saved = savedQuota(await store.readBridgeStatus())
  return createQuota({ clock, limits: { ...config.quota, longestWaitMs }, saved })
}

const besideServer = { burst: 20, perSecond: 0.25 }

/** The tenant of that name. Throws a CommandError when there is none. */
export async function tenantNamed(store: Store, name: string): Promise<Tenant> {
  const tenant = await store.findTenant(name)
  if (!tenant) throw new CommandError(`There is no tenant named ${name}`)
  return tenant
}

/** The tenant's site of that name. Throws a CommandError when there is none. */
export async function siteNamed(
  store: Store,
  { tenant, site: name }: { tenant: string; site: string },
): Promise<Site> {
  const scope: Scope = { tenantId: (await tenantNamed(store, tenant)).id, siteId: null }
  const site = await store.findSite(scope, name)
  if (!site) throw new CommandError(`Tenant ${tenant} has no site named ${name}`)
  return site
}
