import { expect, it } from 'vitest'
import { createLeader, soleLeader } from '../../../src/cluster/leader.ts'

it('the only member leads, and its ticks run', async () => {
  const tick = soleLeader.only(async () => true)

  expect(soleLeader.isLeader()).toBe(true)
  expect(await tick()).toBe(true)
})

it('a tick runs on the leader alone, and is asked for anew each time: leadership comes and goes', async () => {
  let leads = false
  const ran: boolean[] = []
  const tick = createLeader(() => leads).only(async () => {
    ran.push(leads)
    return true
  })

  const idle = await tick()
  leads = true
  const busy = await tick()
  leads = false
  await tick()

  expect(idle).toBe(false) // nothing more to do here: the loop sleeps
  expect(busy).toBe(true)
  expect(ran).toEqual([true])
})

it('what fails on the leader fails for its loop', async () => {
  const tick = soleLeader.only(() => Promise.reject(new Error('locked')))

  await expect(tick()).rejects.toThrow('locked')
})
