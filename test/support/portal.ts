import type { FastifyInstance } from 'fastify'
import { offerPortal } from '../../src/auth/portal-session.ts'
import { testApp } from './app.ts'
import { aBrowser } from './browser.ts'
import { aKey, aTenant, aUser, anAnnouncement, itemFacts } from './tenants.ts'

const day = 24 * 60 * 60_000

/** Whose page it is, and with which key it ends. */
type Of = Parameters<typeof offerPortal>[1]

export const addressOf = async (app: FastifyInstance, of: Of) =>
  `/portal/enter/${(await offerPortal(app, of, { actor: 'test', at: app.clock.now() })).token}`

/** A browser that is inside. */
export async function aPortalVisitor(app: FastifyInstance, of: Of) {
  const browser = aBrowser(app)
  await browser.post(await addressOf(app, of))
  return browser
}

/** A tenant with two sites, and another tenant; of each site a connection and an event that was given up. */
export async function aFurnishedPortal(more: Parameters<typeof testApp>[0] = {}) {
  const made = await testApp(more)
  const { app, clock } = made
  const acme = await aTenant(app, { name: 'acme', sites: ['erp.acme.test', 'shop.acme.test'] })
  const other = await aTenant(app, { name: 'other', sites: ['erp.other.test'] })
  const furnish = async (site: (typeof acme)['site'], item: number, bank: string) => {
    const by = { actor: 'test', at: clock.now() }
    const webhookUrl = `https://${site.name}/hook`
    await app.store.updateSite(site.id, { webhookUrl }, by)
    const user = await aUser(app, site, { name: `ann@${site.name}` })
    const authenticationExpiresAt = clock.now() + 9 * day
    const facts = itemFacts({ id: item, providerName: bank, authenticationExpiresAt })
    await app.store.keepItems(user.id, [facts], { at: clock.now(), complete: false })
    const event = anAnnouncement(app, user, { itemId: item, type: 'item.refreshed' })
    const body = app.keyring.seal('{"type":"item.refreshed"}', `events/${event.id}`)
    await app.store.acceptEvent({ ...event, body })
    return { site: { ...site, webhookUrl }, user, item, bank, event }
  }
  const erp = await furnish(acme.sites[0]!, 77, 'Demo Bank')
  const shop = await furnish(acme.sites[1]!, 78, 'Sister Bank')
  const foreign = await furnish(other.site, 79, 'Foreign Bank')
  const at = clock.now()
  const lease = { at, by: 'srv_test', leaseUntil: at + 60_000, limit: 9 }
  for (const claim of await app.store.claimDeliveries(lease)) {
    const said = `it said <no> to ${claim.site.name}`
    await app.store.settleDelivery({
      id: claim.id,
      attempt: claim.attempt,
      at,
      outcome: { kind: 'dead' },
      try: {
        startedAt: at,
        durationMs: 7,
        status: 500,
        error: null,
        response: app.keyring.seal(said, `deliveries/${claim.id}`),
      },
      endpoint: { webhookUrl: claim.site.webhookUrl, status: 500 },
    })
  }
  const of = {
    tenantId: acme.tenant.id,
    siteId: erp.site.id,
    apiKey: acme.siteKey.apiKey,
  }
  const ofTenant = { tenantId: acme.tenant.id, siteId: null, apiKey: acme.tenantKey.apiKey }
  return { ...made, acme, other, erp, shop, foreign, of, ofTenant, aKey }
}
