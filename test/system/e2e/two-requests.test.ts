import { describe, test, type ExpectStatic } from 'vitest'
import { dataDirectory, startGateway, type Finishing } from '../../support/gateway.ts'
import { openSite, type Heard } from '../../support/receiving-site.ts'
import { comeBack, demoKey, logIn, pull, siteClient } from './visit.ts'

/** A user of the demo site who asked for two links before following either. */
async function twoOpenRequests(onTestFinished: Finishing) {
  const site = await openSite(onTestFinished)
  const gateway = await startGateway(dataDirectory(onTestFinished), onTestFinished)
  const ask = siteClient(gateway.url, demoKey(gateway.stdout()))
  const open = async (bank: string) => {
    const link = await ask('get_bridge_connect_link', {
      base_url: site.origin,
      redirect_url: '/app/bank',
      webhook_url: site.webhookUrl,
      bank,
      user: 'ada@acme.test',
      account_types: 'payment',
    })
    return { request: link.request as string, url: link.url as string }
  }
  const links = [await open('First Bank'), await open('Second Bank')] as const
  const itemsOf = async () => {
    const ids: (number | null)[] = []
    for (const { request } of links) {
      ids.push((await ask('get_bridge_item_id', { request })).item_id as number | null)
    }
    return ids
  }
  return { site, ask, links, itemsOf, bridge: new URL(links[0].url).origin }
}

const itemIn = (callback: string) => Number(new URL(callback).searchParams.get('item_id'))

const pairsOf = (heard: readonly Heard[]) =>
  heard.map(({ event }) => [event.content.request, event.content.item_id] as [string, number])

/** All that is on its way about these items has been tried once the refresh that follows it is there. */
async function settled(
  { site, bridge }: Awaited<ReturnType<typeof twoOpenRequests>>,
  items: readonly number[],
) {
  for (const item of items) {
    const seen = () =>
      site.of('item.refreshed').filter(({ event }) => event.content.item_id === item)
    await pull(bridge, `items/${item}/refresh`)
    while (!seen().some(({ event }) => event.content.refresh_trigger === 'scheduler')) {
      await site.hears('item.refreshed', site.of('item.refreshed').length + 1)
    }
  }
}

async function expectTold(
  expect: ExpectStatic,
  { site, links }: Awaited<ReturnType<typeof twoOpenRequests>>,
  items: readonly number[],
) {
  const told = pairsOf(site.of('connect.completed'))
  expect(new Map(told)).toEqual(new Map(links.map(({ request }, n) => [request, items[n]])))
  return told.length
}

describe.concurrent('two open requests of one user', () => {
  test.for([
    { order: [0, 1], first: 'first' },
    { order: [1, 0], first: 'second' },
  ])(
    'each get the item of their own callback, when the $first comes back first',
    async ({ order }, { expect, onTestFinished }) => {
      const two = await twoOpenRequests(onTestFinished)
      const { links, itemsOf } = two
      // Both visits are over before either browser is back: only the callbacks tell them apart.
      const callbacks = [await logIn(links[0].url), await logIn(links[1].url)]
      const items = callbacks.map(itemIn)
      expect(new Set(items).size).toBe(2)

      for (const n of order) {
        const home = await comeBack(callbacks[n]!)
        expect(Object.fromEntries(home.searchParams)).toEqual({
          request: links[n]!.request,
          success: 'true',
          item_id: String(items[n]),
        })
      }

      expect(await itemsOf()).toEqual(items)
      await settled(two, items)
      expect(await expectTold(expect, two, items)).toBe(2)
    },
  )

  test('each get their own item without any callback, when one is visited after the other', async ({
    expect,
    onTestFinished,
  }) => {
    const two = await twoOpenRequests(onTestFinished)
    const { site, links, bridge, itemsOf } = two
    const second = itemIn(await logIn(links[1].url))
    // As long as a callback may still tell the two apart, nothing is guessed.
    await site.hears('item.refreshed')
    expect(await itemsOf()).toEqual([null, null])

    await pull(bridge, 'clock', { advance: 10 * 60_000 })
    await site.hears('connect.completed')
    expect(await itemsOf()).toEqual([null, second])
    // Only one is left that the next item may belong to.
    const first = itemIn(await logIn(links[0].url))
    await site.hears('connect.completed', 2)

    expect(await itemsOf()).toEqual([first, second])
    await settled(two, [first, second])
    expect(await expectTold(expect, two, [first, second])).toBe(2)
  })

  test('get an item each when both visits end at once, and late callbacks put right which', async ({
    expect,
    onTestFinished,
  }) => {
    const two = await twoOpenRequests(onTestFinished)
    const { site, links, bridge, itemsOf } = two
    const callbacks = [await logIn(links[0].url), await logIn(links[1].url)]
    const items = callbacks.map(itemIn)
    await site.hears('item.refreshed', 2)

    await pull(bridge, 'clock', { advance: 10 * 60_000 })
    await site.hears('connect.completed', 2)
    expect(new Set(await itemsOf())).toEqual(new Set(items))

    for (const callback of callbacks) await comeBack(callback)

    expect(await itemsOf()).toEqual(items)
    await settled(two, items)
    await expectTold(expect, two, items)
  })

  test('get an item each when both visits end at once, though one browser alone comes back', async ({
    expect,
    onTestFinished,
  }) => {
    const two = await twoOpenRequests(onTestFinished)
    const { site, links, bridge, itemsOf } = two
    const callbacks = [await logIn(links[0].url), await logIn(links[1].url)]
    const items = callbacks.map(itemIn)
    await site.hears('item.refreshed', 2)
    await pull(bridge, 'clock', { advance: 10 * 60_000 })
    await site.hears('connect.completed', 2)
    // Each was taken for the other's: the first item for the newest link.
    expect(await itemsOf()).toEqual(items.toReversed())

    await comeBack(callbacks[1]!)
    await site.hears('connect.completed', 4)

    expect(await itemsOf()).toEqual(items)
    await settled(two, items)
    expect(await expectTold(expect, two, items)).toBe(4)
  })
})
