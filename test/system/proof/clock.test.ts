import { expect, onTestFinished, test } from 'vitest'
import {
  dataDirectory,
  later,
  startGateway,
  startSandboxProcess,
  type Env,
} from '../../support/gateway.ts'
import { freePort } from '../../support/free-port.ts'
import { aTenantWithKeys, asOperator } from '../../support/operator.ts'
import { openSite } from '../../support/receiving-site.ts'
import { siteClient, visitBank } from '../e2e/visit.ts'

const day = 24 * 60 * 60_000
const far = 160 * day

/** What is stored: how each delivery stands, how many event bodies there are, and how long the longest wait is. */
const stored = (env: Env) =>
  asOperator(env, async ({ store, clock }) => {
    const events = await store.listEvents({}, { first: 'oldest', limit: 1_000 })
    const bodies = await store.listSealed('event-body', null, 1_000)
    const waits = events.map(({ delivery }) => (delivery?.nextTryAt ?? 0) - clock.now())
    return {
      states: new Map(events.map(({ id, delivery }) => [id, delivery?.state ?? 'kept'])),
      types: new Set(events.map(({ type }) => type)),
      bodies: bodies.length,
      longest: Math.max(...waits),
    }
  })

test('a clock that jumps by 160 days and back loses nothing, tells nobody, and moves nothing', async () => {
  const site = await openSite(onTestFinished)
  site.manners = () => 'cut'
  const port = String(await freePort())
  const hook = `http://127.0.0.1:${port}/webhooks/bridge`
  const bridge = await startSandboxProcess(hook, onTestFinished)
  const first = await startGateway(
    {
      ...dataDirectory(onTestFinished),
      ...later(0),
      PORT: port,
      MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
      BRIDGE_CLIENT_ID: 'id',
      BRIDGE_CLIENT_SECRET: 'secret',
      BRIDGE_BASE_URL: bridge.origin,
      BRIDGE_WEBHOOK_SECRETS: bridge.webhookSecret,
      BACKUP_HOURS: '0',
      ALLOWED_TARGETS: '127.0.0.0/8',
      ALLOW_HTTP: 'true',
    },
    onTestFinished,
  )
  const { env } = first
  const { siteKey } = await aTenantWithKeys(env, { site: 'erp' })
  const ask = siteClient(first.url, siteKey)
  const open = async (bank: string) => {
    const link = await ask('get_bridge_connect_link', {
      base_url: site.origin,
      redirect_url: '/app/bank',
      webhook_url: site.webhookUrl,
      bank,
      user: 'ada@acme.test',
    })
    return { url: link.url as string, request: link.request as string }
  }
  await visitBank((await open('First Bank')).url)
  const links = [await open('Second Bank'), await open('Third Bank')] as const
  await site.hears('item.created')
  const before = await stored(env)
  expect([...before.states.values()]).toContain('pending')

  await first.setClock(far)
  await first.said('the clock was set')
  await first.end('SIGTERM') // every worker has ended a round by then
  const wrong = await startGateway({ ...env, ...later(far) }, onTestFinished)
  await wrong.said('nothing is forgotten')
  const meanwhile = await visitBank(links[0].url)
  await wrong.setClock(0)
  await wrong.said('the clock was set')
  const after = await stored(env)
  const home = await visitBank(links[1].url)

  for (const [event, state] of before.states) {
    expect({ event, state: after.states.get(event) }).toEqual({ event, state })
  }
  expect(after.bodies).toBeGreaterThanOrEqual(before.bodies)
  expect(after.longest).toBeLessThan(day)
  expect(after.types).not.toContain('consent.expiring')
  for (const [index, { searchParams }] of [meanwhile, home].entries()) {
    expect(Object.fromEntries(searchParams)).toMatchObject({
      request: links[index]!.request,
      success: 'true',
    })
  }
})
