import { expect, test } from 'vitest'
import { createLeader } from '../../../src/cluster/leader.ts'
import { testApp } from '../../support/app.ts'
import { mailbox } from './mailbox.ts'

test('the leader alone looks, and its log holds no address', async () => {
  const box = await mailbox()
  const env = { HEALTHCHECK_URL: `http://${box.host}/ping/topsecret` }

  const follower = await testApp({ env, workers: true, leader: createLeader(() => false) })
  await follower.app.close()
  const ofFollower = box.take()
  const leader = await testApp({ env, workers: true })
  await expect.poll(() => box.came.length).toBeGreaterThan(0)

  expect(ofFollower).toEqual([])
  expect(box.came[0]?.path).toBe('/ping/topsecret/start')
  expect(leader.log.join()).not.toContain('topsecret')
})
