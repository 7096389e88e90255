import { expect, test } from 'vitest'
import { matchRefreshed } from '../../../src/connect/match-refreshed.ts'
import type { BridgeUser } from '../../../src/db/ports/users.ts'
import type { ConnectRequest } from '../../../src/db/ports/requests.ts'
import { tickHandler, type HandlerDeps } from '../../../src/webhooks/inbox/handler.ts'
import {
  aRequest,
  aTenant,
  aUser,
  anAnnouncement,
  itemFacts,
  testRooms,
} from '../../support/tenants.ts'
import { testBy } from '../../support/tenants.ts'
import { unhandledIn } from '../../support/store.ts'

const minuteMs = 60_000

/** The handler with the real matching behind it, and Bridge's events put into its table. */
async function handling() {
  const rooms = testRooms()
  const { store, keyring, clock, ids } = rooms
  const tenant = await aTenant(rooms)
  await store.updateSite(tenant.site.id, { webhookUrl: 'https://erp.acme.test/hook' }, testBy)
  const user = await aUser(rooms, tenant.site, { name: 'ann' })
  const errors: object[] = []
  const log = { info() {}, warn() {}, error: (event: object) => void errors.push(event) }
  const bridgeTime = { toBridge: (at: number) => at }
  const handler: HandlerDeps = {
    store,
    memberId: 'srv_test',
    keyring,
    clock,
    log,
    onRefreshed: (item, now) => matchRefreshed({ store, keyring, ids, log, bridgeTime }, item, now),
  }

  const bridgeSays = async (
    type: string,
    content: object = {},
    { at = clock.now(), of = user } = {},
  ) => {
    const id = ids.next('evt')
    const itemId = (content as { item_id?: number }).item_id ?? 7
    const body = JSON.stringify({
      type,
      timestamp: at,
      content: { item_id: itemId, user_uuid: of.userUuid, ...content },
    })
    await store.acceptEvent({
      id,
      deliveryId: ids.next('dlv'),
      dedupeKey: id,
      type,
      itemId,
      userId: of.id,
      siteId: tenant.site.id,
      body: keyring.seal(body, `events/${id}`),
      occurredAt: at,
      receivedAt: clock.now(),
      handledAt: null,
    })
    await tickHandler(handler)
  }
  const refreshed = (content: object = {}) =>
    bridgeSays('item.refreshed', {
      status_code: 0,
      status_code_info: 'ok',
      refresh_trigger: 'connect',
      ...content,
    })
  const open = (fields: { managedItemId?: number; bank?: string } = {}, of: BridgeUser = user) =>
    aRequest(rooms, of, fields)
  const read = async (id: string): Promise<ConnectRequest> =>
    (await store.findRequestForCallback(id))!.request
  /** What a verified callback does. */
  const callBack = (id: string, itemId: number, status = 0) =>
    store.settleRequest(
      id,
      {
        state: status === 0 ? 'completed' : 'failed',
        step: null,
        item: itemFacts({ id: itemId, status }),
        at: clock.now(),
      },
      anAnnouncement(rooms, user, { dedupeKey: `connect.completed:${id}:${itemId}` }),
    )
  /** The bodies of all that goes to the site, of one type. */
  const told = async (type: string) => {
    const bodies: object[] = []
    for (let turn = 0; turn < 20; turn += 1) {
      const at = clock.now()
      for (const claim of await store.claimDeliveries({
        at,
        by: 'srv_test',
        leaseUntil: at + 1,
        limit: 99,
      })) {
        const { event, id, attempt } = claim
        const body = keyring.open(event.body!, `events/${event.id}`).toString()
        if (event.type === type) bodies.push(JSON.parse(body) as object)
        await store.settleDelivery({
          id,
          attempt,
          at,
          outcome: { kind: 'delivered' },
          try: null,
          endpoint: null,
        })
      }
    }
    return bodies
  }
  const item = async (id = 7) => (await store.findItem(tenant.scope, id))?.item
  return {
    ...rooms,
    ...tenant,
    user,
    handler,
    errors,
    bridgeSays,
    refreshed,
    open,
    read,
    callBack,
    told,
    item,
  }
}

