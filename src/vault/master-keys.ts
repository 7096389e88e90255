import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type Config } from '../config.ts'
import type { MasterKey } from '../environment.ts'
import { keyIdOf, open } from './keyring.ts'

/**
 * The rows that wrapped keys are bound to. The pepper's says what it hashed: one wrapped for the older row comes from a
 * time when the hash of a key did not name its owner. Nobody without the master key turns the one into the other.
 */
export const pepperRow = 'instance/pepper of owned keys'
const olderPepperRow = 'instance/pepper'
export const dataKeyRow = (id: string): string => `data_keys/${id}`

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
    throw new ConfigError([`MASTER_KEY: ${whyNotOpened(masterKeys, keyIdOf(wrapped))}`])
  }
}

/** The right key under another name opens nothing: what wrapped it is told by its name, as after a `rekey`. */
function whyNotOpened(masterKeys: readonly MasterKey[], asked: string): string {
  const given = masterKeys.map(({ id }) => id)
  return given.includes(asked)
    ? 'is not the one this database was made with'
    : `this database asks for the key named ${asked}; given are: ${given.join(', ') || 'none'}`
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
export function firstMasterKeys(config: Config): readonly MasterKey[] {
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
