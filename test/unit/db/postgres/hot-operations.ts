import { retentionKinds } from '../../../../src/db/ports/retention.ts'
import { notFound } from '../../../../src/db/rules/item-notes.ts'
import type { Store } from '../../../../src/db/store.ts'
import { testNow } from '../../../support/clock.ts'
import {
  aRequest,
  aTenant,
  aUser,
  anAnnouncement,
  itemFacts,
  testBy,
  type TestRooms,
} from '../../../support/tenants.ts'

const window = { endsFrom: 1, endsUntil: 9 }

/** Which connections jobs, pages and commands look for. */
const listings: Parameters<Store['listConnections']>[] = [
  [{ id: 7, ofServed: true }],
  [{ id: 7, withGone: true }],
  [{ providerId: 574 }, { by: 'id', limit: 9, after: 1 }],
  [
    { untold: true, ofServed: true },
    { by: 'id', limit: 9 },
  ],
  [
    { staleBy: testNow, ofServed: true },
    { by: 'staleDueAt', limit: 9 },
  ],
  [
    { toCompare: true, ofServed: true },
    { by: 'compareFrom', limit: 9 },
  ],
  [
    { ...window, notReminded: 1, ofServed: true },
    { by: 'authenticationExpiresAt', limit: 9 },
  ],
  [
    { ...window, notMailed: { days: 1, at: testNow } },
    { by: 'authenticationExpiresAt', limit: 9 },
  ],
]

