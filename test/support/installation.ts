import { join } from 'node:path'
import { copySigner } from '../../src/vault/copy-signer.ts'
import { pinApplication, unlockInstance } from '../../src/vault/unlock.ts'
import { databasePath, loadConfig } from '../../src/config.ts'
import { copyDatabase, wrappedPepperIn } from '../../src/db/sqlite/file/copy.ts'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { testClock } from './clock.ts'
import { testIds } from './ids.ts'
import { testFolder } from './store.ts'
import { aTenant, type TestRooms } from './tenants.ts'

const environment = {
  BRIDGE_CLIENT_ID: 'id',
  BRIDGE_CLIENT_SECRET: 'secret',
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
}

export type TestInstallation = Awaited<ReturnType<typeof anInstallation>>

/** An installation on disk with a tenant, closed again; `open` works on it, as a server or a command does. */
export async function anInstallation(tenant = 'acme') {
  const folder = testFolder()
  const clock = testClock()
  const ids = testIds()
  const configWith = (change: Record<string, string> = {}) =>
    loadConfig({ ...environment, DATA_DIR: folder, ...change })
  const config = configWith()
  const database = databasePath(config)
  const signerOf = copySigner(config, clock)

  async function open<T>(work: (rooms: TestRooms) => Promise<T>): Promise<T> {
    const store = createSqliteStore(database)
    try {
      const keyring = await unlockInstance(store, { config, clock })
      await pinApplication(store, config) // as once Bridge has taken the credentials
      return await work({
        store,
        keyring,
        clock,
        ids,
      })
    } finally {
      await store.close()
    }
  }
  /** A signed copy, as `backup` makes one. */
  function copy(name = 'copy.sqlite'): string {
    const to = join(folder, name)
    copyDatabase(database, to, signerOf)
    return to
  }
  const made = await open((rooms) => aTenant(rooms, { name: tenant }))
  return {
    ...made,
    folder,
    /** What a command on it is given. */
    environment: { ...environment, DATA_DIR: folder },
    database,
    clock,
    config,
    configWith,
    signerOf,
    /** What a copy made in a thread is signed with. */
    signer: signerOf(wrappedPepperIn(database)!),
    open,
    copy,
  }
}
