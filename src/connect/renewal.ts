import { isGone } from '../ownership/gone-items.ts'
import { isFinalRefusal } from '../bridge/bridge-errors.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { BridgeClient } from '../bridge/client.ts'
import type { Clock, Ids } from '../clock.ts'
import { openVisit } from './visit.ts'
import { bankOf, type OwnedItem } from '../db/ports/items.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Store } from '../db/store.ts'
import type { Log } from '../logger.ts'
import { ownEnd } from './site-urls.ts'
import { graceMs, readRenewalToken } from './renewal-token.ts'
import { dayMs } from '../durations.ts'
import { isSameEnd } from '../db/rules/consent-end.ts'

export interface RenewalDeps {
  store: Store
  bridge: BridgeClient
  keyring: Keyring
  clock: Clock
  ids: Ids
  publicUrl: string
  log: Pick<Log, 'info' | 'warn'>
}

/** What a renewal link is worth now. `unknown`: the connection is deleted, or we never made it. */
export type Renewal =
  | { state: 'open'; owned: OwnedItem; consentEnd: number }
  | { state: 'renewed' | 'expired' | 'unknown' }

const openingsADay = 5
const budgetMs = 20_000

/** Looks a link up; changes nothing, for mail scanners open links too. */
export async function findRenewal(
  { store, keyring, clock }: RenewalDeps,
  token: string,
): Promise<Renewal> {
  const named = readRenewalToken(keyring, token)
  if (!named) return { state: 'unknown' }
  const [owned] = await store.listConnections({ id: named.itemId, ofServed: true })
  if (!owned || owned.user.userUuid === null) return { state: 'unknown' }
  const { consentEnd } = named
  const { authenticationExpiresAt: end } = owned.item
  if (end !== null && !isSameEnd(end, consentEnd)) return { state: 'renewed' }
  if (clock.now() > consentEnd + graceMs) return { state: 'expired' }
  return { state: 'open', owned, consentEnd }
}

/** How a visit to renew ended, and what its page shows of it. */
export interface RenewalEnd {
  state: 'renewed' | 'failed' | 'pending'
  bank: string | null
  site: Site
  /** Epoch milliseconds, to come; null while Bridge has not said. */
  consentEnd: number | null
}

/** How the visit of this request ended; undefined when it was not opened to renew an item, or its site is no longer served. */
export async function findRenewalEnd(
  { store, clock }: RenewalDeps,
  requestId: string,
): Promise<RenewalEnd | undefined> {
  const owned = await store.findRequestForCallback(requestId)
  const itemId = owned?.request.managedItemId ?? null
  if (!owned || itemId === null) return undefined
  const [found] = await store.listConnections({ id: itemId, ofServed: true })
  const { request, site } = owned
  const end = found?.item.authenticationExpiresAt ?? null
  return {
    state: endStates[request.state],
    bank: request.bank,
    site,
    consentEnd: end !== null && end > clock.now() ? end : null,
  }
}

const endStates = {
  completed: 'renewed',
  failed: 'failed',
  expired: 'failed',
  pending: 'pending',
} as const

/**
 * Opens a Bridge session that renews the item's consent, and the request that waits for its end, as a link of the site's own
 * does. `limitedUntil` says when it may be opened again, `gone` that Bridge no longer has the item. Rejects with a BridgeError.
 * What gave no link does not count as one of the day's openings.
 */
export async function openRenewal(
  deps: RenewalDeps,
  { item, user, site }: OwnedItem,
): Promise<{ url: string } | { limitedUntil: number } | { gone: true }> {
  const { store, clock, log } = deps
  const { userUuid } = user
  if (userUuid === null) throw new Error(`Item ${item.id} has no Bridge user`)
  const at = clock.now()
  const since = at - dayMs
  const taken = await store.claimAllowance('renewal', item.id, { at, since, limit: openingsADay })
  if (!('claim' in taken)) return { limitedUntil: taken.oldestAt + dayMs }

  const payer = { tenant: site.tenantId, site: site.id }
  const bounded = { ...deps, bridge: deps.bridge.within(AbortSignal.timeout(budgetMs), payer) }
  const held = { item, user, site, bridgeUser: userUuid }
  try {
    const redirectUrl = await returnUrl(deps, item.id, site.origin)
    const { url, request } = await openVisit(bounded, held, {
      publicUrl: deps.publicUrl,
      bank: bankOf(item),
      force: true,
      urls: { redirectUrl, origin: null, webhookUrl: null },
      by: { actor: 'server', at },
    })
    log.info({ item: item.id, request }, 'renewal opened')
    return { url }
  } catch (error) {
    await store.releaseAllowance('renewal', taken.claim)
    const isLost = isFinalRefusal(error) && (await isGone(bounded, held, { hadAccounts: false }))
    if (isLost) return { gone: true }
    throw error
  }
}

/** Where the user ends: as after the visit that made the connection; one that was adopted, at its site or at our own page. */
async function returnUrl(
  { store, publicUrl }: RenewalDeps,
  itemId: number,
  origin: string | null,
): Promise<string> {
  return (await store.findReturnUrl(itemId)) ?? origin ?? ownEnd(publicUrl)
}
