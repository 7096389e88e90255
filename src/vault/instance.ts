import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { ConfigError, type Config } from '../config.ts'
import type { MasterKey } from '../environment.ts'
import type { Instance, StoredDataKey } from '../db/ports/instance.ts'
import type { Scope } from '../db/scope.ts'
import type { Store } from '../db/store.ts'
import { createKeyring, keyIdOf, open, seal, type Keyring } from './keyring.ts'
import { bindHash } from './owned-hash.ts'

/**
 * The rows that wrapped keys are bound to. The pepper's says what it hashed: one wrapped for the older row comes from a
 * time when the hash of a key did not name its owner. Nobody without the master key turns the one into the other.
 */
export const pepperRow = 'instance/pepper of owned keys'
const olderPepperRow = 'instance/pepper'
export const dataKeyRow = (id: string): string => `data_keys/${id}`

/**
 * Opens the installation's keys, making them in a new database. In one of an older version, every API key's hash gets its
 * owner first, all in one commit, before anybody can knock.
 * Throws a ConfigError that names the variable when the database belongs to another mode or the master key does not fit.
 */
export async function unlockInstance(
  store: Pick<Store, 'readInstance' | 'createInstance' | 'ownKeys' | 'listDataKeys'>,
  { config, clock }: { config: Config; clock: Clock },
): Promise<Keyring> {
  const instance = (await store.readInstance()) ?? (await createInstance())
  const { pepper, isOwned, keyring } = openInstance(instance, config)
  keyring.sealWith(sealingKey(await store.listDataKeys()))
  if (!isOwned) {
    const [newest] = masterKeysOf(config)
    const to = seal(newest!, pepper, pepperRow)
    const own = (owner: Scope, hash: Buffer) => bindHash(keyring, owner, hash)
    await store.ownKeys({ from: instance.wrappedPepper, to }, own, {
      actor: 'server',
      at: clock.now(),
    })
  }
  return keyring

  function createInstance() {
    const [newest] = firstMasterKeys(config)
    if (!newest) throw new ConfigError(['MASTER_KEY: is missing'])
    const id = 'd1'
    return store.createInstance({
      mode: config.secrets.bridge ? someApplication : modeOf(config),
      wrappedPepper: seal(newest, randomBytes(32), pepperRow),
      dataKeys: [{ id, wrappedKey: seal(newest, randomBytes(32), dataKeyRow(id)) }],
      at: clock.now(),
    })
  }
}

/**
 * Of data keys, oldest first, the one that seals: the newest that all servers have in hand, for each must open what another
 * seals. One that has none in hand is about to start, and learns all before anybody calls it.
 */
export function sealingKey(keys: readonly StoredDataKey[]): string {
  const servers = [...new Set(keys.flatMap(({ seenBy }) => seenBy))]
  const known = keys.findLast(({ seenBy }) => servers.every((server) => seenBy.includes(server)))
  return (known ?? keys[0]!).id
}

/** What the present master key opens of an installation, changing nothing. Throws as `unlockInstance` does. */
export function openInstance(
  instance: Instance,
  config: Config,
): ReturnType<typeof openPepper> & { keyring: Keyring } {
  const mode = modeOf(config)
  const fits = instance.mode === mode || (instance.mode === someApplication && mode !== 'sandbox')
  if (!fits) throw new ConfigError([wrongMode(instance.mode, { asked: mode, config })])
  const masterKeys = masterKeysOf(config)
  const opened = openPepper(instance.wrappedPepper, masterKeys)
  const dataKeys = instance.dataKeys.map(({ id, wrappedKey }) => ({
    id,
    key: unwrapDataKey(masterKeys, { id, wrappedKey }),
  }))
  return { ...opened, keyring: createKeyring({ pepper: opened.pepper, dataKeys }) }
}

/** Opens a wrapped pepper, and tells whether the hashes of its API keys name their owners. Throws a ConfigError. */
export function openPepper(
  wrapped: Buffer,
  masterKeys: readonly MasterKey[],
): { pepper: Buffer; isOwned: boolean } {
  try {
    return { pepper: open(masterKeys, wrapped, pepperRow), isOwned: true }
  } catch {
    return { pepper: unwrap(masterKeys, wrapped, olderPepperRow), isOwned: false }
  }
}

