import { z } from 'zod'
import { markIfMissing } from '../ownership/gone-items.ts'
import type { OwnershipDeps } from '../ownership/item-list.ts'
import { findLoneDefault, ownedItem, scopeFor } from '../ownership/ownership.ts'
import { tenantLimits, type Limits } from '../auth/limits.ts'
import { ensureSiteFor } from '../auth/sites.ts'
import { emailRow } from '../vault/sealed-rows.ts'
import { readUserEmail } from '../vault/user-email.ts'
import type { By, Scope } from '../db/scope.ts'
import type { BridgeUser } from '../db/ports/users.ts'
import type { Site } from '../db/ports/sites.ts'
import { ValidationError } from '../errors.ts'
import { languageNamed, type Language } from '../language.ts'
import { isSameName, requireName } from '../names.ts'
import { asBridgeUser } from './bridge-user.ts'
import { resolveSiteUrls, type SiteUrls } from './site-urls.ts'
import { callbackUrl, keepVisit, openVisit } from './visit.ts'

/** What the link methods share: who asks, and what a link is made with. */
export interface LinkDeps extends OwnershipDeps {
  settings: LinkSettings
  limits: Pick<Limits, 'links' | 'webhookUrls'>
  /** Hears which request the call opened. */
  note?(made: { request: string }): void
}

export interface LinkSettings {
  publicUrl: string
  allowHttp: boolean
  defaultUserEmail: string | undefined
  /** Whether the page that links lead to takes the bank's name, as the sandbox's does: Bridge's wants a number. */
  pageTakesBank: boolean
  /** Refuses a webhook URL that we would not dial, for this site or a new one; throws a TargetRefusedError. */
  checkTarget(
    url: string,
    siteId?: string,
    asking?: { tenantId: string; actor: string; subject: string },
  ): Promise<void>
}

/** A link call's arguments, in the contract's words. */
interface LinkOrder {
  redirect_url: string
  base_url?: string | undefined
  webhook_url?: string | undefined
  bank?: string | undefined
  item_id?: number | undefined
  site?: string | undefined
  user?: string | undefined
  email?: string | undefined
  /** What the user reads. */
  lang?: string | undefined
  country?: string | undefined
  account_types?: 'payment' | 'all' | undefined
  /** Renew the strong authentication now, though the consent still holds. */
  force?: boolean | undefined
}

/** `redirect_url` and `url` are the same address, in the words of Bridge's two ages. It is a secret. */
export interface Link {
  redirect_url: string
  url: string
  request: string
  existing_item_id?: number
}

/**
 * Opens a Bridge Connect session and the connect request that waits for its end: for a new item, or to manage the one
 * named. Pins the site's origin and webhook URL. Nothing but the user, and with a tenant key
 * a new site, is stored unless Bridge gave a link. `takesUser`: whether the method has that argument, for what errors advise.
 */
export async function openLink(
  deps: LinkDeps,
  order: LinkOrder,
  { takesUser = true }: { takesUser?: boolean } = {},
): Promise<Link> {
  return order.item_id === undefined
    ? connectBank(deps, order, takesUser)
    : manageItem(deps, order, order.item_id)
}

/** A link to a new item. Its site and its user are made when they are not there yet. */
async function connectBank(deps: LinkDeps, order: LinkOrder, takesUser: boolean): Promise<Link> {
  const { bridge, ids, settings } = deps
  const by = byCaller(deps)
  const known = await findSite(deps, order)
  const urls = resolveSiteUrls(known, order, settings)
  const found = known && (await findUser(deps, known, order.user))
  const heir = found ?? (known && (await findLoneDefault(deps.store, scopeOf(known)))?.user)
  const userEmail = await addressFor(deps, order, heir)
  if (userEmail === undefined) {
    throw new ValidationError(takesUser ? 'email_required.or_user' : 'email_required')
  }
  const name = order.site ?? new URL(urls.redirectUrl).origin
  await checkNewTarget(deps, known, { ...urls, name }, by)
  countKept(deps, known, urls.webhookUrl)
  const newSite = { tenantId: deps.caller.tenant.id, name }
  const site = known ?? (await ensureSiteFor(deps, newSite, by))
  const user = found ?? (await makeUser(deps, site, order.user))

  const request = ids.request()
  const accountTypes = order.account_types ?? 'all'
  const session = {
    userEmail,
    countryCode: order.country ?? 'FR',
    accountTypes,
    callbackUrl: callbackUrl(settings.publicUrl),
    context: request,
  }
  const { url: page } = await asBridgeUser(deps, { user, site }, (uuid) =>
    bridge.connectSessions.create(uuid, session),
  )
  // That call may have found items gone, or ended the user, whose address went with them: both are looked at only now.
  const existing = await findSameBank(deps, user, order.bank)
  const said = await saidOf(deps, order, user)
  const url = settings.pageTakesBank && order.bank !== undefined ? withBank(page, order.bank) : page

  const opened = { id: request, bank: order.bank ?? null, accountTypes, managedItemId: null }
  await keepVisit(deps.store, { site, user, urls, by, ...opened, ...said })
  deps.note?.({ request })
  return {
    redirect_url: url,
    url,
    request,
    ...(existing !== undefined && { existing_item_id: existing }),
  }
}