/** Asks a store for what servers, jobs and lists ask it, for a tenant that is made for it. */
export async function askAll(rooms: TestRooms): Promise<void> {
  const { store } = rooms
  const { scope, site, siteKey, tenant } = await aTenant(rooms, { name: 'of the plans' })
  const user = await aUser(rooms, site, { name: 'ann' })
  const request = await aRequest(rooms, user, {
    origin: 'https://erp.acme.test',
    webhookUrl: 'https://erp.acme.test/hook',
  })
  // Both kinds of scope: their statements differ.
  for (const one of [scope, siteKey.caller.scope]) {
    await store.findSite(one, 'ERP.acme.test')
    await store.listSites(one, 2, 'https://erp.acme.test')
    await store.listSites(one, 2)
    await store.findUsers(one)
    await store.findUsers(one, 'ANN')
    await store.findRequest(one, request)
    await store.findItem(one, 7)
    await store.findItem(one, { accountId: 71 })
    await store.readFeed(one, { after: 1, limit: 9, bytes: 9, forgottenBefore: 1 })
    await store.findFeedStart(one, 1, 1)
    await store.listEvents({ feedOf: one, id: 'evt_1' }, { limit: 1 })
  }
  const ofSite = { ...scope, siteId: site.id }
  await store.listEvents(
    { feedOf: ofSite, since: 1 },
    { limit: 9, after: { receivedAt: 9, seq: 9 } },
  )
  await store.listConnections(ofSite, { first: [402], limit: 9, offset: 9 })
  await store.findKey(siteKey.apiKey)
  await store.listKeys(tenant.id)
  await store.listUsage('2026-01', { tenantId: tenant.id })
  await store.countConnections('2026-01', 9)
  await store.touchKey(siteKey.apiKey, testNow)
  await store.listAudit({ tenantId: tenant.id, limit: 9 })
  await store.listAudit({ since: testNow, limit: 9 })
  await store.audit({ at: 1, actor: 'a', action: 'b', subject: 'c', bucket: 0 })
  await store.findUserByUuid('uuid')
  await store.listUsers({ userUuid: 'uuid' }, { limit: 1 })
  await store.readUser(user.id)
  await store.claimAdoptionRead(user.id, 2, 1)
  await store.claimAdoptionRead(user.id, 0)
  await store.findRequestForCallback(request)
  await store.countCallback(request, 10)
  await store.changeRequest(request, { kind: 'claimed', itemId: 7, step: null })
  const claiming = { by: 'srv_test', at: testNow, until: testNow + 1, limit: 20 }
  await store.claimCallbacks(claiming)
  await store.claimCallbacks({ ...claiming, after: { openedAt: 1, id: request } })
  await store.changeRequest(request, { kind: 'left', step: null })
  const outcome = { state: 'completed', step: null, item: itemFacts({ id: 7 }), at: 1 } as const
  await store.settleRequest(request, outcome, anAnnouncement(rooms, user))
  await store.expireRequests(testNow, 500)
  await store.findRequestsForItem(7)
  await store.findReturnUrl(7)
  await store.listItems(user.id)
  await store.keepItems(user.id, [itemFacts({ id: 7 })], { at: 2, complete: true })
  await store.keepAccounts([{ id: 71, itemId: 7 }], 2)
  await store.listAccounts(7)
  await store.noteItem(7, notFound(3))
  await store.claimAllowance('refresh', 7, { at: 4, since: 0, limit: 4 })
  await store.claimAllowance('renewal', 7, { at: 4, since: 0, limit: 4 })
  for (const one of listings) await store.listConnections(...one)
  await store.countRenewals(testNow, 10)
  await store.listUnheard(9, { after: '', limit: 3 })
  await store.claimGoneLook(user.id, { at: 1 })
  const announce = (itemId: number) => anAnnouncement(rooms, user, { itemId })
  await store.endUser(user.id, { userUuid: 'another', at: 1, announce })

  const news = anAnnouncement(rooms, user, { itemId: 7, handledAt: null })
  await store.acceptEvent(news)
  await store.acceptEvent(anAnnouncement(rooms, user, { itemId: 7 }))
  await store.joinMembers({ id: 'srv_test', host: 'h', pid: 1 }, { at: testNow, silentSince: 0 })
  const [event] = await store.claimUnhandledEvents(claiming)
  const handling = { by: 'srv_test', seq: event?.seq ?? 0 }
  const account = { kind: 'account', userId: user.id, itemId: 8, accountId: 81 } as const
  await store.applyEvent({ ...account, at: testNow }, { ...handling, handledAt: null })
  await store.postponeEvent(handling, testNow)
  await store.markHandled(handling, testNow)
  await store.releaseWork('user-events', 'srv_test')
  await store.lastWebhookAt(testNow)
  const claim = { by: 'srv_test', at: testNow + 1, leaseUntil: testNow + 2, limit: 9 }
  for (const { id, attempt, site: sentTo } of await store.claimDeliveries(claim)) {
    if (sentTo.id !== site.id) continue
    const tried = { startedAt: 1, durationMs: 1, status: 500, error: null, response: null }
    const endpoint = { webhookUrl: sentTo.webhookUrl, status: 500 }
    const settlement = { id, attempt, at: testNow, try: tried, endpoint }
    await store.settleDelivery({ ...settlement, outcome: { kind: 'dead' } })
  }
  await store.findDelivery(news.id)
  await store.listEvents({ siteId: site.id, state: 'dead' }, { limit: 9 })
  await store.replayEvents([news.id], () => rooms.ids.next('dlv'), testBy)
  await store.enableEndpoint(site.id, testBy)
  await store.recoverDead(testNow)
  await store.addCalls([])
  await store.countCalls([])
  const page = { limit: 9 }
  await store.listCalls({ itemId: 7 }, page)
  await store.listCalls({ request }, page)
  await store.listCalls({ siteId: site.id }, page)
  await store.listRequests({ siteId: site.id }, page)
  await store.listRequests({ itemId: 7 }, page)
  await store.listEvents({ siteId: site.id }, page)
  await store.listEvents({ itemId: 7 }, page)
  await store.listUsers({ siteId: site.id }, page)
  await store.listHeldBanks()
  await store.listConnections({ accountId: 81, withGone: true })
  await store.listConnections({ userId: user.id, withGone: true })
  const look = { limit: 9, after: { age: 0, key: 0 } }
  for (const kind of retentionKinds) await store.purge(kind, 2, look)
  await store.deleteItem(7, testBy)
}
