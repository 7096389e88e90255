import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { createClockDoubt } from '../../../src/bridge/session/bridge-time.ts'
import { retentionKinds, type RetentionKind } from '../../../src/db/ports/retention.ts'
import { createRetention } from '../../../src/retention/retention.ts'
import { runCli } from '../../support/run-cli.ts'
import { callBack, callMethod, testApp, withoutReference } from '../../support/app.ts'
import { testNow } from '../../support/clock.ts'
import { firstStart } from '../../support/gateway.ts'
import { databaseFile, testFolder, testStore } from '../../support/store.ts'
import {
  anAnnouncement,
  aRequest,
  aTenant,
  aUser,
  addItems,
  itemFacts,
  testBy,
  testRooms,
} from '../../support/tenants.ts'

const dayMs = 24 * 60 * 60_000
const retention = { eventsDays: 30, auditDays: 365 }

/** A site whose events, answers, requests and audit grow old. */
async function aSite(
  path = ':memory:',
  { webhookUrl }: { webhookUrl: string | null } = { webhookUrl: 'https://erp.acme.test/hook' },
) {
  const rooms = testRooms(testStore(path))
  const { store, clock, ids } = rooms
  const { site } = await aTenant(rooms)
  await store.updateSite(site.id, { webhookUrl }, testBy)
  const user = await aUser(rooms, site)
  const announce = (fields: object = {}) => {
    const id = ids.next('evt')
    return store.acceptEvent(anAnnouncement(rooms, user, { id, dedupeKey: id, ...fields }))
  }
  /** Ticks until nothing is left to forget; says how much of what went, and in how many ticks. */
  const tick = createRetention({ store, clock, retention })
  const forget = async () => {
    const done: Partial<Record<RetentionKind, number>> = {}
    let ticks = 1
    while (await tick(done)) ticks += 1
    return { done, ticks }
  }
  return { ...rooms, site, user, announce, forget }
}

const nothing = Object.fromEntries(retentionKinds.map((kind) => [kind, 0]))

it('nothing goes before its day', async () => {
  const { announce, clock, forget } = await aSite()
  await announce()

  clock.advance(30 * dayMs)

  expect(await forget()).toEqual({ done: nothing, ticks: 1 })
})

it('after thirty days an event has lost its body, after a year it is gone with its deliveries', async () => {
  const { announce, clock, forget, store } = await aSite()
  await announce()
  const [claim] = await store.claimDeliveries({
    at: testNow,
    by: 'srv_test',
    leaseUntil: testNow + 1,
    limit: 1,
  })
  await store.settleDelivery({
    id: claim!.id,
    attempt: claim!.attempt,
    at: testNow,
    outcome: { kind: 'delivered' },
    try: {
      startedAt: testNow,
      durationMs: 1,
      status: 200,
      error: null,
      response: Buffer.from('sealed'),
    },
    endpoint: null,
  })

  clock.advance(30 * dayMs + 1)
  const month = await forget()
  const known = await store.findDelivery(claim!.event.id)
  clock.advance(335 * dayMs)
  const year = await forget()

  expect(month.done).toEqual({ ...nothing, 'event-bodies': 1, responses: 1 })
  expect(known).toMatchObject({ state: 'delivered', tries: [{ status: 200, response: null }] })
  expect(year.done).toMatchObject({ events: 1 })
  expect(await store.findDelivery(claim!.event.id)).toBeUndefined()
})

it('after the clock was put forward nothing is forgotten for a day, in which it may be put right', async () => {
  const { announce, clock, clockWatch, jump, store } = await aSite(':memory:', { webhookUrl: null })
  await announce()
  const isClockInDoubt = createClockDoubt(clockWatch, { aheadMs: () => 0 })
  const forget = createRetention({ store, clock, isClockInDoubt, retention })
  const tick = async () => {
    const done = {}
    await forget(done)
    return done
  }

  jump(31 * dayMs)

  expect(await tick()).toEqual({})
  clock.advance(dayMs - 1)
  expect(await tick()).toEqual({})
  clock.advance(1)
  expect(await tick()).toMatchObject({ 'event-bodies': 1 })
})

