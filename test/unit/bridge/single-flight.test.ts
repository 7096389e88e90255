import { delay, http, HttpResponse } from 'msw'
import { describe, expect, it } from 'vitest'
import { BridgeTimeoutError } from '../../../src/bridge/bridge-errors.ts'
import { withCategory } from '../../../src/transactions/with-category.ts'
import { aBridgeTransaction, bridgeUrl } from '../../support/bridge.ts'
import { collect, testClient } from './test-client.ts'

const itemsPath = '/v3/aggregation/items'

describe('identical reads at the same moment', () => {
  it('cost one call and one token', async () => {
    const { client, uuid, requests, calls, world } = testClient()
    world.addItem(uuid)

    const answers = await Promise.all(Array.from({ length: 10 }, () => client.items.list(uuid)))

    expect(requests(itemsPath)).toHaveLength(1)
    expect(calls).toHaveLength(2)
    expect(answers.every(([item]) => item?.id === answers[0]?.[0]?.id)).toBe(true)
  })

  it('are shared page by page', async () => {
    const { client, uuid, requests, world } = testClient()
    const item = world.addItem(uuid)
    const account = world.addAccount(item.id)
    for (let count = 0; count < 1_200; count += 1) world.addTransaction(account.id)

    const walks = await Promise.all(
      Array.from({ length: 10 }, () => collect(client.transactions.pages(uuid))),
    )

    expect(requests('/v3/aggregation/transactions')).toHaveLength(3)
    for (const pages of walks) expect(pages.flat()).toHaveLength(1_200)
  })

  it('are two reads when they are of two users, two queries or two languages', async () => {
    const { client, uuid, requests, world } = testClient()
    const other = world.addUser().uuid
    const mine = world.addItem(uuid)

    await Promise.all([
      client.items.list(uuid),
      client.items.list(other),
      client.items.get(uuid, mine.id),
      client.items.get(uuid, mine.id, { language: 'fr' }),
      client.accounts.list(uuid),
      client.accounts.list(uuid, { itemId: mine.id }),
    ])

    expect(requests(itemsPath)).toHaveLength(2)
    expect(requests(`${itemsPath}/${mine.id}`)).toHaveLength(2)
    expect(requests('/v3/aggregation/accounts')).toHaveLength(2)
  })

  it('are not kept: who asks after the answer asks anew', async () => {
    const { client, uuid, requests } = testClient()

    await client.items.list(uuid)
    await client.items.list(uuid)

    expect(requests(itemsPath)).toHaveLength(2)
  })

  it('fail together, and the next one is tried anew', async () => {
    let answers = 0
    const { client } = testClient([
      http.get(`${bridgeUrl}/v3/providers/574`, () => {
        answers += 1
        return answers === 1
          ? HttpResponse.json({}, { status: 404 })
          : HttpResponse.json({ id: 574 })
      }),
    ])

    const both = await Promise.allSettled([client.providers.get(574), client.providers.get(574)])

    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(answers).toBe(1)
    await expect(client.providers.get(574)).resolves.toEqual({ id: 574 })
  })

  it('go on for the others when the one who asked first gives up', async () => {
    const first = new AbortController()
    const { client, uuid, requests } = testClient([
      http.get(`${bridgeUrl}${itemsPath}`, async () => {
        first.abort()
        await delay(5)
        return HttpResponse.json({ resources: [] })
      }),
    ])

    const [gone, served] = await Promise.allSettled([
      client.within(first.signal).items.list(uuid),
      client.within(new AbortController().signal).items.list(uuid),
    ])

    expect(gone).toMatchObject({ status: 'rejected', reason: expect.any(BridgeTimeoutError) })
    expect(served).toMatchObject({ status: 'fulfilled', value: [] })
    expect(requests(itemsPath)).toHaveLength(1)
  })

  it('end when everybody has given up, and do not hold up who comes then', async () => {
    const callers = [new AbortController(), new AbortController()]
    let answers = 0
    const { client, uuid } = testClient([
      http.get(`${bridgeUrl}${itemsPath}`, async ({ request }) => {
        answers += 1
        if (answers > 1) return HttpResponse.json({ resources: [] })
        for (const caller of callers) caller.abort()
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
        return HttpResponse.error()
      }),
    ])

    const gone = await Promise.allSettled(
      callers.map(({ signal }) => client.within(signal).items.list(uuid)),
    )

    for (const one of gone) {
      expect(one).toMatchObject({ status: 'rejected', reason: expect.any(BridgeTimeoutError) })
    }
    await expect(client.items.list(uuid)).resolves.toEqual([])
  })
})

it('rows that others may hold too are left as they are', () => {
  const row = Object.freeze(aBridgeTransaction({ category_id: 273 }))

  const [named] = withCategory([row], new Map([[273, 'Supermarché']]))

  expect(named).toEqual({ ...row, category: 'Supermarché' })
  expect(row).not.toHaveProperty('category')
})

it('two visits that are asked for at once are two', async () => {
  const { client, uuid, requests } = testClient()

  await Promise.all([
    client.connectSessions.create(uuid, {}),
    client.connectSessions.create(uuid, {}),
  ])

  expect(requests('/v3/aggregation/connect-sessions')).toHaveLength(2)
})
