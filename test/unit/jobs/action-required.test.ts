import { describe, expect, it } from 'vitest'
import { aConnectedBank } from '../../support/app.ts'
import { itemFacts } from '../../support/tenants.ts'
import { jobsApp, refreshed, toldTo } from '../../support/jobs-app.ts'

describe('item.action_required', () => {
  it.each([
    [402, 'invalid_creds', 'edit'],
    [429, '', 'edit'],
    [430, '', 'edit'],
    [1100, '', 'edit'],
    [1010, 'otp_required', 'sca'],
    [1005, 'closed_account', 'connect'],
  ])('tells the site of status %i once, with what to do', async (status, info, next) => {
    const made = await jobsApp()
    const { app, acme, clock } = made
    const bank = await aConnectedBank(made, acme.site, { user: 'ann' })
    await app.jobs.tell()

    await refreshed(made, bank, status, info)
    for (let count = 0; count < 3; count += 1) await app.jobs.tell()

    expect(await toldTo(app, acme)).toEqual([
      {
        type: 'item.action_required',
        content: {
          item_id: bank.itemId,
          bank: null,
          site: 'erp.acme.test',
          user: 'ann',
          status,
          status_code_info: info,
          next,
        },
        timestamp: clock.now(),
      },
    ])
  })

  it.each([0, 1009, -2, -3, 1003, 1007, 1099, 4242])(
    'says nothing of status %i, with which the user can do nothing',
    async (status) => {
      const made = await jobsApp()
      const bank = await aConnectedBank(made, made.acme.site)

      await refreshed(made, bank, status)
      await made.app.jobs.tell()

      expect(await toldTo(made.app, made.acme)).toEqual([])
    },
  )

  it('comes again when the same trouble comes back', async () => {
    const made = await jobsApp()
    const bank = await aConnectedBank(made, made.acme.site)
    for (const status of [1010, 1010, 0, 1010]) {
      await refreshed(made, bank, status)
      await made.app.jobs.tell()
    }

    const told = await toldTo(made.app, made.acme)

    expect(told.map(({ content }) => content['status'])).toEqual([1010, 1010])
  })

  it('follows whatever learned of the status: here a read of the site’s own', async () => {
    const made = await jobsApp()
    const { app, acme, world } = made
    const bank = await aConnectedBank(made, acme.site)
    await app.jobs.tell()
    Object.assign(world.items.get(bank.itemId)!, { status: 402 })

    await app.inject({
      url: `/api/method/bank_api.bridge.get_bridge_item_details?item_id=${bank.itemId}`,
      headers: { authorization: acme.siteKey.authorization },
    })
    await app.jobs.tell()

    expect(await toldTo(app, acme)).toMatchObject([{ content: { status: 402, next: 'edit' } }])
  })

  it('is on its way to the site as a delivery of its own', async () => {
    const made = await jobsApp()
    const { app, acme, clock } = made
    const bank = await aConnectedBank(made, acme.site)
    const item = itemFacts({ id: bank.itemId, status: 1010 })
    await app.store.keepItems(bank.user.id, [item], { at: clock.now(), complete: false })

    await app.jobs.tell()

    const claimed = await app.store.claimDeliveries({
      at: clock.now(),
      by: 'srv_test',
      leaseUntil: clock.now() + 1_000,
      limit: 10,
    })
    expect(claimed.map(({ event, site }) => [event.type, site.id])).toEqual([
      ['item.action_required', acme.site.id],
    ])
  })

  it('is not made for a connection that is gone', async () => {
    const made = await jobsApp()
    const { app, acme, clock } = made
    const bank = await aConnectedBank(made, acme.site)
    await refreshed(made, bank, 1010)
    const { itemId, user } = bank
    await app.store.applyEvent({ kind: 'item-gone', userId: user.id, itemId, at: clock.now() })

    await app.jobs.tell()

    expect(await toldTo(app, acme)).toEqual([])
  })
})
