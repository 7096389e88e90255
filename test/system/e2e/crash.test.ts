import { describe, test, type ExpectStatic } from 'vitest'
import {
  dataDirectory,
  later,
  startGateway,
  startSandboxProcess,
  type Ended,
  type Finishing,
} from '../../support/gateway.ts'
import { openGoBetween, type Exchange } from '../../support/go-between.ts'
import { aTenantWithKeys, newWebhookSecret } from '../../support/operator.ts'
import {
  expectedSignatures,
  openSite,
  type Heard,
  type ReceivingSite,
} from '../../support/receiving-site.ts'
import { comeBack, logIn, pull, siteClient, type Json } from './visit.ts'

const typeOf = ({ body }: Exchange) => (JSON.parse(body) as { type: string }).type

/** Past the lease of what the dead process had in hand: a machine takes its time to come back. */
const twoMinutes = later(120_000)

/**
 * A gateway beside a Bridge that outlives it, and a user who signs in at the bank and closes the browser. The gateway is
 * killed in the moment Bridge has its 200 for the `item.refreshed` that ends the visit; nothing later reached it.
 */
async function killedAfterTheAnswer(
  onTestFinished: Finishing,
  { manners }: Pick<ReceivingSite, 'manners'>,
) {
  const site = await openSite(onTestFinished)
  site.manners = manners
  const between = await openGoBetween(onTestFinished)
  const bridge = await startSandboxProcess(`${between.origin}/webhooks/bridge`, onTestFinished)
  const first = await startGateway(
    {
      ...dataDirectory(onTestFinished),
      MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
      BRIDGE_CLIENT_ID: 'id',
      BRIDGE_CLIENT_SECRET: 'secret',
      BRIDGE_BASE_URL: bridge.origin,
      BRIDGE_WEBHOOK_SECRETS: bridge.webhookSecret,
      ALLOWED_TARGETS: '127.0.0.0/8',
      ALLOW_HTTP: 'true',
    },
    onTestFinished,
  )
  between.target = first.url
  const { siteKey } = await aTenantWithKeys(first.env, { site: 'erp' })
  const secret = await newWebhookSecret(first.env, 'erp')
  const ask = siteClient(first.url, siteKey)
  const link = await ask('get_bridge_connect_link', {
    base_url: site.origin,
    redirect_url: '/app/bank',
    webhook_url: site.webhookUrl,
    bank: 'Demo Bank',
    user: 'ada@acme.test',
  })

  between.before = async (exchange) => {
    // All that came before is with the site: what the crash may cost is this one event.
    if (typeOf(exchange) === 'item.refreshed') await site.hears('item.account.updated', 12)
  }
  const killed = new Promise<Ended>((resolve, reject) => {
    between.after = (exchange) => {
      if (typeOf(exchange) !== 'item.refreshed') return
      between.after = () => {}
      if (exchange.status === 200) first.end('SIGKILL').then(resolve, reject)
      else reject(new Error(`The gateway answered ${exchange.status}`))
    }
  })
  const callback = await logIn(link.url)

  return {
    site,
    between,
    bridge,
    callback,
    request: link.request as string,
    ask,
    killed,
    secret,
    restart: () => startGateway({ ...first.env, ...twoMinutes }, onTestFinished),
  }
}
type Crash = Awaited<ReturnType<typeof killedAfterTheAnswer>>

/** What the site can do with the word it got: check it, and ask for the item. */
async function expectCompletion(
  expect: ExpectStatic,
  { ask, request, secret }: Crash,
  told: Heard,
): Promise<number> {
  expect(told.headers).toMatchObject(expectedSignatures(told, secret))
  const item = await ask('get_bridge_item_id', { request })
  expect(item).toMatchObject({ status: 'completed', success: true, item_id: expect.any(Number) })
  const { item_id } = item as { item_id: number }
  expect(told.event).toMatchObject({ content: { request, item_id, success: true, status: 0 } })
  return item_id
}

/** Bridge repeats itself, refreshes once more, and the browser comes back after all. */
async function goOn({ between, bridge, callback, site }: Crash, item: number): Promise<Json> {
  const visit = between.passed.find((exchange) => typeOf(exchange) === 'item.refreshed')!
  const repeated = await between.repeat(visit)
  const home = await comeBack(callback)
  const before = site.of('item.refreshed').length
  await pull(bridge.origin, `items/${item}/refresh`)
  // Of one item, what was there before has been tried before.
  await site.hears('item.refreshed', before + 1)
  return { repeated, success: home.searchParams.get('success') }
}

const idsOf = (heard: readonly Heard[]) =>
  new Set(heard.map(({ headers }) => headers['webhook-id']))

describe.concurrent('killed right after Bridge’s 200, before the browser came back', () => {
  test('it completes the request after a restart, and the site hears of it once', async ({
    expect,
    onTestFinished,
  }) => {
    const crash = await killedAfterTheAnswer(onTestFinished, {
      // Nothing more about the item is sent before this one's try has ended: and it ends with the process.
      manners: ({ event }) => (event.type === 'item.refreshed' ? 'hang' : 'take'),
    })
    const { site } = crash

    expect(await crash.killed).toMatchObject({ code: null, signal: 'SIGKILL' })
    expect(site.of('connect.completed')).toEqual([])
    site.manners = () => 'take'
    await crash.restart()

    const item = await expectCompletion(expect, crash, await site.hears('connect.completed'))
    expect(await goOn(crash, item)).toEqual({ repeated: 200, success: 'true' })
    expect(site.of('connect.completed')).toHaveLength(1)
  })

  test('it does so though the site is down at first, with the same id each time', async ({
    expect,
    onTestFinished,
  }) => {
    const crash = await killedAfterTheAnswer(onTestFinished, {
      manners: ({ event }) => (event.type === 'item.refreshed' ? 'hang' : 'take'),
    })
    const { site } = crash
    expect(await crash.killed).toMatchObject({ signal: 'SIGKILL' })
    site.manners = () => 'cut'

    await crash.restart()
    await site.hears('connect.completed')
    site.manners = () => 'take'

    const told = await site.hears('connect.completed', 2)
    const item = await expectCompletion(expect, crash, told)
    expect(await goOn(crash, item)).toEqual({ repeated: 200, success: 'true' })
    expect(site.of('connect.completed')).toHaveLength(2)
    expect(idsOf(site.of('connect.completed')).size).toBe(1)
  })
})
