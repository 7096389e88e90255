import { describe, expect, it } from 'vitest'
import { dayMs } from '../../../src/durations.ts'
import { loadConfig } from '../../../src/config.ts'
import { masterKeysOf } from '../../../src/vault/master-keys.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { keyIdOf } from '../../../src/vault/keyring.ts'
import {
  learnDataKeys,
  rekey,
  RekeyStoppedError,
  ServerUnawareError,
} from '../../../src/vault/rekey.ts'
import { testClock } from '../../support/clock.ts'
import { testIds } from '../../support/ids.ts'
import { testStore } from '../../support/store.ts'
import { aTenant, aUser, anAnnouncement, testBy } from '../../support/tenants.ts'

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64')
const [oldKey, newKey] = [`old:${keyOf(1)}`, `new:${keyOf(2)}`]
const both = `${newKey},${oldKey}`

const configWith = (masterKey: string) =>
  loadConfig({ BRIDGE_CLIENT_ID: 'c', BRIDGE_CLIENT_SECRET: 's', MASTER_KEY: masterKey })

/** A database that a server with the old master key has open, and a `rekey` beside it. */
async function anInstallation() {
  const [store, clock, ids] = [testStore(), testClock(), testIds()]
  const unlock = (masterKey: string) =>
    unlockInstance(store, { config: configWith(masterKey), clock })
  const server = { store, clock, ids, keyring: await unlock(oldKey) }
  const user = await aUser(server, (await aTenant(server)).site)
  const run = async ({
    living = [] as string[],
    masterKey = both,
    meanwhile = async () => {},
    over = store,
    stopped = new AbortController().signal,
  } = {}) =>
    rekey(
      {
        ...server,
        store: over,
        keyring: await unlock(masterKey),
        masterKeys: masterKeysOf(configWith(masterKey)),
        livingServers: () => Promise.resolve(living),
        stopped,
        wait: async (ms) => {
          clock.advance(ms)
          await meanwhile()
        },
      },
      testBy,
    )
  /** An event as the server seals it now, to be stored later. */
  const seal = (text: string) => {
    const event = anAnnouncement(server, user)
    return { ...event, body: server.keyring.seal(text, `events/${event.id}`) }
  }
  /** What a server that is started now with this master key reads of all events. */
  const readAll = async (masterKey: string) => {
    const keyring = await unlock(masterKey)
    return (await store.listSealed('event-body', null, 100)).map(({ rowId, sealed }) =>
      keyring.open(sealed, `events/${rowId}`).toString(),
    )
  }
  return { ...server, unlock, run, seal, readAll }
}

describe('an event that was sealed before a rekey and stored after it', () => {
  it('is read with the new master key alone, and sealed anew by the next rekey', async () => {
    const { store, clock, run, seal, readAll } = await anInstallation()
    const late = seal('late')
    const done = await run()

    await store.acceptEvent(late)

    expect(done.dropped).toEqual([])
    expect(await readAll(newKey)).toEqual(['late'])
    clock.advance(2 * dayMs)
    const next = await run({ masterKey: newKey })
    expect(next).toMatchObject({ resealed: 2, dropped: ['d1'] }) // the other one is the site's secret
    expect(await readAll(newKey)).toEqual(['late'])
  })

  it('is read after two rekeys in a row', async () => {
    const { store, run, seal, readAll } = await anInstallation()
    const late = seal('late')
    await run()
    await run()

    await store.acceptEvent(late)

    expect(await readAll(newKey)).toEqual(['late'])
  })
})

it('what a server seals once it learned the data key of a rekey that is then refused, all can read', async () => {
  const { store, clock, keyring, run, seal, readAll } = await anInstallation()
  const masterKeys = masterKeysOf(configWith(both))
  const memberId = 'srv_aware'
  await store.joinMembers({ id: memberId, host: 'a', pid: 1 }, { at: 1, silentSince: 0 })

  const refused = run({
    living: [memberId, 'srv_unaware'],
    meanwhile: async () => {
      await learnDataKeys({ store, clock, keyring, masterKeys, memberId })
    },
  })
  await expect(refused).rejects.toThrow(ServerUnawareError)
  const event = seal('between')
  await store.acceptEvent(event)

  expect(keyIdOf(event.body)).not.toBe('d1')
  expect(await readAll(oldKey)).toEqual(['between'])
  expect(await readAll(both)).toEqual(['between'])
})