test('item.created only stores the item', async () => {
  const { bridgeSays, open, read, item } = await handling()
  const request = await open()

  await bridgeSays('item.created')

  expect(await item()).toMatchObject({ status: -2 })
  expect(await read(request)).toMatchObject({ state: 'pending', itemId: null })
})

test('what a refresh says in another type is not believed, and the rest is', async () => {
  const { bridgeSays, refreshed, errors, item } = await handling()
  await bridgeSays('item.created')

  await refreshed({
    status_code: 1010,
    status_code_info: { word: 'otp' },
    account_types: ['all'],
    authentication_expires_at: 1757000000,
    refresh_trigger: 7,
    full_refresh: 'false',
  })
  await refreshed({ status_code: '0', status_code_info: 'ok' })

  expect(errors).toEqual([])
  expect(await item()).toMatchObject({ status: 1010, authenticationExpiresAt: null })
})

test('a refreshed item ends the one open request of its user, and the site is told once', async () => {
  const { bridgeSays, refreshed, open, read, told, store, clock } = await handling()
  const request = await open({ bank: 'Ma Banque' })
  await bridgeSays('item.created')

  await refreshed({ authentication_expires_at: '2025-09-04T10:25:35Z' })
  await refreshed({ full_refresh: true })

  expect(await read(request)).toMatchObject({
    state: 'completed',
    itemId: 7,
    completedAt: clock.now(),
    matchedAt: clock.now(),
  })
  const found = await store.findRequestsForItem(7)
  expect(found?.item.authenticationExpiresAt).toBe(Date.UTC(2025, 8, 4, 10, 25, 35))
  expect(await told('connect.completed')).toEqual([
    {
      type: 'connect.completed',
      content: {
        request,
        item_id: 7,
        bank: 'Ma Banque',
        site: 'erp.acme.test',
        user: 'ann',
        success: true,
        status: 0,
        status_code_info: 'ok',
        step: null,
      },
      timestamp: clock.now(),
    },
  ])
})

test('a failed refresh holds the item for the request, and a later good one completes it', async () => {
  const { bridgeSays, refreshed, open, read, clock } = await handling()
  const request = await open()
  await bridgeSays('item.created')
  clock.advance(1_000)

  await refreshed({ status_code: 1003, status_code_info: 'bank_is_down' })
  expect(await read(request)).toMatchObject({ state: 'failed', itemId: 7 })

  clock.advance(minuteMs)
  await refreshed({ refresh_trigger: 'scheduler' })
  expect(await read(request)).toMatchObject({ state: 'completed', itemId: 7 })
})

test('tries that end while we are away are each heard of, however late', async () => {
  const { bridgeSays, open, read, told, item, clock } = await handling()
  const request = await open()
  const failedAt = clock.now() + minuteMs
  const endedAt = failedAt + 5 * minuteMs
  clock.advance(60 * minuteMs)
  const visit = { refresh_trigger: 'connect', status_code_info: null }

  await bridgeSays('item.refreshed', { ...visit, status_code: 1010 }, { at: failedAt })
  clock.advance(100)
  await bridgeSays('item.refreshed', { ...visit, status_code: 0 }, { at: endedAt })

  expect(await item()).toMatchObject({ status: 0, updatedAt: endedAt })
  expect(await read(request)).toMatchObject({ state: 'completed', itemId: 7 })
  expect(await told('connect.completed')).toHaveLength(1)
})

test('of several open requests the newest is taken, ten minutes after the event', async () => {
  const { bridgeSays, refreshed, open, read, clock, handler } = await handling()
  const older = await open()
  clock.advance(1_000)
  const newer = await open()
  await bridgeSays('item.created')

  await refreshed()
  clock.advance(10 * minuteMs - 1)
  await tickHandler(handler)
  expect(await read(newer)).toMatchObject({ state: 'pending' })
  clock.advance(1)
  await tickHandler(handler)

  expect(await read(newer)).toMatchObject({ state: 'completed', itemId: 7 })
  expect(await read(older)).toMatchObject({ state: 'pending', itemId: null })
})

