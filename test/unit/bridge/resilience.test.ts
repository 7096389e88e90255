import { http, HttpResponse, type RequestHandler } from 'msw'
import { describe, expect, it } from 'vitest'
import { aConnectedBank, callMethod } from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { tablesOf } from '../../support/app-tables.ts'
import { databaseFile } from '../../support/store.ts'
import { jobsApp } from '../../support/jobs-app.ts'
import { sandboxed } from '../../support/sandboxed.ts'

async function aBank() {
  const database = databaseFile()
  const made = await jobsApp({ database })
  const bank = await aConnectedBank(made, made.acme.site, { user: 'ann' })
  const call = (method: string, args: object = { item_id: bank.itemId }) =>
    callMethod(made.app, method, args, { as: made.acme.siteKey })
  return { ...made, bank, call, tables: tablesOf(database) }
}

const errors = (log: string[], text: string): number =>
  log.filter((line) => line.includes(text)).length

describe('while Bridge is down', () => {
  it('callers hear it at once, with the time we look again, and Bridge is left alone', async () => {
    const { app, bridge, call, clock, log } = await aBank()
    bridge.use(http.all(`${bridgeUrl}/*`, () => HttpResponse.error()))
    for (let count = 0; count < 3; count += 1) {
      expect((await call('get_bank_accounts')).status).toBe(503)
      clock.advance(2_000)
    }
    expect((await app.bridgeStatus()).breaker.open).toBe(true)
    const before = bridge.calls.length

    const answer = await call('get_bank_accounts')

    expect(answer.status).toBe(503)
    expect(answer.body.exc_type).toBe('BridgeError')
    expect(Number(answer.headers['x-ratelimit-reset'])).toBe(8)
    expect(bridge.calls).toHaveLength(before)
    expect(errors(log, 'calls are refused at once')).toBe(1)
  })

  it('the first call after the pause looks, and all is well again', async () => {
    const { app, bridge, call, clock } = await aBank()
    let down = true
    bridge.use(
      http.all(`${bridgeUrl}/*`, () => (down ? bridgeProblem(503) : undefined)) as RequestHandler,
    )
    for (let count = 0; count < 3; count += 1) {
      await call('get_bank_accounts')
      clock.advance(2_000)
    }
    down = false
    clock.advance(10_000)

    expect((await call('get_bank_accounts')).status).toBe(200)
    expect((await app.bridgeStatus()).breaker).toMatchObject({ open: false, opened: 1 })
  })

  it('nobody has to call for us to notice that it is back', async () => {
    const { app, bridge, call, clock } = await aBank()
    bridge.use(http.all(`${bridgeUrl}/*`, () => HttpResponse.error(), { once: false }))
    for (let count = 0; count < 3; count += 1) {
      await call('get_bank_accounts')
      clock.advance(2_000)
    }
    bridge.use(
      http.get(`${bridgeUrl}/v3/aggregation/categories`, () =>
        HttpResponse.json({ resources: [] }),
      ),
    )
    clock.advance(10_000)

    await app.bridge.probe()

    expect((await app.bridgeStatus()).breaker.open).toBe(false)
  })
})