it('what nobody has applied yet keeps its body, however old', async () => {
  const { announce, clock, forget, store } = await aSite()
  await announce({ handledAt: null })

  clock.advance(400 * dayMs)
  await forget()

  expect(await store.listSealed('event-body', null, 9)).toHaveLength(1)
})

it('many rows go in small batches, none of which writes more than a few hundred', async () => {
  const { announce, clock, forget, store } = await aSite(':memory:', { webhookUrl: null })
  await Promise.all(Array.from({ length: 1_050 }, () => announce()))
  const sizes: number[] = []
  const { purge } = store
  store.purge = async (...args) => {
    const forgotten = await purge(...args)
    sizes.push(forgotten.count)
    return forgotten
  }

  clock.advance(31 * dayMs)
  const { done, ticks } = await forget()

  expect(done['event-bodies']).toBe(1_050)
  expect(ticks).toBe(6)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(200)
})

it('what has nothing more to forget is not looked through again while others go on', async () => {
  const { announce, clock, forget, store } = await aSite(':memory:', { webhookUrl: null })
  await Promise.all(Array.from({ length: 450 }, () => announce()))
  const looked: Partial<Record<RetentionKind, number>> = {}
  const { purge } = store
  store.purge = (kind, ...args) => {
    looked[kind] = (looked[kind] ?? 0) + 1
    return purge(kind, ...args)
  }

  clock.advance(31 * dayMs)
  await forget()

  expect(looked).toMatchObject({ 'event-bodies': 3, requests: 1, events: 1 })
})

it('a request goes a year after its end once its item is forgotten, one whose item lives does not', async () => {
  const rooms = await aSite()
  const { clock, forget, store, user, site } = rooms
  const scope = { tenantId: site.tenantId, siteId: site.id }
  const connects = async (id: number) => {
    const request = await aRequest(rooms, user)
    const outcome = {
      state: 'completed',
      step: null,
      item: itemFacts({ id }),
      at: testNow,
    } as const
    await store.settleRequest(request, outcome, anAnnouncement(rooms, user))
    return request
  }
  const [lives, gone] = [await connects(7), await connects(8)]
  await store.applyEvent({ kind: 'item-gone', userId: user.id, itemId: 8, at: testNow })

  clock.advance(367 * dayMs)
  await forget() // the item, which its request then outlives by one look
  const { done } = await forget()

  expect(done.requests).toBe(1)
  expect(await store.findRequest(scope, lives)).toBeDefined()
  expect(await store.findRequest(scope, gone)).toBeUndefined()
})

it('a request that ended without an item goes after thirty days, one that may still get one does not', async () => {
  const rooms = await aSite()
  const { clock, forget, store, user, site } = rooms
  const scope = { tenantId: site.tenantId, siteId: site.id }
  const [refused, left, claimed, half, open] = [
    await aRequest(rooms, user),
    await aRequest(rooms, user),
    await aRequest(rooms, user),
    await aRequest(rooms, user),
    await aRequest(rooms, user, { expiresAt: testNow + 99 * dayMs }),
  ]
  await store.changeRequest(refused, { kind: 'left', step: 'bank_creds_form' })
  await store.changeRequest(claimed, { kind: 'left', step: null })
  await store.changeRequest(claimed, { kind: 'claimed', itemId: 7, step: null })
  const failed = { state: 'failed', step: null, item: itemFacts({ id: 8 }), at: testNow } as const
  await store.settleRequest(half, failed, anAnnouncement(rooms, user))
  const isThere = async (id: string) => (await store.findRequest(scope, id)) !== undefined

  clock.advance(dayMs)
  await store.expireRequests(clock.now(), 9)
  clock.advance(30 * dayMs)
  const early = await forget()
  clock.advance(1)
  const { done } = await forget()

  expect(early.done).toEqual(nothing)
  expect(done).toEqual({ ...nothing, 'requests-without-item': 2 })
  expect(await Promise.all([refused, left].map(isThere))).toEqual([false, false])
  expect(await Promise.all([claimed, half, open].map(isThere))).toEqual([true, true, true])
})

