import type { FastifyInstance } from 'fastify'
import { testApp, type HeldBank, type TestApp } from '../support/app.ts'
import { aTenant, type TestTenant } from '../support/tenants.ts'

export const day = 24 * 60 * 60_000

/** An event of ours as its site gets it. */
export interface ToldEvent {
  type: string
  content: Record<string, unknown>
  timestamp: number
}

/** What was stored for a site and is on its way to it, oldest first. */
export async function toldTo(
  { store, keyring }: FastifyInstance,
  tenant: TestTenant,
): Promise<ToldEvent[]> {
  const told: ToldEvent[] = []
  for (let after: number | string | null = null; ;) {
    const page = await store.listForExport(tenant.tenant.id, 'events', { after, limit: 100 })
    for (const { row } of page) {
      const body = keyring.open(row['body'] as Buffer, `events/${String(row['id'])}`)
      told.push(JSON.parse(body.toString('utf8')) as ToldEvent)
    }
    if (page.length < 100) return told
    after = page.at(-1)!.key
  }
}

/** An app with one tenant whose first site has a webhook URL. */
export async function careApp(
  options: { database?: string } = {},
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
  { itemId, user }: HeldBank,
  status: number,
  info = '',
): Promise<void> {
  clock.advance(60_000)
  const item = world.items.get(itemId)!
  Object.assign(item, { status, status_code_info: info })
  await app.store.applyEvent({
    kind: 'item',
    userId: user.id,
    itemId,
    at: clock.now(),
    status,
    statusCodeInfo: info,
    authenticationExpiresAt: null,
    accountTypes: null,
    refreshed: status === 0,
  })
}