describe('when Bridge refuses our credentials', () => {
  it('that is one loud line and a number, and no connection is marked', async () => {
    const { app, bridge, bank, call, log, clock } = await aBank()
    bridge.use(
      http.all(`${bridgeUrl}/*`, () => bridgeProblem(401, { code: 'invalid_client_credentials' })),
    )

    for (let count = 0; count < 5; count += 1) {
      expect(await call('get_bank_accounts')).toMatchObject({
        status: 502,
        body: { exc_type: 'BridgeError' },
      })
    }

    expect(errors(log, 'BRIDGE REFUSES OUR CREDENTIALS')).toBe(1)
    expect((await app.bridgeStatus()).credentials).toMatchObject({ refused: true, refusals: 5 })
    expect((await app.bridgeStatus()).breaker.open).toBe(false)
    expect(await app.store.listItems(bank.user.id)).toMatchObject([
      { goneAt: null, unreachableAt: null },
    ])
    clock.advance(60 * 60_000)
    await call('get_bank_accounts')
    expect(errors(log, 'BRIDGE REFUSES OUR CREDENTIALS')).toBe(2)
  })

  it('a token that is refused without their name says so only when they are refused elsewhere, too', async () => {
    const { app, bridge, bank, call, world } = await aBank()
    const refusals = async () => (await app.bridgeStatus()).credentials.refusals
    bridge.use(
      http.post(`${bridgeUrl}/v3/aggregation/authorization/token`, () => bridgeProblem(401)),
    )
    expect((await call('get_bank_accounts')).status).toBe(502)
    expect(await refusals()).toBe(0)

    const user = world.users.get(bank.user.userUuid)!
    world.users.delete(user.uuid)
    expect((await call('get_bank_accounts')).status).toBe(502)
    expect(await refusals()).toBe(0)

    bridge.use(http.get(`${bridgeUrl}/v3/aggregation/users/:id`, () => bridgeProblem(401)))
    expect((await call('get_bank_accounts')).status).toBe(502)
    expect(await refusals()).toBe(1)
  })

  it('it is over with the first call that goes through', async () => {
    const { app, bridge, call, log } = await aBank()
    let refuses = true
    bridge.use(http.all(`${bridgeUrl}/*`, () => (refuses ? bridgeProblem(403) : undefined)))
    await call('get_bank_accounts')
    refuses = false

    expect((await call('get_bank_accounts')).status).toBe(200)

    expect((await app.bridgeStatus()).credentials).toMatchObject({
      refused: false,
      refusedSince: null,
    })
    expect(errors(log, 'takes our credentials again')).toBe(1)
  })

  it('a user’s token that ended is none of that: one new token, one repeat', async () => {
    const { app, bridge, call, world } = await aBank()
    await call('get_bank_accounts')
    world.expireTokens()
    const before = bridge.calls.length

    expect((await call('get_bank_accounts')).status).toBe(200)

    expect(bridge.calls.slice(before).map(({ path }) => path.split('/').at(-1))).toEqual([
      'accounts',
      'token',
      'accounts',
    ])
    expect((await app.bridgeStatus()).credentials).toMatchObject({ refused: false, refusals: 0 })
  })
})

it('a bearer that is refused with 403 is replaced too', async () => {
  const { bridge, call } = await aBank()
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/accounts`, () => bridgeProblem(403), { once: true }),
  )

  expect((await call('get_bank_accounts')).status).toBe(200)
})

describe('an answer of Bridge’s that is none', () => {
  const garbage: [string, () => Response][] = [
    ['HTML', () => HttpResponse.html('<h1>Maintenance</h1>')],
    ['a cut JSON', () => new HttpResponse('{"resources":[{"id":1,"item_')],
    ['an empty body', () => new HttpResponse('')],
    ['a list without resources', () => HttpResponse.json({ pagination: {} })],
    ['rows without ids', () => HttpResponse.json({ resources: [{ name: 'x', item_id: 1 }] })],
    ['null', () => HttpResponse.json(null)],
    ['33 MiB', () => new HttpResponse(Buffer.alloc(33 * 1024 * 1024, 32))],
    [
      'pages that loop',
      () =>
        HttpResponse.json({
          resources: [],
          pagination: { next_uri: '/v3/aggregation/accounts?limit=500' },
        }),
    ],
    [
      'pages of another host',
      () =>
        HttpResponse.json({ resources: [], pagination: { next_uri: 'https://evil.test/v3/x' } }),
    ],
  ]

  it.each(garbage)('%s: a BridgeError, and nothing is stored', async (_what, answer) => {
    const { app, bridge, bank, call, tables } = await aBank()
    await call('get_bank_accounts')
    const before = tables()
    bridge.use(http.get(`${bridgeUrl}/v3/aggregation/accounts`, answer))

    const refused = await call('get_bank_accounts')

    expect(refused.status).toBe(502)
    expect(refused.body.exc_type).toBe('BridgeError')
    expect(tables()).toEqual(before)
    expect(await app.store.listItems(bank.user.id)).toHaveLength(1)
  })
})

it('an outage over real sockets: refused within the budget, then at once, then back', async () => {
  const { app, call, itemId, lever, clock } = await sandboxed()
  await lever('POST', 'faults', { path: '/v3', cut: true, count: 6 })
  expect((await call('get_bank_accounts', { item_id: itemId })).status).toBe(503)
  clock.advance(4_000)
  expect((await call('get_bank_accounts', { item_id: itemId })).status).toBe(503)
  expect((await app.bridgeStatus()).breaker.open).toBe(true)
  expect((await call('get_bank_accounts', { item_id: itemId })).headers['x-ratelimit-reset']).toBe(
    '10',
  )
  await lever('DELETE', 'faults')
  clock.advance(10_000)

  expect((await call('get_bank_accounts', { item_id: itemId })).status).toBe(200)
})
