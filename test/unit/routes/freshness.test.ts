import { describe, expect, it } from 'vitest'
import { methods } from '../../../src/routes/index.ts'
import { aConnectedBank, bridgeTime, callMethod, type MethodAnswer } from '../../support/app.ts'
import { aRequest, anAnnouncement, itemFacts } from '../../support/tenants.ts'
import { jobsApp, day, refreshed } from '../../support/jobs-app.ts'

const hour = 60 * 60_000

async function aFreshBank() {
  const made = await jobsApp()
  const { app, acme, clock } = made
  const lastSuccess = clock.now() - 3 * hour
  const end = clock.now() + 100 * day
  const bank = await aConnectedBank(made, acme.site, {
    user: 'ann',
    item: {
      last_successful_refresh: bridgeTime(lastSuccess),
      last_try_refresh: bridgeTime(lastSuccess),
      authentication_expires_at: bridgeTime(end),
    },
  })
  const request = await aRequest(app, bank.user)
  const item = itemFacts({ id: bank.itemId, authenticationExpiresAt: end })
  await app.store.settleRequest(
    request,
    { state: 'completed', step: null, item, at: clock.now() },
    anAnnouncement(app, bank.user),
  )
  const call = (method: string, args: object): Promise<MethodAnswer> =>
    callMethod(app, method, args, { as: acme.siteKey })
  return { ...made, bank, request, lastSuccess, end, call }
}

const headersOf = ({ headers }: MethodAnswer) => ({
  asOf: headers['x-bank-api-data-as-of'],
  status: headers['x-bank-api-item-status'],
  consent: headers['x-bank-api-consent-expires'],
})

describe('how fresh an answer is', () => {
  it('stands in the headers of every read of one connection', async () => {
    const { bank, request, lastSuccess, end, call } = await aFreshBank()
    const { itemId: item_id, accountId: account_id } = bank
    const expected = {
      asOf: new Date(lastSuccess).toISOString(),
      status: '0',
      consent: new Date(end).toISOString(),
    }

    for (const [method, args] of [
      ['get_bridge_item_details', { item_id }],
      ['get_bank_accounts', { item_id }],
      ['get_bank_transactions_by_account', { account_id }],
      ['get_bank_transactions', { item_id }],
      ['get_bank_transactions', { account_id }],
      ['get_bridge_item_id', { request }],
    ] as const) {
      expect([method, headersOf(await call(method, args))]).toEqual([method, expected])
    }
  })

  it('is told by every method that reads', async () => {
    const { bank, request, call } = await aFreshBank()
    const all = { item_id: bank.itemId, account_id: bank.accountId, bank_id: 574, request }
    const reads = methods.filter(
      ({ name }) => name.includes('.get_') && !/_link$|_secret$|_events$|_usage$/.test(name),
    )
    expect(reads.length).toBeGreaterThanOrEqual(7)

    for (const { name } of reads) {
      const args = name.endsWith('get_category') ? {} : all
      const { headers, status } = await call(name, args)
      expect([name, status, headers['x-bank-api-data-as-of']]).toEqual([
        name,
        200,
        expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      ])
    }
  })

  it('is that of the least fresh connection, for a read of several', async () => {
    const made = await aFreshBank()
    const older = made.lastSuccess - 40 * hour
    const item = made.world.addItem(made.bank.user.userUuid, {
      last_successful_refresh: bridgeTime(older),
    })
    await made.call('get_bridge_item_details', { item_id: item.id, user: 'ann' })

    const answer = await made.call('get_bank_transactions', { user: 'ann' })

    expect(headersOf(answer)).toEqual({
      asOf: new Date(older).toISOString(),
      status: undefined,
      consent: undefined,
    })
  })

  it('follows Bridge’s events, and a refresh that failed makes nothing fresher', async () => {
    const made = await aFreshBank()
    const { clock, bank, call } = made
    await refreshed(made, bank, 0)
    const at = clock.now()
    await refreshed(made, bank, 1003)

    const answer = await call('get_bank_accounts', { item_id: bank.itemId })

    expect(headersOf(answer)).toMatchObject({ asOf: new Date(at).toISOString(), status: '1003' })
  })

  it('of what everybody shares is when Bridge gave it to us', async () => {
    const { clock, call } = await aFreshBank()
    const readAt = new Date(clock.now()).toISOString()
    await call('get_single_bank', { bank_id: 574 })
    await call('get_category', {})
    clock.advance(20 * hour)

    const [bank, tree] = [
      await call('get_single_bank', { bank_id: 574 }),
      await call('get_category', {}),
    ]

    expect([headersOf(bank).asOf, headersOf(tree).asOf]).toEqual([readAt, readAt])
  })

  it('is not said of what is not there', async () => {
    const { call } = await aFreshBank()

    const answer = await call('get_bank_accounts', { item_id: 1 })

    expect(answer.status).toBe(404)
    expect(headersOf(answer)).toEqual({ asOf: undefined, status: undefined, consent: undefined })
  })
})

describe('the details of a connection', () => {
  it('say when it was refreshed last, when that was tried, and until when it may be', async () => {
    const { bank, call, lastSuccess, end } = await aFreshBank()

    const { message } = await call('get_bridge_item_details', { item_id: bank.itemId })

    expect(message).toMatchObject({
      last_successful_refresh: bridgeTime(lastSuccess),
      last_try_refresh: bridgeTime(lastSuccess),
      authentication_expires_at: bridgeTime(end),
      status: 0,
    })
  })

  it.each([
    [{ status: 0 }, 100, { next: 'none', at: 70 * day }],
    [{ status: 1009 }, 100, { next: 'none', at: 70 * day }],
    [{ status: 0 }, 30, { next: 'sca', at: 30 * day }],
    [{ status: 0 }, 1, { next: 'sca', at: day }],
    [{ status: 402 }, 100, { next: 'edit', at: 0 }],
    [{ status: 429 }, 100, { next: 'edit', at: 0 }],
    [{ status: 1010 }, 100, { next: 'sca', at: 0 }],
    [{ status: 1005 }, 100, { next: 'connect', at: 0 }],
    [{ status: -2 }, 100, { next: 'wait', at: 9 * hour }],
    [{ status: 1003 }, 100, { next: 'wait', at: 9 * hour }],
    [{ status: 4242 }, 100, { next: 'wait', at: 9 * hour }],
  ])(
    'say what to do next and when: %o with %i days of consent left',
    async (fields, days, next) => {
      const { bank, call, clock, world } = await aFreshBank()
      Object.assign(world.items.get(bank.itemId)!, {
        ...fields,
        authentication_expires_at: bridgeTime(clock.now() + days * day),
      })

      const { message } = await call('get_bridge_item_details', { item_id: bank.itemId })

      expect(message.next).toBe(next.next)
      expect(message.next_at).toBe(new Date(clock.now() + next.at).toISOString())
    },
  )

  it('leave the time out when nothing will ever be due', async () => {
    const made = await jobsApp()
    const item = { authentication_expires_at: null }
    const bank = await aConnectedBank(made, made.acme.site, { item })
    const args = { item_id: bank.itemId }

    const { message } = await callMethod(made.app, 'get_bridge_item_details', args, {
      as: made.acme.siteKey,
    })

    expect(message.next).toBe('none')
    expect('next_at' in message).toBe(false)
  })
})
