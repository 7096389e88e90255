import { AsyncLocalStorage } from 'node:async_hooks'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLeader, type Leader } from '../../../src/cluster/leader.ts'
import { testApp } from '../../support/app.ts'
import { testIds } from '../../support/ids.ts'
import { testFolder, unhandledIn } from '../../support/store.ts'
import { aRequest, aTenant, aUser, anAnnouncement, testBy } from '../../support/tenants.ts'

test('what is done once for an installation waits for the leader; what every server does goes on', async () => {
  const database = join(testFolder(), 'bank-api.sqlite')
  const ids = testIds()
  const first = await testApp({ database, ids })
  const { clock } = first
  const { tenant, sites, scope } = await aTenant(first.app, { sites: ['one', 'two'] })
  const user = await aUser(first.app, sites[0]!)
  const request = await aRequest(first.app, user, { expiresAt: clock.now() })
  const removal = await first.app.store.startRemoval(
    {
      id: ids.next('rem'),
      kind: 'site',
      tenantId: tenant.id,
      subjectId: sites[1]!.id,
      name: 'two',
      withBridgeUsers: false,
    },
    testBy,
  )
  await first.app.close()
  const serve = async (isLeader: boolean) => {
    const served = await testApp({
      database,
      ids,
      clock,
      workers: true,
      leader: createLeader(() => isLeader),
    })
    const { store } = served.app
    const state = async () => ({
      request: (await store.findRequest(scope, request))?.request.state,
      isRemoved: (await store.getRemoval(removal.id)).finishedAt !== null,
      isAuditLogged: served.log.some((line) => line.includes('"room":"audit"')),
    })
    return { ...served, store, state }
  }

  const follower = await serve(false)
  for (let round = 0; round < 2; round += 1) {
    const event = anAnnouncement(follower.app, user, { handledAt: null })
    const body = follower.app.keyring.seal('{"type":"x"}', `events/${event.id}`)
    await follower.store.acceptEvent({ ...event, body })
    follower.app.wakeups.emit('events')
    await expect.poll(() => unhandledIn(follower.store, clock.now())).toEqual([])
  }
  const left = await follower.state()
  await follower.app.close()
  const leader = await serve(true)

  expect(left).toEqual({ request: 'pending', isRemoved: false, isAuditLogged: false })
  await expect
    .poll(leader.state)
    .toEqual({ request: 'expired', isRemoved: true, isAuditLogged: true })
})

test('this is what the leader alone does: each by the first thing it asks of the database', async () => {
  const ticks: (() => Promise<boolean>)[] = []
  const leader: Leader = {
    isLeader: () => false,
    only(tick) {
      ticks.push(tick)
      return async () => false
    },
  }
  const { app, clock } = await testApp({ workers: true, leader })
  app.bridgeTime.heard(new Date(clock.now()).toUTCString()) // else nothing is reminded of, or forgotten
  const running = new AsyncLocalStorage<string[]>()
  for (const [name, operation] of Object.entries(app.store)) {
    if (typeof operation !== 'function') continue
    const watched = (...given: unknown[]) => {
      running.getStore()?.push(name)
      return (operation as (...given: unknown[]) => unknown)(...given)
    }
    Object.assign(app.store, { [name]: watched })
  }

  const asked: string[] = []
  for (const tick of ticks) {
    const names: string[] = []
    await running.run(names, tick)
    asked.push(names[0] ?? 'nothing')
  }

  expect(asked.toSorted()).toEqual([
    'countConnections',
    'countRenewals',
    'expireRequests',
    'listConnections',
    'listConnections',
    'listConnections',
    'listOpenRemovals',
    'listUnheard',
    'listUnloggedAudit',
    'purge',
    'recoverDead',
    'saveBridgeStatus',
  ])
})
