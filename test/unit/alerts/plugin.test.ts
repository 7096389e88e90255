import { expect, onTestFinished, test, vi } from 'vitest'
import { createDatabaseWatch } from '../../../src/alerts/database-watch.ts'
import type { Leader } from '../../../src/cluster/leader.ts'
import { minuteMs } from '../../../src/durations.ts'
import { testApp } from '../../support/app.ts'
import { mailbox } from './mailbox.ts'

/** A server that does not lead, and how many loops it leaves to who does. */
async function follower(env: Record<string, string>): Promise<number> {
  let left = 0
  const leader: Leader = {
    isLeader: () => false,
    only() {
      left += 1
      return async () => false
    },
  }
  await testApp({ env, workers: true, leader })
  return left
}

test('looking is the leader’s alone, and nobody’s while no address is given', async () => {
  const { host, came } = await mailbox()
  const without = await follower({})

  for (const name of ['ALERT_URL', 'HEALTHCHECK_URL']) {
    expect(await follower({ [name]: `http://${host}/` })).toBe(without + 1)
  }
  expect(came).toEqual([])
})

test('a server that leads looks from its start on, and its log holds no address', async () => {
  const { host, came } = await mailbox()
  const env = { HEALTHCHECK_URL: `http://${host}/ping/topsecret` }

  const { log } = await testApp({ env, workers: true })
  await expect.poll(() => came.length).toBeGreaterThan(0)

  expect(came[0]?.path).toBe('/ping/topsecret/start')
  expect(log.join()).not.toContain('topsecret')
})

test('a server without its database tells it by itself, leading or not: once, and once that it is back', async () => {
  const { host, take } = await mailbox()
  const leader: Leader = { isLeader: () => false, only: () => async () => false }
  const env = { ALERT_URL: `http://${host}/` }
  const { app, clock } = await testApp({ env, workers: true, leader })
  const sure = vi.spyOn(app.membership, 'holdsLease')
  onTestFinished(() => sure.mockRestore())
  const titles = () => take().map(({ body }) => (JSON.parse(body) as { title: string }).title)
  /** However often it looks meanwhile. */
  const told = () =>
    expect.poll(() => {
      clock.advance(2 * minuteMs)
      return titles()
    })

  sure.mockReturnValue(false)
  await told().toEqual(['Bank API at bank.test: database of a server'])
  sure.mockReturnValue(true)
  await told().toEqual(['Bank API at bank.test: database of a server, over'])
})

test('one look at a database that is away is not told yet', async () => {
  const titles: string[] = []
  let isAway = true
  const look = createDatabaseWatch({
    isAway: () => isAway,
    name: 'a server',
    where: 'bank.test',
    sender: { tell: async ({ title }) => void titles.push(title) },
  })

  await look()
  expect(titles).toEqual([])
  for (let looks = 0; looks < 3; looks += 1) await look()
  isAway = false
  for (let looks = 0; looks < 3; looks += 1) await look()

  expect(titles).toEqual([
    'Bank API at bank.test: database of a server',
    'Bank API at bank.test: database of a server, over',
  ])
})