it('of a request that was forgotten a callback and the site learn what they learn of one that never was', async () => {
  const setup = await testApp()
  const { app, clock } = setup
  const { siteKey } = await aTenant(app)
  const order = { redirect_url: 'https://erp.acme.test/app', user: 'ann@acme.test' }
  const { message } = await callMethod(app, 'get_bridge_connect_link', order, { as: siteKey })
  const { request } = message as { request: string }
  const comesBack = (id: string) =>
    callBack(setup, { context: id, item_id: 7, success: 'true' }).then(
      ({ statusCode, headers, body }) => ({
        statusCode,
        location: headers['location'],
        page: withoutReference(body),
      }),
    )
  const ask = () => callMethod(app, 'get_bridge_item_id', { request }, { as: siteKey })
  clock.advance(dayMs)
  await app.store.expireRequests(clock.now(), 9)
  const late = await ask()

  clock.advance(30 * dayMs + 1)
  await createRetention({ store: app.store, clock, retention })()

  expect(late).toMatchObject({ status: 200, message: { status: 'expired', item_id: null } })
  expect(await ask()).toMatchObject({ status: 404, body: { exc_type: 'DoesNotExistError' } })
  const back = await comesBack(request)
  expect(back.location).toBeUndefined()
  expect(back).toEqual(await comesBack('a'.repeat(26)))
})

it('an item that was gone for a year is forgotten with its accounts, one that lives is not', async () => {
  const rooms = await aSite()
  const { clock, forget, store, user, site } = rooms
  const scope = { tenantId: site.tenantId, siteId: site.id }
  await addItems(rooms, user, 1, 2)
  await store.keepAccounts(
    [
      { id: 10, itemId: 1 },
      { id: 20, itemId: 2 },
    ],
    testNow,
  )
  await store.applyEvent({ kind: 'item-gone', userId: user.id, itemId: 1, at: testNow })

  clock.advance(366 * dayMs)
  const { done } = await forget()

  expect(done.items).toBe(1)
  expect(await store.findItem(scope, { accountId: 20 })).toBeDefined()
})

it('the audit is kept for a year', async () => {
  const { clock, forget, store } = await aSite()
  clock.advance(200 * dayMs)
  await store.audit({ at: clock.now(), actor: 'cli', action: 'young', subject: 'x' })

  clock.advance(166 * dayMs)
  await forget()

  expect((await store.listAudit({ limit: 9 })).map(({ action }) => action)).toEqual(['young'])
})

it('looking for what is old reads no table from one end to the other', async () => {
  const path = databaseFile()
  await aSite(path)
  const raw = new Sqlite(path, { readonly: true })
  onTestFinished(() => void raw.close())
  const looks = [
    'SELECT seq FROM events WHERE body IS NOT NULL AND received_at < ? AND handled_at IS NOT NULL LIMIT 200',
    'SELECT id FROM attempts WHERE response IS NOT NULL AND started_at < ? LIMIT 200',
    'SELECT seq FROM events WHERE received_at < ? AND handled_at IS NOT NULL LIMIT 200',
    'SELECT id FROM audit WHERE at < ? LIMIT 200',
    "SELECT id FROM connect_requests WHERE state IN ('completed', 'failed', 'expired') AND expires_at < ? AND item_id IS NULL LIMIT 200",
  ]

  for (const sql of looks) {
    const plan = raw.prepare<[null], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(null)
    expect(plan.map(({ detail }) => detail).join()).toMatch(/^SEARCH \w+ USING (COVERING )?INDEX/)
  }
})

it('bank-api purge does it now, with the days the environment names', async () => {
  const folder = testFolder()
  await firstStart({ DATA_DIR: folder })
  const rooms = testRooms(testStore(join(folder, 'bank-api.sqlite')))
  const { site } = await aTenant(rooms)
  const user = await aUser(rooms, site)
  // Written in March 2025, which is long ago for the command's own clock.
  await rooms.store.acceptEvent(anAnnouncement(rooms, user))

  const far = await runCli(folder, ['purge', '--yes', '--json'], {
    RETENTION_EVENTS_DAYS: '20000',
    RETENTION_AUDIT_DAYS: '20000',
  })
  const near = await runCli(folder, ['purge', '--yes', '--json'])

  expect(JSON.parse(far.out)).toEqual(nothing)
  expect(JSON.parse(near.out)).toMatchObject({ 'event-bodies': 1, events: 1 })
})
