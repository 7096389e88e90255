import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { ConfigError, type Config } from '../config.ts'
import type { Instance, StoredDataKey } from '../db/ports/instance.ts'
import type { Scope } from '../db/scope.ts'
import type { Store } from '../db/store.ts'
import { createKeyring, seal, type Keyring } from './keyring.ts'
import {
  dataKeyRow,
  firstMasterKeys,
  masterKeysOf,
  openPepper,
  pepperRow,
  unwrapDataKey,
} from './master-keys.ts'
import { bindHash } from './owned-hash.ts'

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
  const [where, another] =
    typeof secrets.database === 'string'
      ? ['DATA_DIR: holds', 'directory']
      : ['DATABASE_URL: names a database that holds', 'one']
  if (stored === 'sandbox') {
    return `${where} a sandbox, but Bridge credentials are set; use another ${another}`
  }
  if (asked === 'sandbox') {
    return `${where} a Bridge installation, but no Bridge credentials are set`
  }
  return 'BRIDGE_CLIENT_ID: is not the application this database was made for'
}