test('a request that manages the item is taken before a newer one that names none', async () => {
  const { bridgeSays, refreshed, open, read, clock } = await handling()
  await bridgeSays('item.created')
  const managing = await open({ managedItemId: 7 })
  clock.advance(1_000)
  const newer = await open()

  await refreshed()

  expect(await read(managing)).toMatchObject({ state: 'completed', itemId: 7 })
  expect(await read(newer)).toMatchObject({ state: 'pending', itemId: null })
})

test('a callback within the ten minutes decides', async () => {
  const { bridgeSays, refreshed, open, read, clock, handler, callBack } = await handling()
  const older = await open()
  clock.advance(1_000)
  const newer = await open()
  await bridgeSays('item.created')
  await refreshed()

  await callBack(older, 7)
  clock.advance(10 * minuteMs)
  await tickHandler(handler)

  expect(await read(older)).toMatchObject({ state: 'completed', itemId: 7, matchedAt: null })
  expect(await read(newer)).toMatchObject({ state: 'pending', itemId: null })
})

test('a later verified callback corrects what was matched', async () => {
  const { bridgeSays, refreshed, open, read, clock, handler, callBack } = await handling()
  const older = await open()
  clock.advance(1_000)
  const newer = await open()
  await bridgeSays('item.created')
  await refreshed()
  clock.advance(10 * minuteMs)
  await tickHandler(handler)

  expect(await callBack(older, 7)).toMatchObject({ outcome: 'settled' })
  expect(await read(older)).toMatchObject({ state: 'completed', itemId: 7, matchedAt: null })
  expect(await read(newer)).toMatchObject({ state: 'pending', itemId: null, completedAt: null })

  await bridgeSays('item.created', { item_id: 8 })
  await refreshed({ item_id: 8 })
  expect(await read(newer)).toMatchObject({ state: 'completed', itemId: 8 })
  expect(await callBack(newer, 7)).toMatchObject({ outcome: 'held' })
})

test('a matched request whose own callback names another item is corrected', async () => {
  const { bridgeSays, refreshed, open, read, callBack } = await handling()
  const request = await open()
  await bridgeSays('item.created')
  await refreshed()

  await callBack(request, 8)

  expect(await read(request)).toMatchObject({ state: 'completed', itemId: 8, matchedAt: null })
})

test.each<[string, (rooms: Awaited<ReturnType<typeof handling>>) => Promise<string>]>([
  [
    'opened after the item was made',
    async ({ bridgeSays, clock, open, refreshed }) => {
      await bridgeSays('item.created')
      clock.advance(minuteMs)
      const request = await open()
      await refreshed()
      return request
    },
  ],
  [
    'of another user',
    async ({ bridgeSays, open, refreshed, site, ...rooms }) => {
      const request = await open({}, await aUser(rooms, site, { name: 'bob' }))
      await bridgeSays('item.created')
      await refreshed()
      return request
    },
  ],
  [
    'that manages another item',
    async ({ bridgeSays, open, refreshed }) => {
      const request = await open({ managedItemId: 8 })
      await bridgeSays('item.created')
      await refreshed()
      return request
    },
  ],
  [
    'that manages an item whose last visit is followed by the full refresh',
    async ({ bridgeSays, open, refreshed, callBack, clock }) => {
      await bridgeSays('item.created')
      await callBack(await open(), 7)
      clock.advance(minuteMs)
      const request = await open({ managedItemId: 7 })
      clock.advance(minuteMs)
      await refreshed({ full_refresh: true })
      return request
    },
  ],
  [
    'while a scheduled refresh ran',
    async ({ bridgeSays, open, refreshed }) => {
      const request = await open()
      await bridgeSays('item.created')
      await refreshed({ refresh_trigger: 'scheduler' })
      return request
    },
  ],
  [
    'when another request holds the item',
    async ({ bridgeSays, open, refreshed, callBack }) => {
      const first = await open()
      const request = await open()
      await bridgeSays('item.created')
      await callBack(first, 7)
      await refreshed()
      return request
    },
  ],
  [
    'whose day was over',
    async ({ bridgeSays, open, refreshed, clock }) => {
      const request = await open()
      await bridgeSays('item.created')
      clock.advance(25 * 60 * minuteMs)
      await refreshed()
      return request
    },
  ],
  [
    'when the item was deleted since',
    async ({ bridgeSays, open, refreshed, clock }) => {
      const request = await open()
      await bridgeSays('item.created')
      await bridgeSays('item.deleted', {}, { at: clock.now() + minuteMs })
      await refreshed()
      return request
    },
  ],
])('a request %s is left alone', async (_, play) => {
  const rooms = await handling()

  const request = await play(rooms)

  expect(await rooms.read(request)).toMatchObject({ state: 'pending', itemId: null })
  expect(rooms.errors).toEqual([])
})

