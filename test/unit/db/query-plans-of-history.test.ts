import { expect, it } from 'vitest'
import { plansOf, type Operation } from '../../support/query-plans.ts'

const page = { limit: 50, before: 'a' }

const operations: [string, Operation][] = [
  ['calls', (store) => store.listCalls({}, page)],
  ['calls of a tenant', (store) => store.listCalls({ tenantId: 't', since: 1 }, page)],
  ['calls of a site', (store) => store.listCalls({ siteId: 's' }, page)],
  ['calls of a key', (store) => store.listCalls({ siteId: 's', apiKey: 'k' }, page)],
  ['a call', (store) => store.listCalls({ id: 'r' }, { limit: 1 })],
  ['calls of a request', (store) => store.listCalls({ request: 'r' }, page)],
  ['calls of an item', (store) => store.listCalls({ itemId: 1 }, page)],
  ['requests', (store) => store.listRequests({}, page)],
  ['requests of a user', (store) => store.listRequests({ userId: 'u' }, page)],
  ['requests of a name', (store) => store.listRequests({ userName: 'u' }, page)],
  ['requests of an item', (store) => store.listRequests({ itemId: 1 }, page)],
  ['events', (store) => store.listEvents({}, page)],
  ['events of a site', (store) => store.listEvents({ siteId: 's' }, page)],
  ['events of an item', (store) => store.listEvents({ itemId: 1 }, page)],
  ['an event by its delivery', (store) => store.listEvents({ deliveryId: 'd' }, { limit: 1 })],
  ['dead events', (store) => store.listEvents({ state: 'dead' }, page)],
  ['users', (store) => store.listUsers({}, page)],
  ['users of a name', (store) => store.listUsers({ name: 'u' }, page)],
  ['users of a site', (store) => store.listUsers({ siteId: 's' }, page)],
  ['an item', (store) => store.listConnections({ id: 1, withGone: true })],
  ['an item by its account', (store) => store.listConnections({ accountId: 1, withGone: true })],
  ['items of a user', (store) => store.listConnections({ userId: 'u', withGone: true })],
  [
    'a bank',
    (store) => store.listConnections({ providerId: 574 }, { by: 'id', limit: 9, after: 1 }),
  ],
  ['a site', (store) => store.readSite('s')],
  ['a number', (store) => store.findSubjects('1', 9)],
  ['a beginning', (store) => store.findSubjects('evt_a', 9)],
  ['a name', (store) => store.findSubjects('abcdefgh', 9)],
  ['audit of a subject', (store) => store.listAudit({ subjects: ['a', 'b'], limit: 9 })],
]

const of = { tenantId: 't', siteId: 's' }
const after = { receivedAt: 1, seq: 1 }

const ofSites: [string, Operation][] = [
  ['events', (store) => store.listEvents({ feedOf: of, since: 1 }, { after, limit: 9 })],
  ['one event', (store) => store.listEvents({ feedOf: of, id: 'evt_a' }, { limit: 1 })],
  ['connections', (store) => store.listConnections(of, { first: [402], limit: 9, offset: 9 })],
  [
    'sites',
    (store) =>
      store.listSiteStates(
        { limit: 9, offset: 9 },
        { tenantId: 't', failedSince: 1, asking: { statuses: [402], consentsUntil: 1 } },
      ),
  ],
]

it.each(ofSites)(
  'what a site’s people see of their %s is found by an index',
  async (_name, look) => {
    const plans = await plansOf(look)

    expect(plans.split('\n').filter((step) => /^SCAN (?!asking$|.* USING )/.test(step))).toEqual([])
  },
)

it('which of a tenant’s sites need attention is found in its own items', async () => {
  const plans = await plansOf(ofSites.at(-1)![1])

  expect(plans).toContain('items_user (user_id=?)')
  expect(plans).not.toMatch(/items_consent|items_unwell/)
})

it('a site’s events are read in the order of their index, of late ones alone', async () => {
  const plans = await plansOf((store) =>
    store.listEvents({ feedOf: of, since: 1 }, { after, limit: 9 }),
  )

  expect(plans).toContain('events_site (site_id=? AND received_at>?')
  expect(plans).not.toMatch(/TEMP B-TREE FOR ORDER BY/)
})

it.each(operations)('the operator’s %s are found by an index', async (_name, operation) => {
  const plans = await plansOf(operation)

  // Without a filter a list walks an index in its order, and stops when the page is full.
  expect(plans.split('\n').filter((step) => /^SCAN (?!.* USING )/.test(step))).toEqual([])
})

it('banks are read off an index, one after the other', async () => {
  const plans = await plansOf((store) => store.listHeldBanks())

  expect(plans).toMatch(/items_bank/)
  expect(plans).not.toMatch(/SCAN items(?! USING)/)
})

it('refused calls are found by their own index, however many went well', async () => {
  const plans = await plansOf((store) =>
    store.listCalls({ status: { from: 500, until: 600 } }, { limit: 50 }),
  )

  expect(plans).toContain('calls_refused')
})

it('an unfiltered list sorts nothing but what came at the same moment', async () => {
  for (const operation of [operations[0]!, operations[7]!, operations[11]!, operations[16]!]) {
    const plans = await plansOf(operation[1])

    expect(plans).not.toContain('TEMP B-TREE FOR ORDER BY')
  }
})
