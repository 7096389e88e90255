import { keyState } from '../auth/api-keys.ts'
import { movedWebhookUrl, plainHttpIn } from '../connect/site-urls.ts'
import type { Config } from '../config.ts'
import type { ApiKey } from '../db/ports/keys.ts'
import type { Site, SiteChange } from '../db/ports/sites.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import type { Store } from '../db/store.ts'
import { foldName, isSameName } from '../names.ts'
import { whyRefused } from '../webhooks/relay/operators-target.ts'
import type { Declaration, DeclaredKey, DeclaredSite } from './declaration.ts'

interface SitePlan {
  name: string
  found: Site | undefined
  change: SiteChange
  newKeys: DeclaredKey[]
}

interface TenantPlan {
  name: string
  found: Tenant | undefined
  newKeys: DeclaredKey[]
  sites: SitePlan[]
}

/** Something that is here and not in the file: it is told, and left alone. */
interface OnlyHere {
  tenant: string
  site?: string
  key?: string
  label?: string | null
}

export interface Plan {
  tenants: TenantPlan[]
  onlyHere: OnlyHere[]
  /** Why nothing of it can be done. */
  problems: string[]
}

/** What is missing here of what a file declares, and what of it cannot be. Changes nothing. */
export async function planOf(
  deps: { store: Store; config: Config; now: number },
  declared: Declaration,
): Promise<Plan> {
  const tenants = await deps.store.listTenants()
  const isNamed = ({ name }: Tenant) => declared.tenants.some((one) => isSameName(one.tenant, name))
  const plan: Plan = {
    tenants: [],
    onlyHere: tenants.filter((one) => !isNamed(one)).map(({ name }) => ({ tenant: name })),
    problems: [],
  }
  for (const one of declared.tenants) plan.tenants.push(await planTenant(deps, one, plan))
  return plan
}

async function planTenant(
  deps: { store: Store; config: Config; now: number },
  { tenant: name, keys, sites }: Declaration['tenants'][number],
  plan: Plan,
): Promise<TenantPlan> {
  const { store, now } = deps
  const found = await store.findTenant(name)
  if (!found) {
    const planned = []
    for (const site of sites) planned.push(await planSite(deps, name, site, undefined, [], plan))
    return { name, found, newKeys: keys, sites: planned }
  }
  const good = (await store.listKeys(found.id)).filter((key) => isLasting(key, now))
  const keysOf = (site: Site | undefined) =>
    good.filter(({ siteId }) => siteId === (site?.id ?? null))
  const newKeys = planKeys({ tenant: found.name }, keys, keysOf(undefined), plan)
  const planned: SitePlan[] = []
  for (const site of sites) {
    const there = await store.findSite({ tenantId: found.id, siteId: null }, site.site)
    const its = there ? keysOf(there) : []
    planned.push(await planSite(deps, found.name, site, there, its, plan))
  }
  const named = new Set(planned.map((site) => site.found?.id))
  for (const site of await store.listSites({ tenantId: found.id, siteId: null })) {
    if (!named.has(site.id)) plan.onlyHere.push({ tenant: found.name, site: site.name })
  }
  return { name: found.name, found, newKeys, sites: planned }
}

/** A key of a disabled tenant will be good again. */
const isLasting = (key: ApiKey, now: number): boolean =>
  keyState(key, { disabledAt: null }, now) === 'active'

async function planSite(
  { store, config }: { store: Store; config: Config },
  tenant: string,
  declared: DeclaredSite,
  found: Site | undefined,
  keys: readonly ApiKey[],
  plan: Plan,
): Promise<SitePlan> {
  const name = found?.name ?? declared.site
  const refuse = (why: string) => plan.problems.push(`${tenant}, ${name}: ${why}`)
  const { change, isLost } = changeOf(declared, found)
  if (isLost) {
    refuse(
      `its webhooks go to ${found?.webhookUrl}, which is none of its addresses any more: give webhook_url too, or null`,
    )
  }
  const plain = plainHttpIn(change, config)
  if (plain !== undefined) refuse(`${plain} must be an https address`)
  if (change.webhookUrl) {
    const allowedTargets = found ? (await store.readEndpoint(found.id)).allowedTargets : []
    const why = await whyRefused(change.webhookUrl, allowedTargets, config)
    if (why !== undefined) refuse(why)
  }
  return {
    name,
    found,
    change,
    newKeys: planKeys({ tenant, site: name }, declared.keys, keys, plan),
  }
}

/** What of a site is not as declared; what is not declared stays. Its webhooks follow it when its address changes. */
function changeOf(
  declared: DeclaredSite,
  found: Site | undefined,
): { change: SiteChange; isLost: boolean } {
  const { origin, allowed_origins: allowedOrigins, webhook_url } = declared
  const { time_zone: timeZone, remind_by: remindBy } = declared
  const before = found ?? { origin: null, allowedOrigins: [], webhookUrl: null }
  const addresses = { ...(origin && { origin }), ...(allowedOrigins && { allowedOrigins }) }
  const moved = movedWebhookUrl(before, { ...before, ...addresses })
  const webhookUrl = webhook_url === undefined ? moved : webhook_url
  const wanted = {
    ...addresses,
    ...(webhookUrl !== undefined && { webhookUrl }),
    ...(timeZone && { timeZone }),
    ...(remindBy && { remindBy }),
  }
  const change = Object.fromEntries(
    Object.entries(wanted).filter(
      ([field, value]) =>
        JSON.stringify(before[field as keyof typeof before]) !== JSON.stringify(value),
    ),
  )
  return { change, isLost: webhookUrl === undefined }
}

/** The declared keys that are not there; those that are only here, and those that may do something else, are told. */
function planKeys(
  whose: { tenant: string; site?: string },
  declared: readonly DeclaredKey[],
  good: readonly ApiKey[],
  plan: Plan,
): DeclaredKey[] {
  const labelled = new Map(good.map((key) => [foldName(key.label ?? ''), key]))
  for (const { label, read_only } of declared) {
    const there = labelled.get(foldName(label))
    if (!there || there.readOnly === read_only) continue
    const where = Object.values(whose).join(', ')
    const is = there.readOnly ? 'may only read' : 'may do everything'
    plan.problems.push(`${where}: the key ${label} ${is}, which does not change: revoke it first`)
  }
  const isDeclared = (key: ApiKey) =>
    declared.some(({ label }) => isSameName(label, key.label ?? ''))
  for (const key of good) {
    if (isDeclared(key)) continue
    plan.onlyHere.push({ ...whose, key: key.apiKey, label: key.label })
  }
  return declared.filter(({ label }) => !labelled.has(foldName(label)))
}

export const countNewKeys = ({ tenants }: Plan): number =>
  tenants.reduce(
    (sum, { newKeys, sites }) =>
      sum + newKeys.length + sites.reduce((those, site) => those + site.newKeys.length, 0),
    0,
  )
