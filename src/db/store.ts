/**
 * The port to storage: named, atomic, asynchronous operations. Each is one transaction inside and awaits nothing but the
 * database. Reads on behalf of a caller take its scope first: there is no way to ask for a row without saying whose.
 * Times are epoch milliseconds.
 */
export interface Store
  extends InstanceStore, TenantStore, AuditStore, UserStore, RequestStore, ItemStore {
  close(): void
}

/** What a key sees: one site, or all sites of its tenant. */
export interface Scope {
  tenantId: string
  siteId: string | null
}

/** A name or id is already taken; the message says which. */
export class ConflictError extends Error {
  override name = 'ConflictError'
}

// ── the installation ──────────────────────────────────────────────────────────────────────────

export interface DataKey {
  id: string
  wrappedKey: Buffer
}

export interface Instance {
  mode: string
  wrappedPepper: Buffer
  dataKeys: DataKey[]
}

/** A server process, as the instance row knows it. */
export interface ServerLife {
  serverId: string
  host: string
  pid: number
}

export interface InstanceStore {
  readInstance(): Promise<Instance | undefined>
  /** Stores the first instance; when another process was faster, its own wins and is returned. */
  createInstance(instance: Instance & { at: number }): Promise<Instance>
  /** Takes the database for a server, unless another was seen since `staleBefore`: then returns that one. */
  claimServer(
    life: ServerLife,
    times: { at: number; staleBefore: number },
  ): Promise<ServerLife | undefined>
  /** False when the database is no longer ours. */
  renewServer(serverId: string, at: number): Promise<boolean>
  releaseServer(serverId: string): Promise<void>
}

// ── who is calling ────────────────────────────────────────────────────────────────────────────

export interface Tenant {
  id: string
  name: string
  createdAt: number
  disabledAt: number | null
}

export interface Site {
  id: string
  tenantId: string
  name: string
  origin: string | null
  allowedOrigins: string[]
  webhookUrl: string | null
  timeZone: string
  createdAt: number
}

export interface NewSite {
  id: string
  tenantId: string
  name: string
  /** Sealed with the site's id as associated data. */
  webhookSecret: Buffer
}

export interface ApiKey {
  apiKey: string
  tenantId: string
  siteId: string | null
  secretHash: Buffer
  label: string | null
  createdAt: number
  lastUsedAt: number | null
  expiresAt: number | null
  revokedAt: number | null
}

/** A key with whom it speaks for: all that authentication needs, in one look-up. */
export interface KeyHolder {
  key: ApiKey
  tenant: Tenant
  site: Site | null
}

/** A change and who made it. `actor` is `cli`, `key:…`, `server` or `address:…`. */
export interface By {
  actor: string
  at: number
}

export interface TenantStore {
  /** @throws ConflictError when the name is taken */
  createTenant(tenant: { id: string; name: string }, by: By): Promise<Tenant>
  findTenant(name: string): Promise<Tenant | undefined>
  listTenants(): Promise<Tenant[]>
  createKey(
    key: Pick<ApiKey, 'apiKey' | 'tenantId' | 'siteId' | 'secretHash' | 'label' | 'expiresAt'>,
    by: By,
  ): Promise<void>
  findKey(apiKey: string): Promise<KeyHolder | undefined>
  listKeys(tenantId: string): Promise<ApiKey[]>
  /** Remembers that the key was used; callers call it at most once an hour. */
  touchKey(apiKey: string, at: number): Promise<void>
  /** The site of that name, made when it is not there yet. */
  ensureSite(site: NewSite, by: By): Promise<Site>
  findSite(scope: Scope, name: string): Promise<Site | undefined>
  findSiteByOrigin(scope: Scope, origin: string): Promise<Site | undefined>
  /** By name, at most `limit`. */
  listSites(scope: Scope, limit?: number): Promise<Site[]>
  updateSite(
    siteId: string,
    change: Partial<Pick<Site, 'origin' | 'allowedOrigins' | 'webhookUrl' | 'timeZone'>>,
    by: By,
  ): Promise<Site>
}

// ── audit ─────────────────────────────────────────────────────────────────────────────────────

export interface AuditEntry {
  at: number
  tenantId?: string
  actor: string
  action: string
  subject: string
  /** Never bank data, never a secret. */
  detail?: Record<string, unknown>
  /** Entries alike in action, actor, subject and bucket are one row with a count. */
  bucket?: number
  count?: number
}

export interface AuditRow extends Required<Omit<AuditEntry, 'tenantId' | 'detail' | 'bucket'>> {
  id: number
  tenantId: string | null
  detail: Record<string, unknown> | null
  bucket: number | null
  count: number
}

export interface AuditStore {
  audit(entry: AuditEntry): Promise<void>
  /** Newest first. */
  listAudit(filter: { tenantId?: string; since?: number; limit: number }): Promise<AuditRow[]>
}

// ── Bridge users ──────────────────────────────────────────────────────────────────────────────

export interface BridgeUser {
  id: string
  siteId: string
  /** The site's own name for the user; empty for the default user. */
  name: string
  /** Null until Bridge answered. */
  userUuid: string | null
}

/** A Bridge user with the site it stands under. */
export interface SiteUser {
  user: BridgeUser
  site: Site
}

