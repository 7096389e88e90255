import { createHash, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { ConfigError, type Config, type MasterKey } from '../config.ts'
import type { Store } from '../db/store.ts'
import { createKeyring, open, seal, type Keyring } from './keyring.ts'

/** The rows that wrapped keys are bound to. */
export const pepperRow = 'instance/pepper'
export const dataKeyRow = (id: string): string => `data_keys/${id}`

/**
 * Opens the installation's keys, making them in a new database.
 * Throws a ConfigError that names the variable when the database belongs to another mode or the master key does not fit.
 */
export async function unlockInstance(
  store: Pick<Store, 'readInstance' | 'createInstance'>,
  { config, clock }: { config: Config; clock: Clock },
): Promise<Keyring> {
  const masterKeys = masterKeysOf(config)
  const mode = modeOf(config)
  const instance = (await store.readInstance()) ?? (await createInstance())
  if (instance.mode !== mode) throw new ConfigError([wrongMode(instance.mode, mode)])

  return createKeyring({
    pepper: unwrap(masterKeys, instance.wrappedPepper, pepperRow),
    dataKeys: instance.dataKeys.map(({ id, wrappedKey }) => ({
      id,
      key: unwrap(masterKeys, wrappedKey, dataKeyRow(id)),
    })),
  })

  function createInstance() {
    const newest = masterKeys[0]
    if (!newest) throw new ConfigError(['MASTER_KEY: is missing'])
    const id = 'd1'
    return store.createInstance({
      mode,
      wrappedPepper: seal(newest, randomBytes(32), pepperRow),
      dataKeys: [{ id, wrappedKey: seal(newest, randomBytes(32), dataKeyRow(id)) }],
      at: clock.now(),
    })
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

/** A database serves one Bridge application for life: its rows mean nothing to another. */
const modeOf = ({ secrets }: Config): string =>
  secrets.bridge
    ? `bridge:${createHash('sha256').update(secrets.bridge.clientId).digest('hex').slice(0, 32)}`
    : 'sandbox'

const wrongMode = (stored: string, asked: string): string => {
  if (stored === 'sandbox') {
    return 'DATA_DIR: holds a sandbox, but Bridge credentials are set; use another directory'
  }
  if (asked === 'sandbox') {
    return 'DATA_DIR: holds a Bridge installation, but no Bridge credentials are set'
  }
  return 'BRIDGE_CLIENT_ID: is not the application this database was made for'
}

/** A sandbox without MASTER_KEY makes its own, once, beside the database: there is nothing to steal in it. */
export function masterKeysOf({ secrets, sandbox, dataDir }: Config): readonly MasterKey[] {
  if (secrets.masterKeys.length > 0 || !sandbox) return secrets.masterKeys
  const path = join(dataDir, 'sandbox-master.key')
  try {
    const file = openSync(path, 'wx', 0o600)
    writeSync(file, randomBytes(32).toString('base64'))
    fsyncSync(file)
    closeSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const key = Buffer.from(readFileSync(path, 'utf8'), 'base64')
  if (key.length !== 32) throw new ConfigError([`DATA_DIR: ${path} holds no key; delete it`])
  return [{ id: 'sandbox', key }]
}
