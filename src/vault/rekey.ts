import { randomBytes } from 'node:crypto'
import type { Clock, Ids } from '../clock.ts'
import type { MasterKey } from '../environment.ts'
import type { Rewrapping } from '../db/ports/instance.ts'
import { sealedColumns, type SealedColumn } from '../db/ports/sealed.ts'
import type { By } from '../db/scope.ts'
import type { Store } from '../db/store.ts'
import { dayMs } from '../durations.ts'
import { dataKeyRow, pepperRow, unwrap, unwrapDataKey } from './master-keys.ts'
import { sealingKey } from './unlock.ts'
import { sealedRow } from './sealed-rows.ts'
import { keyIdOf, seal, type Keyring } from './keyring.ts'

/** What a `rekey` did. */
interface Rekeyed {
  master_key: string
  data_key: string
  /** Values sealed anew. */
  resealed: number
  /** Data keys of earlier times that nothing is sealed with any more. */
  dropped: string[]
}

/** Running servers cannot open what this command wraps. Nothing stays wrapped with a master key that they do not have. */
export class ServerUnawareError extends Error {
  override name = 'ServerUnawareError'

  constructor(servers: readonly string[], dataKey: string) {
    super(
      `Running without this MASTER_KEY: ${servers.join(', ')}. Restart all servers with the same one (new and old, as id:key,id:key), one after the other if you like, and run this again. The data key ${dataKey} that it made stays behind, for servers may seal with it; a later rekey drops it.`,
    )
  }
}

/** Somebody stopped it; what it leaves opens with the keys that the servers have. */
export class RekeyStoppedError extends Error {
  override name = 'RekeyStoppedError'
}

const batch = 100
/** How long a running server may take to notice the new key; as long as a dead one counts as living. */
const patienceMs = 10_000
/** How long several servers take to seal with a data key that all have: each looks once in a second. */
const changeOverMs = 2_000
/**
 * How long a data key stays after a newer one took over: a server that is frozen, or waits for a lock, may store later what it
 * sealed with the old one. No call lasts a day.
 */
const keepMs = dayMs

interface RekeyDeps {
  store: Store
  keyring: Keyring
  clock: Clock
  ids: Ids
  masterKeys: readonly MasterKey[]
  /** The ids of the servers at work on this database. */
  livingServers(): Promise<string[]>
  wait(ms: number): Promise<unknown>
  /** Ends it at the next point where that harms nothing, with a RekeyStoppedError. */
  stopped?: AbortSignal
  /** Hears how many values are sealed anew by now. */
  onSealed?: (count: number) => void
}

/**
 * Wraps all keys with the newest master key, makes a new data key and seals everything with it, in short batches beside a
 * running server. May be cut off anywhere and run again. The pepper stays: hashes cannot be made anew without their secrets.
 * So does the data key before, wrapped with the newest master key, for what was sealed with it and is not stored yet: a later
 * `rekey` seals that anew, and drops it.
 */
export async function rekey(deps: RekeyDeps, by: By): Promise<Rekeyed> {
  const { store, keyring, clock, ids, masterKeys, stopped } = deps
  const newest = masterKeys[0]
  if (!newest || !(await store.readInstance())) throw new Error('There is no installation to rekey')

  const key = { id: ids.next('d'), key: randomBytes(32) }
  const wrappedKey = seal(newest, key.key, dataKeyRow(key.id))
  await store.addDataKey({ id: key.id, wrappedKey }, clock.now())
  const unaware = await serversWithout(deps, key.id)

  const isStopped = stopped?.aborted === true
  if (unaware.length > 0 || isStopped) {
    const members = await store.listMembers()
    // Some may seal with it by now, and go on: it stays, wrapped as the pepper is, so that all can open it.
    const ofPepper = (pepper: Buffer) => masterKeys.find(({ id }) => id === keyIdOf(pepper))!
    await wrapAll(deps, ofPepper, by, isStopped ? 'rekey.stopped' : 'rekey.refused')
    const named = unaware.map((server) => {
      const member = members.find(({ id }) => id === server)
      return member ? `process ${member.pid} on ${member.host}` : server
    })
    if (isStopped) throw new RekeyStoppedError('Stopped before anything was sealed anew.')
    throw new ServerUnawareError(named, key.id)
  }
  keyring.add(key)
  keyring.sealWith(key.id)
  await wrapAll(deps, () => newest, by, 'keys.rewrapped')

  let resealed = 0
  // What somebody sealed with the old key meanwhile is found by the next round; the last one finds nothing.
  for (;;) {
    let round = 0
    for (const column of sealedColumns) {
      const before = resealed + round
      const onSealed = (count: number): void => deps.onSealed?.(before + count)
      round += await reseal({ ...deps, onSealed }, column, key.id)
    }
    if (round === 0) break
    resealed += round
  }
  const at = clock.now()
  const dropped = await store.dropUnusedDataKeys(at - keepMs, { ...by, at })
  return { master_key: newest.id, data_key: key.id, resealed, dropped }
}

