import type { ApiKey } from '../db/ports/keys.ts'
import type { Site } from '../db/ports/sites.ts'
import { DoesNotExistError, PermissionError } from '../errors.ts'
import { createApiKey, type Caller } from './api-keys.ts'
import { tenantLimits, type Limits } from './limits.ts'
import { missing, type NotFoundDeps } from './not-found.ts'
import { ensureSiteFor, type SiteDeps } from './sites.ts'

type Deps = NotFoundDeps & SiteDeps & { limits: Pick<Limits, 'siteKeys'> }

/** Throws a PermissionError for the key of a site: what follows is a host's affair. */
export function requireTenantKey({ site }: Caller): void {
  if (site) throw new PermissionError('tenant_key_required')
}

/**
 * Makes a key of the tenant's site of that name, and the site when there is none. What a lost tenant key could make is bounded:
 * by the day, and the keys of a site that are good at once.
 */
export async function makeSiteKey(
  deps: Deps,
  order: { site: string; label: string | undefined; readOnly: boolean | undefined },
): Promise<{ site: Site; apiKey: string; apiSecret: string }> {
  const { caller, clock, limits, store } = deps
  const { tenant } = caller
  limits.siteKeys.take(tenant.id)
  const by = { actor: `key:${caller.apiKey}`, at: clock.now() }
  const site =
    (await store.findSite(caller.scope, order.site)) ??
    (await ensureSiteFor(deps, { tenantId: tenant.id, name: order.site }, by))
  const mostOfSite = tenantLimits.goodKeysPerSite
  const made = await createApiKey(deps, { ...order, tenant, site, mostOfSite }, by)
  return { site, ...made }
}

/** Ends a key of one of the tenant's sites, and says when it ended. A tenant key is none: who lost one locks nobody out with it. */
export async function endSiteKey(
  deps: NotFoundDeps & Pick<SiteDeps, 'store'>,
  apiKey: string,
): Promise<ApiKey> {
  const { caller, clock, store } = deps
  const holder = await store.findKey(apiKey)
  const isTheirs = holder?.tenant.id === caller.tenant.id && holder.site !== null
  const by = { actor: `key:${caller.apiKey}`, at: clock.now() }
  const ended = isTheirs ? await store.changeKey(apiKey, { kind: 'revoked' }, by) : undefined
  if (!ended) throw missing(deps, 'Key', new DoesNotExistError('key_not_found', { id: apiKey }))
  return ended
}