test('the event of the visit before does not end a link opened a second after it', async () => {
  const { bridgeSays, refreshed, open, read, clock } = await handling()
  const at = clock.now()
  await bridgeSays('item.created')
  await refreshed({}) // a try of the item that is known when the link is opened
  clock.advance(1_000)
  const managing = await open({ managedItemId: 7 })

  await bridgeSays(
    'item.refreshed',
    { status_code: 0, refresh_trigger: 'connect' },
    { at: at + 400 },
  )

  expect(await read(managing)).toMatchObject({ state: 'pending', lastTryAt: at })
})

test('a link that manages an item ends with its next refresh by the user', async () => {
  const { bridgeSays, refreshed, open, read, callBack, clock } = await handling()
  const made = await open()
  await bridgeSays('item.created')
  await callBack(made, 7)
  clock.advance(minuteMs)
  const managing = await open({ managedItemId: 7 })

  await refreshed({ refresh_trigger: 'scheduler' })
  expect(await read(managing)).toMatchObject({ state: 'pending' })
  await refreshed()

  expect(await read(managing)).toMatchObject({ state: 'completed', itemId: 7 })
})

test('an account is kept with its item, though its event came first', async () => {
  const { bridgeSays, item, errors } = await handling()

  await bridgeSays('item.account.created', { account_id: 70 })
  await bridgeSays('item.account.updated', { account_id: 70, data_access: 'disabled' })

  expect(await item()).toMatchObject({ status: -2 })
  expect(errors).toEqual([])
})

test('a deleted user is forgotten, and its items are gone', async () => {
  const { bridgeSays, refreshed, item, store, user } = await handling()
  await refreshed()

  await bridgeSays('user.deleted')

  expect(await store.findUserByUuid(user.userUuid)).toBeUndefined()
  expect(await item()).toBeUndefined()
})

test('what came in with the end of a user brings none of its items back', async () => {
  const { bridgeSays, refreshed, item, store, user, clock } = await handling()
  await refreshed()
  const late = { at: clock.now() + minuteMs }

  await bridgeSays('user.deleted')
  await bridgeSays('item.refreshed', { status_code: 0 }, late)
  await bridgeSays('item.account.updated', { item_id: 8, account_id: 80 }, late)

  expect(await store.findUserByUuid(user.userUuid)).toBeUndefined()
  expect(await item(7)).toBeUndefined()
  expect(await item(8)).toBeUndefined()
})

test('what comes late about an item the site deleted does not bring it back', async () => {
  const { bridgeSays, refreshed, open, read, item, store, clock } = await handling()
  await refreshed()
  const request = await open()
  await store.deleteItem(7, { ...testBy, at: clock.now() })
  clock.advance(minuteMs)

  await bridgeSays('item.account.updated', { account_id: 70 })
  await refreshed()

  expect(await item()).toBeUndefined()
  expect((await store.findRequestsForItem(7))?.item).toBeUndefined()
  expect(await read(request)).toMatchObject({ state: 'pending', itemId: null })
})