it('a refused rekey leaves nothing wrapped for one that was killed before it', async () => {
  const { run, seal, store, unlock, readAll } = await anInstallation()
  await store.acceptEvent(seal('before'))
  const killed = run({
    living: ['srv_unaware'],
    meanwhile: () => Promise.reject(new Error('killed')),
  })
  await expect(killed).rejects.toThrow('killed')

  await expect(run({ living: ['srv_unaware'] })).rejects.toThrow(ServerUnawareError)

  expect((await unlock(oldKey)).ids()).toHaveLength(3)
  expect(await readAll(oldKey)).toEqual(['before'])
})

it('a rekey that is stopped while it waits for the servers leaves nothing wrapped for itself alone', async () => {
  const { run, seal, store, unlock, readAll } = await anInstallation()
  await store.acceptEvent(seal('before'))
  const stop = new AbortController()

  const stopped = run({
    living: ['srv_unaware'],
    stopped: stop.signal,
    meanwhile: async () => stop.abort(),
  })

  await expect(stopped).rejects.toThrow(RekeyStoppedError)
  expect((await unlock(oldKey)).ids()).toHaveLength(2)
  expect(await readAll(oldKey)).toEqual(['before'])
  expect(await store.listAudit({ action: 'rekey.stopped', limit: 9 })).toHaveLength(1)
  expect(await store.listAudit({ action: 'rekey.refused', limit: 9 })).toEqual([])
})

it('a rekey that is stopped while it seals anew is finished by the next one', async () => {
  const { run, seal, store, readAll } = await anInstallation()
  await store.acceptEvent(seal('before'))
  const stop = new AbortController()
  const replaceSealed: typeof store.replaceSealed = async (...given) => {
    stop.abort()
    return store.replaceSealed(...given)
  }

  const stopped = run({ stopped: stop.signal, over: { ...store, replaceSealed } })

  await expect(stopped).rejects.toThrow(RekeyStoppedError)
  expect(await readAll(both)).toEqual(['before'])
  await run()
  expect(await readAll(newKey)).toEqual(['before'])
})

it('what a killed rekey left says which master keys open the database, and what to do', async () => {
  const { run, unlock } = await anInstallation()
  const killed = run({
    living: ['srv_unaware'],
    meanwhile: () => Promise.reject(new Error('killed')),
  })
  await expect(killed).rejects.toThrow('killed')

  await expect(unlock(oldKey)).rejects.toThrow(
    /MASTER_KEY: opens this database, but not the data key \S+, .* master key new; give both \(new:key,old:key\) and run rekey again/,
  )
  await run()
  expect((await unlock(newKey)).ids()).toHaveLength(3)
})

it('a refused rekey undoes nothing of one that came to its end meanwhile', async () => {
  const { run, seal, store, readAll } = await anInstallation()
  await store.acceptEvent(seal('before'))
  let done: Promise<unknown> | undefined

  const refused = run({
    living: ['srv_unaware'],
    meanwhile: async () => void (await (done ??= run())),
  })

  await expect(refused).rejects.toThrow(ServerUnawareError)
  expect(await readAll(newKey)).toEqual(['before'])
})

it('a refused rekey undoes nothing of one that comes to its end between its look and its write', async () => {
  const { run, seal, store, readAll } = await anInstallation()
  await store.acceptEvent(seal('before'))
  let done: Promise<unknown> | undefined
  const rewrap: typeof store.rewrap = async (...given) => {
    await (done ??= run())
    return store.rewrap(...given)
  }

  const refused = run({ living: ['srv_unaware'], over: { ...store, rewrap } })

  await expect(refused).rejects.toThrow(ServerUnawareError)
  expect(await readAll(newKey)).toEqual(['before'])
})
