import { testApp } from './app.ts'
import { aVisitor } from './console.ts'
import { aRequest, aTenant, aUser, anAnnouncement, itemFacts } from './tenants.ts'

const day = 24 * 60 * 60_000

/** A server with a visitor inside, and one of everything there is a page for. */
export async function aFurnishedConsole(more: Parameters<typeof testApp>[0] = {}) {
  const made = await testApp({ ...more, env: { CONSOLE: 'true', ...more.env } })
  const { app, clock } = made
  const acme = await aTenant(app, { name: 'acme', sites: ['erp.acme.test'] })
  const { site } = acme
  const by = { actor: 'cli', at: clock.now() }
  await app.store.updateSite(site.id, { webhookUrl: 'https://erp.acme.test/hook' }, by)
  const user = await aUser(app, site, { name: 'ann@acme.test' })
  const facts = {
    id: 77,
    providerName: 'Demo Bank',
    authenticationExpiresAt: clock.now() + 9 * day,
  }
  await app.store.keepItems(user.id, [itemFacts(facts)], { at: clock.now(), complete: false })
  const request = await aRequest(app, user)
  const event = { ...anAnnouncement(app, user, { itemId: 77, type: 'item.refreshed' }) }
  const sealed = app.keyring.seal('{"type":"item.refreshed"}', `events/${event.id}`)
  await app.store.acceptEvent({ ...event, body: sealed })
  const call = {
    id: 'req_call',
    at: clock.now(),
    method: 'bank_api.bridge.get_bank_accounts',
    status: 404,
    excType: 'DoesNotExistError',
    refusal: { code: 'item_not_found', message: 'No <item> 9', named: { id: 9 }, limit: null },
    durationMs: 120,
    tenantId: acme.tenant.id,
    siteId: site.id,
    apiKey: acme.siteKey.apiKey,
    request: null,
    itemId: 77,
    bridge: [{ call: 'GET /v3/aggregation/accounts', status: 200, ms: 80 }],
  }
  await app.store.addCalls([call])
  /** Ends the try that is due. */
  const end = async (kind: 'delivered' | 'dead', status: number, said: string) => {
    const at = clock.now()
    const lease = { at, by: 'srv_test', leaseUntil: at + 60_000, limit: 1 }
    const [claim] = await app.store.claimDeliveries(lease)
    const response = app.keyring.seal(said, `deliveries/${claim!.id}`)
    await app.store.settleDelivery({
      id: claim!.id,
      attempt: claim!.attempt,
      at,
      outcome: { kind },
      try: { startedAt: at, durationMs: 7, status, error: null, response },
      endpoint: { webhookUrl: claim!.site.webhookUrl, status },
    })
  }
  const visitor = await aVisitor(app)
  return { ...made, ...acme, site, user, request, event, call, end, visitor }
}

/** What a page says, without its markup. */
export const textOf = (page: string): string =>
  page
    .replaceAll(/<style>.*?<\/style>/gs, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