/**
 * Wraps the pepper and all data keys with the master key that is chosen by how the pepper is wrapped now: another rekey may
 * have come to its end meanwhile, or one before have left a key behind.
 */
async function wrapAll(
  { store, masterKeys }: RekeyDeps,
  choose: (wrappedPepper: Buffer) => MasterKey,
  by: By,
  action: Rewrapping,
): Promise<void> {
  for (;;) {
    const { wrappedPepper: from, dataKeys } = (await store.readInstance())!
    const master = choose(from)
    const anew = (wrapped: Buffer, row: string): Buffer =>
      keyIdOf(wrapped) === master.id ? wrapped : seal(master, unwrap(masterKeys, wrapped, row), row)
    const pepper = { from, to: anew(from, pepperRow) }
    const wrapped = dataKeys.map(({ id, wrappedKey }) => ({
      id,
      wrappedKey: anew(wrappedKey, dataKeyRow(id)),
    }))
    if (await store.rewrap({ pepper, dataKeys: wrapped }, { ...by, action })) return
  }
}

/**
 * The ids of servers that did not take a data key in hand in time. A server reads with the keys it has: before all have the
 * new one, nothing may be sealed with it. Then they do.
 */
async function serversWithout(
  { store, clock, livingServers, wait, stopped }: RekeyDeps,
  id: string,
): Promise<string[]> {
  const giveUpAt = clock.now() + patienceMs
  for (;;) {
    const living = await livingServers()
    const key = (await store.listDataKeys()).find((candidate) => candidate.id === id)
    const without = living.filter((server) => !key?.seenBy.includes(server))
    if (without.length === 0 && living.length > 1) await wait(changeOverMs)
    if (without.length === 0 || clock.now() >= giveUpAt || stopped?.aborted) return without
    await wait(250)
  }
}

async function reseal(
  { store, keyring, stopped, onSealed }: RekeyDeps,
  column: SealedColumn,
  newId: string,
): Promise<number> {
  let count = 0
  let after: string | number | null = null
  for (;;) {
    const values = await store.listSealed(column, after, batch)
    const changes = values
      .filter(({ sealed }) => keyIdOf(sealed) !== newId)
      .map(({ key, rowId, sealed: from }) => {
        const row = sealedRow[column](rowId)
        return { key, from, to: keyring.seal(keyring.open(from, row), row) }
      })
    if (changes.length > 0) {
      count += await store.replaceSealed(column, changes)
      onSealed?.(count)
    }
    if (stopped?.aborted) {
      throw new RekeyStoppedError('Stopped with some sealed anew: run it again for the rest.')
    }
    const last = values.at(-1)
    if (!last || values.length < batch) return count
    after = last.key
  }
}

/**
 * One look for data keys that a `rekey` beside us made: takes them in hand and says so, and seals with the newest that all
 * servers have. True when there was one. Throws a ConfigError when our master keys do not open it; then nothing is sealed
 * with it either.
 */
export async function learnDataKeys({
  store,
  keyring,
  clock,
  masterKeys,
  memberId,
}: Pick<RekeyDeps, 'store' | 'keyring' | 'clock' | 'masterKeys'> & {
  memberId: string
}): Promise<boolean> {
  const known = keyring.ids()
  const keys = await store.listDataKeys()
  const fresh = keys.filter(({ id }) => !known.includes(id))
  for (const { id, wrappedKey } of fresh) {
    keyring.add({ id, key: unwrapDataKey(masterKeys, { id, wrappedKey }) })
  }
  for (const { id, seenBy } of keys) {
    if (seenBy.includes(memberId)) continue
    await store.markDataKeySeen(id, memberId, clock.now())
    seenBy.push(memberId)
  }
  keyring.sealWith(sealingKey(keys))
  return fresh.length > 0
}