test('an event of a type we do not know is passed on, no more', async () => {
  const { bridgeSays, told, errors, store, clock } = await handling()

  await bridgeSays('consent.revoked')

  expect(await unhandledIn(store, clock.now())).toEqual([])
  expect(await told('consent.revoked')).toHaveLength(1)
  expect(errors).toEqual([])
})

test('an event that cannot be handled is pushed aside, for longer each time, and the next go on', async () => {
  const { store, clock, ids, user, site, bridgeSays, item, errors, handler } = await handling()
  const id = ids.next('evt')
  const at = clock.now()
  await store.acceptEvent({
    id,
    deliveryId: ids.next('dlv'),
    dedupeKey: id,
    type: 'item.created',
    itemId: 9,
    userId: user.id,
    siteId: site.id,
    body: Buffer.from('not sealed'),
    handledAt: null,
    occurredAt: at,
    receivedAt: at,
  })

  await bridgeSays('item.created')

  expect(await item()).toBeDefined()
  expect(errors).toMatchObject([{ event: id }])
  await tickHandler(handler)
  expect(errors).toHaveLength(1)
  clock.advance(minuteMs)
  await tickHandler(handler)
  clock.advance(minuteMs)
  await tickHandler(handler)
  expect(errors).toHaveLength(2)
})

test('a stop ends a batch after the event in hand; the others wait for the next server', async () => {
  const { store, clock, user, handler, errors, ...rooms } = await handling()
  const waiting = ['first', 'second'].map((dedupeKey) =>
    anAnnouncement({ ...rooms, clock }, user, { dedupeKey, userId: null, handledAt: null }),
  )
  for (const event of waiting) await store.acceptEvent(event)
  const stopping = new AbortController()
  const stops: HandlerDeps = {
    ...handler,
    store: {
      ...store,
      async markHandled(...event) {
        stopping.abort()
        return store.markHandled(...event)
      },
    },
  }

  await tickHandler(stops, stopping.signal)

  const claim = { by: 'srv_2', at: clock.now(), until: clock.now() + minuteMs, limit: 9 }
  expect(await store.claimUnhandledEvents(claim)).toMatchObject([{ id: waiting[1]!.id }])
  expect(errors).toEqual([])
})

test('events that another server took meanwhile are left to it', async () => {
  const { refreshed, store, clock, user, handler, errors, ...rooms } = await handling()
  const empty = Buffer.alloc(0)
  await store.createInstance({ mode: 'x', wrappedPepper: empty, dataKeys: [], at: 0 })
  const otherJoins = () =>
    store.joinMembers({ id: 'srv_2', host: 'b', pid: 2 }, { at: 1, silentSince: 0 })
  await otherJoins()
  await refreshed()
  await store.acceptEvent(anAnnouncement({ ...rooms, clock }, user, { handledAt: null }))
  await store.removeMember('srv_2')
  const warnings: string[] = []

  await tickHandler({
    ...handler,
    log: { ...handler.log, warn: (_, text) => void warnings.push(text) },
    async onRefreshed() {
      await otherJoins()
      return undefined
    },
  })

  expect(warnings).toEqual(['event handled too late: another server has it'])
  expect(errors).toEqual([])
  const claim = { by: 'srv_2', at: clock.now(), until: clock.now(), limit: 9 }
  expect(await store.claimUnhandledEvents(claim)).toHaveLength(2)
})

test('an event handled twice changes nothing the second time', async () => {
  const { bridgeSays, refreshed, open, read, store, handler } = await handling()
  const request = await open()
  await bridgeSays('item.created')
  const crash: HandlerDeps = {
    ...handler,
    store: { ...store, markHandled: () => Promise.reject(new Error('power cut')) },
  }
  const mark = store.markHandled
  store.markHandled = crash.store.markHandled
  await refreshed()
  const once = await read(request)

  store.markHandled = mark
  await refreshed()

  expect(once).toMatchObject({ state: 'completed', itemId: 7 })
  expect(await read(request)).toEqual(once)
})