/** A link to manage an item that is there: its site, its user and its address stand. */
async function manageItem(deps: LinkDeps, order: LinkOrder, itemId: number): Promise<Link> {
  const { settings } = deps
  const by = byCaller(deps)
  const held = await ownedItem(deps, itemId, order)
  const { item, user, site } = held
  const urls = resolveSiteUrls(site, order, settings)
  await checkNewTarget(deps, site, { ...urls, name: site.name }, by)
  countKept(deps, site, urls.webhookUrl)
  const opening = openVisit(deps, held, {
    publicUrl: settings.publicUrl,
    bank: order.bank ?? item.bank,
    accountTypes: order.account_types,
    force: order.force,
    urls,
    by,
    ...(await saidOf(deps, order, user)),
  })
  const { url, request } = await markIfMissing(deps, held, opening)
  deps.note?.({ request })
  return { redirect_url: url, url, request }
}

const byCaller = ({ caller, clock }: LinkDeps): By => ({
  actor: `key:${caller.apiKey}`,
  at: clock.now(),
})

function withBank(page: string, bank: string): string {
  const url = new URL(page)
  url.searchParams.set('bank', bank)
  return url.href
}

/** Looks at a webhook URL that is not the site's already. Throws a TargetRefusedError for one that we would not dial. */
async function checkNewTarget(
  { caller, settings }: LinkDeps,
  known: Site | undefined,
  { webhookUrl, name }: Pick<SiteUrls, 'webhookUrl'> & { name: string },
  { actor }: By,
): Promise<void> {
  if (webhookUrl === null || webhookUrl === known?.webhookUrl) return
  const asking = { tenantId: caller.tenant.id, actor, subject: known?.name ?? name }
  await settings.checkTarget(webhookUrl, known?.id, asking)
}

/** The site a link call means; undefined when a tenant key names one that is not there yet. */
async function findSite(deps: LinkDeps, order: LinkOrder): Promise<Site | undefined> {
  const { caller, store } = deps
  if (caller.site) {
    await scopeFor(deps, order.site)
    return caller.site
  }
  if (order.site !== undefined) return store.findSite(caller.scope, order.site)
  const origin = URL.canParse(order.base_url ?? '') ? new URL(order.base_url ?? '').origin : null
  if (origin !== null) {
    const [only, second] = await store.listSites(caller.scope, 2, origin)
    // A sister site may have pinned the same origin: taking the first would hand it the other's users.
    if (second) throw new ValidationError('site_ambiguous.address', { origin })
    return only ?? store.findSite(caller.scope, origin)
  }
  const [only, second] = await store.listSites(caller.scope, 2)
  if (only && !second) return only
  throw new ValidationError('argument_required.site')
}

/**
 * Counts what this call will leave in the database. Throws a TooManyRequestsError when that was too much today: the site's own
 * bounds first, so that what one site is refused takes nothing from its sisters.
 */
function countKept(
  { caller, limits }: LinkDeps,
  known: Site | undefined,
  webhookUrl: string | null,
): void {
  if (known) {
    const isChange =
      known.webhookUrl !== null && webhookUrl !== null && webhookUrl !== known.webhookUrl
    if (isChange) limits.webhookUrls.take(known.id)
    limits.links.sites.take(known.id)
  }
  limits.links.tenants.take(caller.tenant.id)
}

const scopeOf = ({ id: siteId, tenantId }: Site): Scope => ({ tenantId, siteId })

/** The site's user of that name or Bridge uuid; without a name its only one, else the default user. */
async function findUser(
  { store }: LinkDeps,
  site: Site,
  word: string | undefined,
): Promise<BridgeUser | undefined> {
  const scope = scopeOf(site)
  const [only, second] = await store.findUsers(scope, word)
  if (!second) return only?.user
  return word === undefined ? (await store.findUsers(scope, ''))[0]?.user : undefined
}

async function makeUser(
  { store, ids, clock }: LinkDeps,
  { id: siteId, tenantId }: Site,
  word: string | undefined,
): Promise<BridgeUser> {
  if (word !== undefined) requireName('user', word)
  if ((await store.countHeld(tenantId)).users >= tenantLimits.usersPerTenant) {
    throw new ValidationError('too_many_users')
  }
  return store.ensureUser({ id: ids.next('usr'), siteId, name: word ?? '', at: clock.now() })
}

const isAddress = (text: string | undefined): text is string => z.email().safeParse(text).success

/** Bridge wants an address for every new item (Bridge: create a connect session, `user_email`). */
async function addressFor(
  deps: LinkDeps,
  order: LinkOrder,
  user: BridgeUser | undefined,
): Promise<string | undefined> {
  const given = [order.email, order.user, user?.name].find(isAddress)
  if (given !== undefined) return given
  const earlier = user && (await readUserEmail(deps, user.id))
  return earlier ?? deps.settings.defaultUserEmail
}

/** What the call says of the user: what they read, and an address for the calls that name none, unless the user's name says it or it is kept already. */
async function saidOf(
  deps: LinkDeps,
  { email, lang }: LinkOrder,
  user: BridgeUser,
): Promise<{ email?: Buffer; language: Language | undefined }> {
  const language = languageNamed(lang)
  const isKnown =
    email === undefined || isAddress(user.name) || (await readUserEmail(deps, user.id)) === email
  if (isKnown) return { language }
  return { language, email: deps.keyring.seal(email, emailRow(user.id)) }
}

/** The user's living item at the same bank, so that nobody connects and pays twice by accident. */
async function findSameBank(
  { store }: LinkDeps,
  user: BridgeUser,
  bank: string | undefined,
): Promise<number | undefined> {
  if (bank === undefined) return undefined
  const items = await store.listItems(user.id)
  return items.find((item) =>
    [item.bank, item.providerName].some((name) => name !== null && isSameName(name, bank)),
  )?.id
}