/** Opens a wrapped key. Throws a ConfigError that names MASTER_KEY when no given master key fits. */
export function unwrap(masterKeys: readonly MasterKey[], wrapped: Buffer, row: string): Buffer {
  try {
    return open(masterKeys, wrapped, row)
  } catch {
    throw new ConfigError(['MASTER_KEY: is not the one this database was made with'])
  }
}

/** Opens a data key of a database whose pepper opens. Throws a ConfigError that says what a `rekey` left that was cut off. */
export function unwrapDataKey(
  masterKeys: readonly MasterKey[],
  { id, wrappedKey }: { id: string; wrappedKey: Buffer },
): Buffer {
  try {
    return open(masterKeys, wrappedKey, dataKeyRow(id))
  } catch {
    const master = keyIdOf(wrappedKey)
    throw new ConfigError([
      `MASTER_KEY: opens this database, but not the data key ${id}, which a rekey that was cut off wrapped with the master key ${master}; give both (${master}:key,${masterKeys[0]?.id}:key) and run rekey again`,
    ])
  }
}

/** What stands there until Bridge has taken the credentials: a client id that was mistyped must not own a database for life. */
const someApplication = 'bridge'

/** Binds the database to the Bridge application that was asked as, which Bridge has just confirmed. Bound before, it stays so. */
export const pinApplication = (store: Pick<Store, 'replaceMode'>, config: Config): Promise<void> =>
  store.replaceMode(someApplication, modeOf(config))

/** A database serves one Bridge application for life: its rows mean nothing to another. */
const modeOf = ({ secrets }: Config): string =>
  secrets.bridge
    ? `bridge:${createHash('sha256').update(secrets.bridge.clientId).digest('hex').slice(0, 32)}`
    : 'sandbox'

const wrongMode = (
  stored: string,
  { asked, config: { secrets } }: { asked: string; config: Config },
): string => {
  const [place, another] =
    typeof secrets.database === 'string'
      ? ['DATA_DIR: holds', 'directory']
      : ['DATABASE_URL: names a database that holds', 'one']
  if (stored === 'sandbox') {
    return `${place} a sandbox, but Bridge credentials are set; use another ${another}`
  }
  if (asked === 'sandbox') {
    return `${place} a Bridge installation, but no Bridge credentials are set`
  }
  return 'BRIDGE_CLIENT_ID: is not the application this database was made for'
}

/** The keys that wrap this installation's own: those given, or the one that a sandbox made for itself. */
export function masterKeysOf(config: Config): readonly MasterKey[] {
  const { secrets, sandbox } = config
  if (secrets.masterKeys.length > 0 || !sandbox) return secrets.masterKeys
  const path = sandboxKeyPath(config)
  if (!existsSync(path)) {
    throw new ConfigError([`DATA_DIR: ${path} is missing, the key of this sandbox's database`])
  }
  const key = Buffer.from(readFileSync(path, 'utf8'), 'base64')
  if (key.length !== 32) throw new ConfigError([`DATA_DIR: ${path} holds no key; delete it`])
  return [{ id: 'sandbox', key }]
}

/** The same for a new database: a sandbox without MASTER_KEY makes its own, once, beside it: there is nothing to steal in it. */
function firstMasterKeys(config: Config): readonly MasterKey[] {
  const path = sandboxKeyPath(config)
  if (config.secrets.masterKeys.length === 0 && config.sandbox && !existsSync(path)) {
    writeKey(path, randomBytes(32))
  }
  return masterKeysOf(config)
}

const sandboxKeyPath = ({ dataDir }: Config): string => join(dataDir, 'sandbox-master.key')

/** Whole and on the disk, or not at all; of two processes at once, one writes it. */
function writeKey(path: string, key: Buffer): void {
  try {
    writeFileSync(path, key.toString('base64'), { flag: 'wx', mode: 0o600, flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    rmSync(path, { force: true })
    throw error
  }
}
