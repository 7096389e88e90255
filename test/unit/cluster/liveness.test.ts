import { expect, it } from 'vitest'
import { hasLivingServer, isLiving, renewMs, silentMs } from '../../../src/cluster/liveness.ts'
import { testRooms } from '../../support/tenants.ts'

it.each([
  ['just now', 0, true],
  ['before its silence was long enough', -silentMs + 1, true],
  ['for the last time as long ago as a silence', -silentMs, false],
  ['a little ahead, by a clock that is corrected', silentMs - 1, true],
  ['at a time to come, by a clock that was set wrong', silentMs, false],
])('a member that was seen %s: %j ms, living: %j', (_, byMs, living) => {
  expect(isLiving({ seenAt: 1_000_000 + byMs }, 1_000_000)).toBe(living)
})

it('a member may miss two signs of life before it counts as silent', () => {
  expect(3 * renewMs).toBeLessThan(silentMs)
})

it('a server lives from when it joined until it stops, or says nothing any more', async () => {
  const { store, clock } = testRooms()
  const empty = Buffer.alloc(0)
  await store.createInstance({ mode: 'x', wrappedPepper: empty, dataKeys: [], at: 0 })
  const lives = () => hasLivingServer({ store, clock })
  const join = (id: string) => {
    const at = clock.now()
    return store.joinMembers({ id, host: 'a', pid: 1 }, { at, silentSince: at - silentMs })
  }
  expect(await lives()).toBe(false)

  await join('srv_1')
  expect(await lives()).toBe(true)
  clock.advance(silentMs)
  expect(await lives()).toBe(false)
  await join('srv_2')
  expect(await lives()).toBe(true)
  await store.removeMember('srv_2')
  expect(await lives()).toBe(false)
})
