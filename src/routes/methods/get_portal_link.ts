import { z } from 'zod'
import { scopeFor } from '../../ownership/ownership.ts'
import { offerPortal } from '../../auth/portal-session.ts'
import { described, optionalText } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'

export const getPortalLink = defineMethod({
  name: 'bank_api.bridge.get_portal_link',
  tag: 'links',
  summary:
    "An address that shows one person the site's connections and events, for an hour; to a tenant key, all its sites'.",
  effect: 'changes',
  params: z.object({
    site: described(
      optionalText(),
      'The name of the site; with a tenant key, all its sites when missing.',
      'demo',
    ),
    lang: described(optionalText(), "`fr` or `en`; the browser's own when missing.", 'fr'),
  }),
  result: z.strictObject({
    url: z.string().describe('To open in a browser, for whoever may see and do all that it shows.'),
    expires_at: z.iso.datetime().describe('Until when it lets somebody in.'),
  }),
  example: { lang: 'fr' },
  async run(context, { site, lang }) {
    const { caller, clock, limits, settings } = context
    const scope = await scopeFor(context, site)
    // The site's first: what one site is refused takes nothing from its sisters.
    if (scope.siteId !== null) limits.links.sites.take(scope.siteId)
    limits.links.tenants.take(scope.tenantId)
    const by = { actor: `key:${caller.apiKey}`, at: clock.now() }
    const { token, expiresAt } = await offerPortal(context, { ...scope, apiKey: caller.apiKey }, by)

    const language = lang === undefined ? '' : `?lang=${context.language(lang)}`
    return {
      url: `${settings.publicUrl}/portal/enter/${token}${language}`,
      expires_at: new Date(expiresAt).toISOString(),
    }
  },
})
