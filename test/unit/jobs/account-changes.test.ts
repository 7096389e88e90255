import { http } from 'msw'
import { describe, expect, it } from 'vitest'
import { dayMs } from '../../../src/durations.ts'
import { difference } from '../../../src/jobs/account-changes.ts'
import { aConnectedBank, bridgeTime, callBack, callMethod } from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { jobsApp, toldTo } from '../../support/jobs-app.ts'

/** A site with a connected bank, and a visit of its user that changes what `during` changes. */
async function aVisit() {
  const made = await jobsApp()
  const { app, acme, clock, world } = made
  const bank = await aConnectedBank(made, acme.site, { user: 'ann' })
  const accounts = () => [...world.accounts.values()].filter((one) => one.item_id === bank.itemId)
  const as = { as: acme.siteKey }

  async function visit(during: () => void | Promise<void>, method = 'get_bridge_edit_link') {
    const args = { item_id: bank.itemId, redirect_url: 'https://erp.acme.test/app/bank' }
    const { message } = await callMethod(app, method, args, as)
    clock.advance(60_000)
    await during()
    Object.assign(world.items.get(bank.itemId)!, {
      status: 0,
      last_try_refresh: bridgeTime(clock.now()),
    })
    await callBack(made, { context: message.request, item_id: bank.itemId })
    clock.advance(1_000)
  }
  const told = async (): Promise<object[]> =>
    (await toldTo(app, acme)).filter(({ type }) => type === 'item.action_required')
  const audited = async () =>
    (await app.store.listAudit({ limit: 100 })).filter(
      ({ action }) => action === 'item.accounts_changed',
    )
  return { ...made, bank, accounts, visit, told, audited, as }
}

describe('after a visit that managed a connection', () => {
  it.each(['get_bridge_edit_link', 'get_sca_authentication_link'])(
    'another IBAN in the place of the known one is audited and told to the site (%s)',
    async (method) => {
      const { app, bank, accounts, visit, told, audited, log } = await aVisit()

      await visit(
        () => void Object.assign(accounts()[0]!, { iban: 'FR7630001007941234567890185' }),
        method,
      )
      for (let count = 0; count < 2; count += 1) await app.jobs.compare()

      expect(await told()).toMatchObject([
        { content: { item_id: bank.itemId, status: 0, next: 'check', user: 'ann' } },
      ])
      expect(await audited()).toMatchObject([
        { subject: String(bank.itemId), detail: { lost: 1, gained: 1 } },
      ])
      expect(log.filter((line) => line.includes('FR7630001007941234567890185'))).toEqual([])
    },
  )

  it('the same accounts are no news, and neither is one more', async () => {
    const { app, bank, visit, told, audited, world } = await aVisit()

    await visit(() => {})
    await app.jobs.compare()
    await visit(() => void world.addAccount(bank.itemId, { iban: 'FR7610107001011234567890129' }))
    await app.jobs.compare()

    expect(await told()).toEqual([])
    expect(await audited()).toEqual([])
    const known = await app.store.listAccounts(bank.itemId)
    expect(known.map(({ ibanFingerprint }) => ibanFingerprint?.length)).toEqual([32, 32])
  })

  it('what the site reads before we compare hides nothing', async () => {
    const { app, bank, accounts, visit, told, world, as } = await aVisit()

    await visit(async () => {
      world.accounts.delete(accounts()[0]!.id)
      world.addAccount(bank.itemId, { id: 99_000_001, iban: 'FR7610107001011234567890129' })
      await callMethod(app, 'get_bank_accounts', { item_id: bank.itemId }, as)
    })
    await callMethod(app, 'get_bank_accounts', { item_id: bank.itemId }, as)
    await app.jobs.compare()

    expect(await told()).toMatchObject([{ content: { next: 'check' } }])
  })

  it('the comparison waits for Bridge, and is not asked for again and again meanwhile', async () => {
    const { app, accounts, visit, told, bridge, clock } = await aVisit()
    await visit(() => void Object.assign(accounts()[0]!, { iban: 'FR7630001007941234567890185' }))
    let down = true
    bridge.use(
      http.get(`${bridgeUrl}/v3/aggregation/accounts`, () =>
        down ? bridgeProblem(404) : undefined,
      ),
    )
    const asked = () => bridge.calls.filter(({ path }) => path.endsWith('/accounts')).length

    const before = asked()
    for (let count = 0; count < 5; count += 1) await app.jobs.compare()
    expect(asked()).toBe(before + 1)
    down = false
    clock.advance(5 * 60_000)
    await app.jobs.compare()

    expect(await told()).toHaveLength(1)
  })

  it.each([
    ['', 0],
    [', and still known when another one ends before they are compared', 1],
  ])('accounts nobody has read yet are read before the visit%s', async (_, more) => {
    const { app, bank, accounts, visit, told, clock, world } = await aVisit()
    const longAgo = clock.now() - 2 * dayMs
    await app.store.deleteItem(bank.itemId, { actor: 'test', at: longAgo })
    await app.store.keepItems(
      bank.user.id,
      [
        {
          id: bank.itemId,
          providerId: 574,
          providerName: null,
          accountTypes: 'all',
          status: 0,
          statusCodeInfo: 'ok',
          authenticationExpiresAt: null,
        },
      ],
      { at: clock.now(), complete: false },
    )
    expect(await app.store.listAccounts(bank.itemId)).toEqual([])
    expect(world.items.has(bank.itemId)).toBe(true)

    await visit(() => void Object.assign(accounts()[0]!, { iban: 'FR7630001007941234567890185' }))
    for (let nth = 0; nth < more; nth += 1) await visit(() => {})
    await app.jobs.compare()

    expect(await told()).toHaveLength(1)
  })
})

describe('what counts as a change of hands', () => {
  const one = (id: number, iban: string | null) => ({
    id,
    ibanFingerprint: iban === null ? null : Buffer.from(iban),
  })

  it.each([
    ['nothing changed', [one(1, 'A')], [one(1, 'A')], [0, 0]],
    ['an account was closed', [one(1, 'A'), one(2, 'B')], [one(1, 'A')], [1, 0]],
    ['an account was opened', [one(1, 'A')], [one(1, 'A'), one(2, 'B')], [0, 1]],
    ['all are others', [one(1, 'A')], [one(2, 'B')], [1, 1]],
    ['one of two is another', [one(1, 'A'), one(2, 'B')], [one(1, 'A'), one(3, 'C')], [1, 1]],
    ['an IBAN is withheld now', [one(1, 'A')], [one(1, null), one(2, 'B')], [0, 1]],
    ['an IBAN is shown now', [one(1, null)], [one(1, 'A')], [0, 1]],
    ['the same IBAN has a new id', [one(1, 'A')], [one(2, 'A')], [0, 0]],
  ])('%s', (_what, before, after, [lost, gained]) => {
    expect(difference(before, after)).toEqual({ lost, gained })
  })
})
