import type { FastifyInstance } from 'fastify'
import { receiveWebhook } from '../../src/webhooks/inbox/receive.ts'
import { tickHandler } from '../../src/webhooks/inbox/handler.ts'
import { testApp, type ConnectedBank, type TestApp } from './app.ts'
import { signBridgeWebhook } from './bridge.ts'
import { aTenant, type TestTenant } from './tenants.ts'

export const day = 24 * 60 * 60_000

/** An event of ours as its site gets it. */
interface ToldEvent {
  type: string
  content: Record<string, unknown>
  timestamp: number
}

const asking = ['consent.expiring', 'item.action_required']

/** What of ours was stored for a tenant's sites, oldest first: what asks for something, or those types. */
export async function toldTo(
  { store, keyring }: FastifyInstance,
  tenant: TestTenant,
  types = asking,
): Promise<ToldEvent[]> {
  const told: ToldEvent[] = []
  for (let after: number | string | null = null; ;) {
    const page = await store.listForExport(tenant.tenant.id, 'events', { after, limit: 100 })
    for (const { row } of page) {
      const body = keyring.open(row['body'] as Buffer, `events/${String(row['id'])}`)
      const event = JSON.parse(body.toString('utf8')) as ToldEvent
      if (types.includes(event.type)) told.push(event)
    }
    if (page.length < 100) return told
    after = page.at(-1)!.key
  }
}

/** An app with one tenant whose first site has a webhook URL. */
export async function jobsApp(
  options: Parameters<typeof testApp>[0] = {},
): Promise<TestApp & { acme: TestTenant }> {
  const made = await testApp(options)
  const acme = await aTenant(made.app)
  const webhookUrl = 'https://erp.acme.test/webhook'
  await made.app.store.updateSite(acme.site.id, { webhookUrl }, { actor: 'test', at: 0 })
  return { ...made, acme }
}

/** Bridge changes its mind about an item, and its event reaches us. */
export async function refreshed(
  { app, clock, world }: Pick<TestApp, 'app' | 'clock' | 'world'>,
  { itemId, user }: ConnectedBank,
  status: number,
  info = '',
): Promise<void> {
  clock.advance(60_000)
  Object.assign(world.items.get(itemId)!, { status, status_code_info: info })
  const content = {
    item_id: itemId,
    user_uuid: user.userUuid,
    refresh_trigger: 'scheduler',
    status_code: status,
    status_code_info: info,
  }
  const event = { type: 'item.refreshed', content, timestamp: clock.now() }
  const rawBody = Buffer.from(JSON.stringify(event))
  const signature = signBridgeWebhook(rawBody, 'secret')
  await receiveWebhook(app, { rawBody, signature, secrets: ['secret'], since: 0 })
  await tickHandler({ ...pick(app), onRefreshed: async () => undefined })
}

const pick = ({ store, memberId, keyring, clock, log }: FastifyInstance) => ({
  store,
  memberId,
  keyring,
  clock,
  log,
})
