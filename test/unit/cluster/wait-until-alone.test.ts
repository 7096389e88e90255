import { expect, it } from 'vitest'
import { waitUntilAlone } from '../../../src/cluster/wait-until-alone.ts'
import { silentMs } from '../../../src/cluster/liveness.ts'
import { DatabaseInUseError } from '../../../src/db/store-errors.ts'

const own = { id: 'own', host: 'here', pid: 1, seenAt: 1, leads: false }
const other = { id: 'other', host: 'there', pid: 7, seenAt: 1, leads: false }

/** A list of members that changes as time is waited for. */
function listed(at: (waitedMs: number) => object[]) {
  let waitedMs = 0
  const store = { listMembers: async () => at(waitedMs) as (typeof own)[] }
  const wait = async (ms: number) => void (waitedMs += ms)
  return { store, wait, waitedMs: () => waitedMs }
}

it('who is the only member waits for nothing', async () => {
  const { store, wait, waitedMs } = listed(() => [own])

  await waitUntilAlone(store, 'own', wait)

  expect(waitedMs()).toBe(0)
})

it('beside one that lives it is refused, and told what to do', async () => {
  const { store, wait } = listed((waitedMs) => [own, { ...other, seenAt: waitedMs }])

  const refused = waitUntilAlone(store, 'own', wait)

  await expect(refused).rejects.toThrow(DatabaseInUseError)
  await expect(refused).rejects.toThrow(/process 7 on there.*npm run sandbox.*BRIDGE_BASE_URL/)
})

it('one that died is waited for, for as long as it may count as living', async () => {
  const { store, wait, waitedMs } = listed((ms) => (ms < silentMs ? [own, other] : [own]))

  await waitUntilAlone(store, 'own', wait)

  expect(waitedMs()).toBe(silentMs)
})

it('one that neither goes nor says anything is not waited for without end', async () => {
  const { store, wait } = listed(() => [own, other])

  await expect(waitUntilAlone(store, 'own', wait)).rejects.toThrow(DatabaseInUseError)
})