export interface UserStore {
  /** Users known by that name or Bridge uuid within the scope; without a word, all of them. At most two: enough to know whether it is unambiguous. */
  findUsers(scope: Scope, word?: string): Promise<SiteUser[]>
  /** The user of that name, made when missing. A first named user takes over a lonely default one. */
  ensureUser(user: { id: string; siteId: string; name: string; at: number }): Promise<BridgeUser>
  /** @throws ConflictError when the uuid belongs to another row */
  setUserUuid(userId: string, userUuid: string): Promise<void>
  /** A door: learns from a webhook's `user_uuid` whose it is. */
  findUserByUuid(userUuid: string): Promise<(SiteUser & { tenantId: string }) | undefined>
  /** True at most once per user since `notSince`: the caller may then read the item list from Bridge. */
  claimItemsRead(userId: string, at: number, notSince: number): Promise<boolean>
  /** Undoes the claim: the list could not be read. */
  releaseItemsRead(userId: string): Promise<void>
}

// ── connect requests ──────────────────────────────────────────────────────────────────────────

export type RequestState = 'pending' | 'completed' | 'failed' | 'expired'

export interface ConnectRequest {
  id: string
  userId: string
  state: RequestState
  bank: string | null
  redirectUrl: string
  accountTypes: string
  managedItemId: number | null
  itemId: number | null
  step: string | null
  openedAt: number
  expiresAt: number
  completedAt: number | null
  callbacks: number
  claimedItemId: number | null
  claimedStep: string | null
}

/** A request with whose it is. */
export interface OwnedRequest extends SiteUser {
  request: ConnectRequest
}

/** What Bridge said about an item, in our terms. */
export interface ItemFacts {
  id: number
  providerId: number | null
  providerName: string | null
  accountTypes: string | null
  status: number
  statusCodeInfo: string | null
  authenticationExpiresAt: number | null
}

export interface RequestStore {
  /** Stores the request and pins the site's origin and webhook URL, in one. @throws ConflictError when the site's origin is another by now */
  openConnectRequest(
    request: Pick<
      ConnectRequest,
      | 'id'
      | 'userId'
      | 'bank'
      | 'redirectUrl'
      | 'accountTypes'
      | 'managedItemId'
      | 'openedAt'
      | 'expiresAt'
    >,
    site: { id: string; origin: string | null; webhookUrl: string | null },
    by: By,
  ): Promise<void>
  findRequest(scope: Scope, id: string): Promise<(OwnedRequest & { item: Item | null }) | undefined>
  /** A door: a callback names its request. */
  findRequestForCallback(id: string): Promise<OwnedRequest | undefined>
  /** Counts a callback that has yet to be verified; false when the request has had `most` of them. */
  countCallback(id: string, most: number): Promise<boolean>
  /** Keeps what a callback claimed, to be verified later. */
  rememberClaim(id: string, claim: { itemId: number; step: string | null }): Promise<void>
  /** Gives a claim up: it was refused, or verified. */
  forgetClaim(id: string): Promise<void>
  /** Requests with a claim that nobody verified yet, oldest first. */
  listClaims(limit: number): Promise<OwnedRequest[]>
  /** Ends the request with an item Bridge confirmed: stores both in one. `held` when another request holds that item. A completed request stays as it is. */
  settleRequest(
    id: string,
    outcome: {
      state: 'pending' | 'completed' | 'failed'
      step: string | null
      item: ItemFacts
      at: number
    },
  ): Promise<{ outcome: 'settled' | 'held'; request: ConnectRequest }>
  /** The user left: `failed` unless completed, the step kept. */
  failRequest(id: string, step: string | null): Promise<void>
  /** Marks open requests whose time is over; returns how many. */
  expireRequests(at: number, limit: number): Promise<number>
}

// ── items ─────────────────────────────────────────────────────────────────────────────────────

export interface Item extends ItemFacts {
  userId: string
  bank: string | null
  createdAt: number
  updatedAt: number
  unreachableAt: number | null
  goneAt: number | null
}

/** An item with whose it is. */
export interface OwnedItem extends SiteUser {
  item: Item
}

export interface ItemStore {
  findItem(scope: Scope, itemId: number): Promise<OwnedItem | undefined>
  /** The user's items that are not gone. */
  listItems(userId: string): Promise<Item[]>
  /** Stores what Bridge said of a user's items; an item another user holds is left alone. `complete`: the list was the whole, so what is missing is gone. */
  keepItems(
    userId: string,
    facts: readonly ItemFacts[],
    options: { at: number; complete: boolean },
  ): Promise<void>
  /** Bridge answered 404 for it. */
  markUnreachable(itemId: number, at: number): Promise<void>
  /** Forgets an item and its accounts; says how many accounts went. */
  deleteItem(itemId: number, by: By): Promise<{ accounts: number }>
  /** Takes one of the `most` refreshes an item may have since `since`; else says when the next is free. */
  claimRefresh(
    itemId: number,
    limit: { at: number; since: number; most: number },
  ): Promise<{ claim: number } | { oldestAt: number }>
  /** Gives a refresh back that did not take place. */
  releaseRefresh(claim: number): Promise<void>
  findAccount(scope: Scope, accountId: number): Promise<OwnedItem | undefined>
  /** Remembers whose the accounts are; accounts of items we do not hold are left alone. Writes only what is new. */
  keepAccounts(accounts: readonly { id: number; itemId: number }[], at: number): Promise<void>
}
