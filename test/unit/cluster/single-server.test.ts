import { setImmediate as turn } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { takeDatabase, type ProcessIdentity } from '../../../src/cluster/single-server.ts'
import { DatabaseInUseError } from '../../../src/db/store-errors.ts'
import type { Loop } from '../../../src/loop.ts'
import { testRooms } from '../../support/tenants.ts'

const on = (host: string, pid: number, alive: readonly number[] = []): ProcessIdentity => ({
  host,
  pid,
  isAlive: (other) => alive.includes(other),
})

/** A database, and servers that wait by moving its clock. */
async function aDatabase() {
  const { store, clock, ids } = testRooms()
  const empty = Buffer.alloc(0)
  await store.createInstance({ mode: 'sandbox', wrappedPepper: empty, dataKeys: [], at: 0 })
  const waits: number[] = []
  let lost = 0
  async function hold(
    at: ProcessIdentity,
    meanwhile: () => Promise<void> | void = () => {},
  ): Promise<Loop> {
    const loop = await takeDatabase(store, {
      id: ids.next('srv'),
      identity: at,
      clock,
      onLost: () => (lost += 1),
      wait: async (ms) => {
        waits.push(ms)
        clock.advance(ms)
        await meanwhile()
        await turn()
      },
    })
    onTestFinished(() => loop.stop())
    return loop
  }
  return { store, clock, hold, waits, lost: () => lost }
}

it('a second server is refused while the first renews', async () => {
  const { hold, clock, waits } = await aDatabase()
  const first = await hold(on('a', 1))
  const started = clock.now()

  const second = hold(on('b', 2), () => first.nudge())

  await expect(second).rejects.toThrow(DatabaseInUseError)
  await expect(second).rejects.toThrow('process 1 on a')
  expect(clock.now() - started).toBeGreaterThan(10_000) // longer than a lease: it had its chance
  expect(waits.length).toBeGreaterThan(10)
})

it('a living server on the same host keeps a second one off, too', async () => {
  const { hold } = await aDatabase()
  const first = await hold(on('a', 1))

  const second = hold(on('a', 2, [1]), () => first.nudge())

  await expect(second).rejects.toThrow(DatabaseInUseError)
})

it('a dead predecessor on the same host is replaced at once', async () => {
  const { hold, waits, lost } = await aDatabase()
  const first = await hold(on('a', 1))

  await hold(on('a', 2, []))

  expect(waits).toEqual([])
  first.nudge()
  await expect.poll(lost).toBe(1)
})

it('a former life with our own process number is replaced at once', async () => {
  const { hold, waits } = await aDatabase()
  await hold(on('container', 1))

  await hold(on('container', 1, [1]))

  expect(waits).toEqual([])
})

it('a dead process number of another host proves nothing: its lease is waited for', async () => {
  const { hold, clock, waits } = await aDatabase()
  await hold(on('a', 1))
  const started = clock.now()

  await hold(on('b', 2, []))

  expect(waits.length).toBeGreaterThan(0)
  expect(clock.now() - started).toBe(10_000)
})

it('a predecessor seen in the future, by a clock that was put back, is replaced when it renews nothing', async () => {
  const { hold, clock, store } = await aDatabase()
  await store.joinMembers(
    { id: 'srv_gone', host: 'a', pid: 1 },
    { at: clock.now() + 1_000_000, silentSince: 0 },
  )

  await hold(on('b', 2))

  expect(await store.listMembers()).toMatchObject([{ host: 'b' }])
})

it('a server that lost the database learns it, once', async () => {
  const { hold, clock, lost } = await aDatabase()
  const first = await hold(on('a', 1))
  clock.advance(60_000)
  const second = await hold(on('b', 2))

  for (let count = 0; count < 3; count += 1) {
    first.nudge()
    await turn()
  }
  second.nudge()
  await turn()

  expect(lost()).toBe(1)
})

it('stopping frees the database at once', async () => {
  const { hold, waits } = await aDatabase()
  const first = await hold(on('a', 1))

  await first.stop()
  await hold(on('b', 2))

  expect(waits).toEqual([])
})

it('stopping after the database was lost does not take it from the one that has it', async () => {
  const { hold, store, clock } = await aDatabase()
  const first = await hold(on('a', 1))
  clock.advance(60_000)
  await hold(on('b', 2))

  await first.stop()

  const other = { id: 'srv_x', host: 'c', pid: 3 }
  const holder = await store.joinMembers(other, { at: clock.now(), silentSince: clock.now() - 1 })
  expect(holder).toMatchObject({ host: 'b', pid: 2 })
})
