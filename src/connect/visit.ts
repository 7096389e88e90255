import type { ItemListDeps } from '../ownership/item-list.ts'
import type { OwnedBridgeItem } from '../ownership/ownership.ts'
import type { Item } from '../db/ports/items.ts'
import type { ConnectRequest } from '../db/ports/requests.ts'
import type { Site } from '../db/ports/sites.ts'
import type { BridgeUser } from '../db/ports/users.ts'
import type { By } from '../db/scope.ts'
import type { Store } from '../db/store.ts'
import { dayMs } from '../durations.ts'
import type { Language } from '../language.ts'
import { rememberAccounts } from './remember-accounts.ts'
import type { SiteUrls } from './site-urls.ts'

/** Where Bridge sends the browser after a visit to the bank. */
export const callbackUrl = (publicUrl: string): string => `${publicUrl}/bridge/callback`

/** What is kept of a visit, whatever it is for. */
interface KeptVisit {
  bank: string | null
  /** What it pins of the site, and where the user ends. */
  urls: SiteUrls
  by: By
  /** What the call said of the user: an address, sealed, and what they read. */
  email?: Buffer
  language?: Language | undefined
}

/**
 * Opens a Bridge session that manages an item, and the request that waits for the visit's end. Rejects with a BridgeError, and then
 * nothing is stored but the item's accounts. Without `accountTypes` they stay as they are.
 */
export async function openVisit(
  deps: ItemListDeps,
  held: OwnedBridgeItem,
  visit: KeptVisit & {
    publicUrl: string
    accountTypes?: 'payment' | 'all' | undefined
    force?: boolean | undefined
  },
): Promise<{ url: string; request: string }> {
  const { item, bridgeUser, ...owner } = held
  const { publicUrl, force, accountTypes = typesOf(item), ...kept } = visit
  await rememberAccounts(deps, held, visit.by.at)
  const request = deps.ids.request()
  const { url } = await deps.bridge.connectSessions.create(bridgeUser, {
    itemId: item.id,
    forceReauthentication: force,
    accountTypes,
    callbackUrl: callbackUrl(publicUrl),
    context: request,
  })
  const opened = { id: request, accountTypes, managedItemId: item.id }
  await keepVisit(deps.store, { ...owner, ...kept, ...opened })
  return { url, request }
}

const typesOf = ({ accountTypes }: Item): 'payment' | 'all' =>
  accountTypes === 'payment' ? 'payment' : 'all'

/** Stores the request that waits for the visit's end, and what the call pinned of its site. */
export const keepVisit = (
  store: Store,
  {
    site,
    user,
    urls,
    by,
    ...opened
  }: KeptVisit & { site: Site; user: BridgeUser } & Pick<
      ConnectRequest,
      'id' | 'accountTypes' | 'managedItemId'
    >,
): Promise<void> =>
  store.openConnectRequest(
    {
      ...opened,
      userId: user.id,
      redirectUrl: urls.redirectUrl,
      openedAt: by.at,
      expiresAt: by.at + dayMs,
    },
    { id: site.id, origin: urls.origin, webhookUrl: urls.webhookUrl },
    by,
  )
