import { ValidationError } from '../errors.ts'
import type { OperateStore } from './operate-store.ts'
import type { UpkeepStore } from './upkeep-store.ts'

/**
 * The port to storage: named, atomic, asynchronous operations. Each is one transaction inside and awaits nothing but the
 * database. Reads on behalf of a caller take its scope first: there is no way to ask for a row without saying whose.
 * Times are epoch milliseconds.
 */
export interface Store
  extends
    InstanceStore,
    TenantStore,
    AuditStore,
    UserStore,
    RequestStore,
    ItemStore,
    EventStore,
    DeliveryStore,
    OperateStore,
    SealedStore,
    RemovalStore,
    ExportStore,
    RetentionStore,
    UpkeepStore {
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

/** Several go by that name but for case or accents' forms, and none by exactly that. */
export class AmbiguousNameError extends ValidationError {
  override name = 'AmbiguousNameError'

  constructor(what: 'tenant' | 'site' | 'user') {
    super(`Several ${what}s have nearly this name: give '${what}' in its exact spelling`)
  }
}

/** The database and this program do not fit together; the message says what to do. */
export class DatabaseVersionError extends Error {
  override name = 'DatabaseVersionError'
}

/** Another server serves this database. */
export class DatabaseInUseError extends Error {
  override name = 'DatabaseInUseError'
}

/** Another process held the database for longer than we wait. Nothing was stored. */
export class StoreBusyError extends Error {
  override name = 'StoreBusyError'
}

/** The disk is full, or fails. Nothing was stored; as with a busy database, it may be another time. */
export class StoreDiskError extends StoreBusyError {
  override name = 'StoreDiskError'
}

// ── the installation ──────────────────────────────────────────────────────────────────────────

export interface DataKey {
  id: string
  wrappedKey: Buffer
}

export interface StoredDataKey extends DataKey {
  /** When the running server had it in hand; null: it may not know it yet. */
  seenAt: number | null
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
  /** Changes the mode where it is `from`. */
  replaceMode(from: string, to: string): Promise<void>
  /**
   * Takes the database for a server, unless another was seen since `staleBefore`: then returns that one. What the last one
   * had in hand is due again at once, and when it was seen in the future, the clock was put back since.
   */
  claimServer(
    life: ServerLife,
    times: { at: number; staleBefore: number },
  ): Promise<(ServerLife & { seenAt: number }) | undefined>
  /** False when the database is no longer ours. */
  renewServer(serverId: string, at: number): Promise<boolean>
  releaseServer(serverId: string): Promise<void>
  /** Whether a server was seen since then, and not at a time to come. */
  hasServerSince(at: number, now: number): Promise<boolean>
  /** Oldest first: the last one seals. */
  listDataKeys(): Promise<StoredDataKey[]>
  addDataKey(key: DataKey, at: number): Promise<void>
  markDataKeySeen(id: string, at: number): Promise<void>
  /** Replaces how the pepper and these data keys are wrapped, all in one. */
  rewrap(wrapped: { wrappedPepper: Buffer; dataKeys: readonly DataKey[] }, by: By): Promise<void>
  /**
   * Writes `own`'s hash in the place of each API key's, previous ones too, together with the pepper wrapped anew: all of it
   * or nothing. Does nothing when the pepper is not wrapped as `from` any more: somebody was faster.
   */
  ownKeys(
    pepper: { from: Buffer; to: Buffer },
    own: (owner: Owner, hash: Buffer) => Buffer,
    by: By,
  ): Promise<void>
  /** Forgets the data keys with which nothing is sealed, but for `keep`. Returns which went. */
  dropUnusedDataKeys(keep: string, by: By): Promise<string[]>
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
  /** When its deletion began; such a site is only seen by the deletion. */
  removedAt: number | null
}

export interface NewSite {
  id: string
  tenantId: string
  name: string
  /** Sealed with the site's id as associated data. */
  webhookSecret: Buffer
}

export const bridgeVersions = ['2025-01-15', '2021-06-01'] as const
export const listForms = ['array', 'envelope'] as const
export const linkForms = ['object', 'url'] as const

/** How a key wants its answers: whose field names, lists bare or enveloped, links with their request or bare. */
export interface Presentation {
  bridgeVersion: (typeof bridgeVersions)[number]
  lists: (typeof listForms)[number]
  links: (typeof linkForms)[number]
}

/** What a key has unless told otherwise. */
export const defaultPresentation: Presentation = {
  bridgeVersion: '2025-01-15',
  lists: 'array',
  links: 'object',
}

/** Whom a key speaks for: a site, or a tenant with all its sites. */
export interface Owner {
  tenantId: string
  siteId: string | null
}

export interface ApiKey extends Presentation, Owner {
  apiKey: string
  /** Of secret and owner: a row moved to another tenant or site opens nothing. */
  secretHash: Buffer
  /** The secret before the last rotation, and until when it is still good. */
  previousSecretHash: Buffer | null
  previousSecretUntil: number | null
  rotatedAt: number | null
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
  /** @throws ConflictError when the name is taken, or one that folds alike */
  createTenant(tenant: { id: string; name: string }, by: By): Promise<Tenant>
  /** The tenant of exactly that name, else of one that folds alike. @throws AmbiguousNameError */
  findTenant(name: string): Promise<Tenant | undefined>
  listTenants(): Promise<Tenant[]>
  createKey(
    key: Pick<ApiKey, 'apiKey' | 'tenantId' | 'siteId' | 'secretHash' | 'label' | 'expiresAt'> &
      Partial<Presentation>,
    by: By,
  ): Promise<void>
  /** Undefined when there is no such key. */
  updateKey(apiKey: string, change: Partial<Presentation>, by: By): Promise<ApiKey | undefined>
  findKey(apiKey: string): Promise<KeyHolder | undefined>
  listKeys(tenantId: string): Promise<ApiKey[]>
  /** The new secret is good at once; the one before it until `previousUntil`. Undefined when there is no such living key. */
  rotateKey(
    apiKey: string,
    rotation: { secretHash: Buffer; previousUntil: number },
    by: By,
  ): Promise<ApiKey | undefined>
  /** Undefined when there is no such key. Revoking twice keeps the first time. */
  revokeKey(apiKey: string, by: By): Promise<ApiKey | undefined>
  /** Stops, or lets work again, all keys of the tenant. */
  setTenantDisabled(tenantId: string, disabled: boolean, by: By): Promise<Tenant>
  /** Remembers that the key was used; callers call it at most once an hour. */
  touchKey(apiKey: string, at: number): Promise<void>
  /**
   * The site that `findSite` finds within the tenant, made when there is none. @throws ConflictError while it is being
   * deleted, AmbiguousNameError
   */
  ensureSite(site: NewSite, by: By): Promise<Site>
  /** The site of exactly that name, else of one that folds alike. @throws AmbiguousNameError */
  findSite(scope: Scope, name: string): Promise<Site | undefined>
  /** At most two: enough to know whether the origin says which. */
  findSitesByOrigin(scope: Scope, origin: string): Promise<Site[]>
  /** How many sites and users there are under the tenant, those being deleted too. */
  countHeld(tenantId: string): Promise<{ sites: number; users: number }>
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
  /** The oldest entries that were not marked as logged. Of a database that never logged any, those written from now on. */
  listUnloggedAudit(limit: number): Promise<AuditRow[]>
  /** All entries up to this one are in the log. */
  markAuditLogged(id: number): Promise<void>
  /** Newest first. `action` may be a whole word or its beginning, as `key`. */
  listAudit(filter: {
    tenantId?: string
    since?: number
    action?: string
    limit: number
  }): Promise<AuditRow[]>
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
  /**
   * Users known by exactly that name or Bridge uuid within the scope, else those whose name folds alike; without a word, all
   * of them. At most two: enough to know whether it is unambiguous.
   */
  findUsers(scope: Scope, word?: string): Promise<SiteUser[]>
  /**
   * The user of exactly that name, else the one whose name folds alike, made when missing. A first named user takes over a
   * lonely default one. @throws AmbiguousNameError
   */
  ensureUser(user: { id: string; siteId: string; name: string; at: number }): Promise<BridgeUser>
  /** A user's uuid at Bridge as it stands now. */
  readUserUuid(userId: string): Promise<string | null>
  /** The address a link call gave for the user, sealed. */
  readUserEmail(userId: string): Promise<Buffer | null>
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
  /** The last try of the managed item that was known when the link was opened: a visit before this one's. */
  lastTryAt: number | null
  itemId: number | null
  step: string | null
  openedAt: number
  expiresAt: number
  completedAt: number | null
  callbacks: number
  claimedItemId: number | null
  claimedStep: string | null
  /**
   * When Bridge's events made us take the item for this request's, or, with a claim and no item, the claim; null once a
   * callback confirmed it.
   */
  matchedAt: number | null
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
  /** Left out or null: not said, what is known stays. */
  lastSuccessAt?: number | null
  lastTryAt?: number | null
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
    > & {
      /** The address it was opened with, sealed for its user; left out, the one known stays. */
      email?: Buffer
    },
    site: { id: string; origin: string | null; webhookUrl: string | null },
    by: By,
  ): Promise<void>
  findRequest(scope: Scope, id: string): Promise<(OwnedRequest & { item: Item | null }) | undefined>
  /** A door: a callback names its request. Undefined also for a site that is being deleted, or a disabled tenant's. */
  findRequestForCallback(id: string): Promise<OwnedRequest | undefined>
  /** Counts a callback that has yet to be verified; false when the request has had `most` of them. */
  countCallback(id: string, most: number): Promise<boolean>
  /** Keeps what a callback claimed, to be verified later; nothing, when the site is no longer served. */
  rememberClaim(id: string, claim: { itemId: number; step: string | null }): Promise<void>
  /** Gives a claim up: it was refused, or verified. */
  forgetClaim(id: string): Promise<void>
  /** Open requests with a claim that nobody verified yet, oldest first; those of disabled tenants rest. */
  listClaims(limit: number): Promise<OwnedRequest[]>
  /**
   * Ends the request with an item Bridge confirmed: stores both in one, and the announcement with its delivery when the
   * request turns completed. `held` when another request holds that item, or the site
   * is no longer served. A completed request stays as it is, unless it was only `matched` and this outcome is not: a
   * verified one also takes the item from a request that was matched, which waits again. The item that it was matched with
   * by mistake becomes the claim of the one that waits, else of the user's only open request.
   */
  settleRequest(
    id: string,
    outcome: {
      state: 'pending' | 'completed' | 'failed'
      step: string | null
      item: ItemFacts
      at: number
      /** Concluded from Bridge's events, without a callback. */
      matched?: boolean
    },
    announcement: NewEvent,
  ): Promise<{ outcome: 'settled' | 'held'; request: ConnectRequest }>
  /** The user left: `failed` unless completed, the step kept. Returns the request as it then is. */
  failRequest(id: string, step: string | null): Promise<ConnectRequest>
  /** Marks open requests whose time is over; returns how many. */
  expireRequests(at: number, limit: number): Promise<number>
}

// ── items ─────────────────────────────────────────────────────────────────────────────────────

export interface Item extends ItemFacts {
  lastSuccessAt: number | null
  lastTryAt: number | null
  userId: string
  bank: string | null
  createdAt: number
  updatedAt: number
  unreachableAt: number | null
  goneAt: number | null
  /** The status that was last looked at to tell the site what it asks of the user. */
  toldStatus: number | null
  /** When a visit began after which the accounts are yet to be compared. */
  compareFrom: number | null
}

/** An item with whose it is. */
export interface OwnedItem extends SiteUser {
  item: Item
}

export interface ItemStore {
  findItem(scope: Scope, itemId: number): Promise<OwnedItem | undefined>
  /** The user's items that are not gone. */
  listItems(userId: string): Promise<Item[]>
  /** Stores what is new of a user's item; one that went meanwhile stays away. */
  updateItem(userId: string, facts: ItemFacts, at: number): Promise<void>
  /**
   * Stores what Bridge said of a user's items, asked for at `at`; an item another user holds is left alone. `complete`: the
   * list was the whole, so what is missing is gone, unless it was stored since `at`; each that went is announced.
   */
  keepItems(
    userId: string,
    facts: readonly ItemFacts[],
    options: { at: number; complete: boolean; announce?: (itemId: number) => NewEvent },
  ): Promise<void>
  /**
   * True when an item of the user's, or the one named, was neither heard of nor looked for since `notSince`: the caller may
   * then read the list. With `hadAccounts` only items of which we know accounts count.
   */
  claimLook(
    userId: string,
    look: { at: number; notSince: number; hadAccounts: boolean; itemId?: number },
  ): Promise<boolean>
  /** Bridge answered 404 for it. */
  markUnreachable(itemId: number, at: number): Promise<void>
  /**
   * Forgets an item and its accounts, and what its events said or were about to say; says how many accounts went. With
   * `withUser` its Bridge user is gone too, with the address kept for it, and made anew when it is needed.
   */
  deleteItem(itemId: number, by: By, options?: { withUser: boolean }): Promise<{ accounts: number }>
  /** Takes one of the `most` refreshes an item may have since `since`; else says when the next is free. */
  claimRefresh(
    itemId: number,
    limit: { at: number; since: number; most: number },
  ): Promise<{ claim: number } | { oldestAt: number }>
  /** Gives a refresh back that did not take place. */
  releaseRefresh(claim: number): Promise<void>
  findAccount(scope: Scope, accountId: number): Promise<OwnedItem | undefined>
  /** Of these accounts, the ids of those of which `keepAccounts` would write something. */
  listNewAccounts(
    accounts: readonly { id: number; itemId: number; hasIban: boolean }[],
  ): Promise<number[]>
  /**
   * Remembers whose the accounts are; accounts of items we do not hold are left alone. Writes only what is new: a
   * fingerprint that is known stays until a comparison ends.
   */
  keepAccounts(
    accounts: readonly { id: number; itemId: number; ibanFingerprint?: Buffer | null }[],
    at: number,
  ): Promise<void>
}

// ── events and deliveries ─────────────────────────────────────────────────────────────────────

/** An event with the delivery it becomes when its site has a webhook URL. */
export interface NewEvent {
  id: string
  deliveryId: string
  /** The same event again has the same key. */
  dedupeKey: string
  type: string
  userId: string | null
  siteId: string | null
  itemId: number | null
  /** The exact bytes to deliver, sealed with the event's row. */
  body: Buffer
  occurredAt: number
  receivedAt: number
  /** Null: the handler has yet to apply it. */
  handledAt: number | null
}

export interface StoredEvent {
  seq: number
  id: string
  type: string
  userId: string | null
  siteId: string | null
  itemId: number | null
  /** Null once its retention is over. */
  body: Buffer | null
  occurredAt: number
  receivedAt: number
  failures: number
}

/** What an event changes about what we hold. `at` is the event's own time: what is older than what we know changes nothing. */
export type EventChange =
  | {
      kind: 'item'
      userId: string
      itemId: number
      at: number
      /** Null: the event did not say. */
      status: number | null
      statusCodeInfo: string | null
      authenticationExpiresAt: number | null
      accountTypes: string | null
      /** Whether a refresh it tells of went well; left out when it tells of none. */
      refreshed?: boolean
    }
  | { kind: 'account'; userId: string; itemId: number; accountId: number; at: number }
  | { kind: 'item-gone'; userId: string; itemId: number; at: number }
  | { kind: 'user-gone'; userId: string; userUuid: string; at: number }

export interface EventStore {
  /**
   * Stores an event and its delivery, durably. Calls made at the same moment share one commit, and each fails alone.
   * @throws StoreBusyError also when too many wait; StoreDiskError
   */
  acceptEvent(event: NewEvent): Promise<'new' | 'repeat'>
  /** A door: whose an event is that names an item but no user. */
  findItemOwner(itemId: number): Promise<SiteUser | undefined>
  /** Events nobody applied yet, in the order they came; those put off until later are left out. */
  listUnhandledEvents(at: number, limit: number): Promise<StoredEvent[]>
  /**
   * Applies what an event changes, and in the same commit notes the event as handled when `handled` names it. False when the
   * item is another user's: then nothing changed. Calls made at the same moment share a commit, in their order.
   */
  applyEvent(change: EventChange, handled?: { seq: number; at: number }): Promise<boolean>
  markHandled(seq: number, at: number): Promise<void>
  /** Puts the event off until `until`; a failure is counted. */
  postponeEvent(seq: number, until: number, options?: { failed: boolean }): Promise<void>
  /** An item with the request that made it, and its user's open requests that hold it or none, oldest first; undefined when it is not here, or not served. */
  findRequestsForItem(
    itemId: number,
  ): Promise<{ item: Item; holder: OwnedRequest | null; open: OwnedRequest[] } | undefined>
}

/** An event for whoever waits for its answer: tried once, and not again when the site recovers. */
export const testEventType = 'webhook.test'

export type DeliveryState = 'pending' | 'delivered' | 'dead'

export interface Delivery {
  id: string
  eventSeq: number
  siteId: string
  itemId: number | null
  state: DeliveryState
  attempts: number
  scheduleFrom: number
  dueAt: number | null
  claimedUntil: number | null
  firstEndedAt: number | null
  createdAt: number
  settledAt: number | null
}

/** How an endpoint fares; what it may do next follows from it alone. */
export interface EndpointHealth {
  /** The first failure since the last 2xx. */
  failingSince: number | null
  lastFailureAt: number | null
  /** How far the clock was put forward since they began: time that did not pass. */
  jumpedMs: number
  /** Failures in a row that say the site is down. */
  streak: number
  /** No try starts before. */
  holdUntil: number
  /** How many tries may be in flight at once. */
  concurrency: number
  disabledAt: number | null
  disabledReason: string | null
}

/** What a try means for its endpoint. */
export interface Verdict {
  health: EndpointHealth
  /** Set by the first 2xx after failures: what died since then, all its tries among them, is tried again. */
  recoverSince: number | null
}

/** A delivery that a worker has until its lease ends, with all that a try needs. */
export interface ClaimedDelivery {
  id: string
  /** Tells this claim from any other of the delivery. */
  attempt: number
  /** Which try of the schedule this is, from 1. */
  tryNumber: number
  event: { id: string; type: string; body: Buffer | null }
  site: { id: string; name: string; tenantId: string; webhookUrl: string; webhookSecret: Buffer }
  allowedTargets: string[]
  previousSecret: Buffer | null
  previousSecretUntil: number | null
}

/** One try, as it is kept. */
export interface Attempt {
  number: number
  startedAt: number
  durationMs: number
  status: number | null
  /** Why there is no status, in a few words. */
  error: string | null
  /** The beginning of the answer, sealed with the delivery's row. */
  response: Buffer | null
}

export interface Settlement {
  id: string
  /** The claim it ends. Another one since: nothing is stored. */
  attempt: number
  at: number
  outcome:
    | { kind: 'delivered' }
    | { kind: 'failed'; dueAt: number }
    | { kind: 'dead' }
    /** Given back untried, as if never claimed. */
    | { kind: 'released' }
  try: Omit<Attempt, 'number'> | null
  /** Pure and synchronous: reads the endpoint's health and URL as they stand in the commit, and says what it becomes. */
  judge: (health: EndpointHealth, webhookUrl: string | null) => Verdict
}

export interface Settled {
  /** `stale`: the lease was overslept, another claim has the delivery. */
  outcome: 'settled' | 'stale'
  /** Whether this try disabled the endpoint. */
  disabled: boolean
}

/** Which events are meant: all of these at once. Times are of their arrival, `until` excluded. */
export interface DeliveryFilter {
  tenantId?: string
  siteId?: string
  type?: string
  /** `kept`: its site had no webhook URL, so there is no delivery. */
  state?: DeliveryState | 'kept'
  since?: number
  until?: number
}

/** Where a page of a list ended. */
export interface DeliveryCursor {
  receivedAt: number
  seq: number
}

/** An event of a site with how its delivery stands. */
export interface DeliveryReport {
  cursor: DeliveryCursor
  eventId: string
  type: string
  receivedAt: number
  tenant: string
  site: string
  state: DeliveryState | 'kept'
  tries: number
  lastStatus: number | null
  lastError: string | null
  dueAt: number | null
  settledAt: number | null
}

/** What became of the events that were to be sent again. */
export interface Replayed {
  /** On their way again. */
  replayed: number
  /** On their way anyway: in flight, or not tried yet. */
  underway: number
  /** Not to be sent: the body is forgotten, or the site has no webhook URL. */
  impossible: number
}

export interface DeliveryStore {
  /**
   * Takes due deliveries until `leaseUntil`, those of the longest waiting sites first, no more per site than its endpoint
   * may have in flight; of one that is down, one. Once `spreadAfter` are taken, only what is a site's first in flight. The first
   * try of one waits for the first tries of all earlier ones of its site and item.
   */
  claimDeliveries(claim: {
    at: number
    leaseUntil: number
    limit: number
    spreadAfter?: number
  }): Promise<ClaimedDelivery[]>
  /** Ends a try. Calls made at the same moment share one commit. @throws StoreBusyError */
  settleDelivery(settlement: Settlement): Promise<Settled>
  findDelivery(eventId: string): Promise<(Delivery & { tries: Attempt[] }) | undefined>
  /** Events of sites, by the time they came. */
  listDeliveries(
    filter: DeliveryFilter,
    page: { first: 'newest' | 'oldest'; after?: DeliveryCursor; limit: number },
  ): Promise<DeliveryReport[]>
  /** One event by its id or that of its delivery, with all its tries. */
  findDeliveryReport(
    id: string,
  ): Promise<(DeliveryReport & { deliveryId: string | null; attempts: Attempt[] }) | undefined>
  /**
   * Puts deliveries on their way again, under the same event's id and with a schedule that begins anew; what was only kept
   * gets its delivery. They hold nothing back. `newId` names new deliveries.
   */
  replayEvents(eventIds: readonly string[], newId: () => string, by: By): Promise<Replayed>
  /**
   * The machine's clock, which shows `at` by now, was put forward by so much, or back. Claims, holds and failures last as
   * long as they would have, and what was put off comes no later.
   */
  clockJumped(byMs: number, at: number): Promise<void>
  readEndpoint(siteId: string): Promise<EndpointHealth & { allowedTargets: string[] }>
  /** Lets a disabled endpoint be tried again, and all that waits or died of its failures; tells how much of the latter. */
  enableEndpoint(siteId: string, by: By): Promise<{ recovering: number }>
  /**
   * Puts some of what died of a site's failures back on its way, once that is due: it took something, was enabled or has a
   * new URL. Undefined when there is no such site.
   */
  recoverDead(at: number): Promise<{ siteId: string; recovered: number } | undefined>
  /** Replaces the CIDRs that are open to the site besides the public internet. */
  allowTargets(siteId: string, cidrs: readonly string[], by: By): Promise<void>
  /** What a site's webhooks are signed with, sealed. */
  readWebhookSecret(siteId: string): Promise<Buffer>
  /**
   * The new secret signs at once; the one before signs beside it until `previousUntil`. While one from an earlier rotation is
   * still good, nothing changes, unless `force` ends that one. Resolves to when it would end by itself, null without one.
   */
  rotateWebhookSecret(
    siteId: string,
    rotation: { secret: Buffer; previousUntil: number; force?: boolean },
    by: By,
  ): Promise<number | null>
}

// ── what is sealed ────────────────────────────────────────────────────────────────────────────

export const sealedColumns = [
  'webhook-secret',
  'previous-webhook-secret',
  'user-email',
  'event-body',
  'response',
] as const
export type SealedColumn = (typeof sealedColumns)[number]

/** A sealed value and where it stands. */
export interface SealedValue {
  /** Its row's key. */
  key: string | number
  /** The id that the row's name for sealing is made with. */
  rowId: string
  sealed: Buffer
}

export interface SealedStore {
  /** In the order of their keys, those behind `after`. */
  listSealed(
    place: SealedColumn,
    after: string | number | null,
    limit: number,
  ): Promise<SealedValue[]>
  /** Replaces each value that is still as it was; returns how many were. */
  replaceSealed(
    place: SealedColumn,
    changes: readonly { key: string | number; from: Buffer; to: Buffer }[],
  ): Promise<number>
}

// ── deleting, exporting, forgetting ───────────────────────────────────────────────────────────

/** What a deletion removed, here and at Bridge. */
export interface Receipt {
  bridge_items: number
  bridge_users: number
  items: number
  accounts: number
  users: number
  requests: number
  events: number
  deliveries: number
  keys: number
  sites: number
}

export interface Removal {
  id: string
  kind: 'site' | 'tenant'
  tenantId: string
  subjectId: string
  name: string
  withBridgeUsers: boolean
  actor: string
  startedAt: number
  finishedAt: number | null
  receipt: Receipt
}

/** All steps may be repeated: what went is counted in the commit that removes it. */
export interface RemovalStore {
  /**
   * Begins a deletion, or returns the one under way. From here on the site, or all the tenant's sites and keys, are seen by
   * nobody: calls, events and deliveries for them end.
   */
  startRemoval(
    removal: Pick<Removal, 'id' | 'kind' | 'tenantId' | 'subjectId' | 'name' | 'withBridgeUsers'>,
    by: By,
  ): Promise<Removal>
  /** Deletions that did not end, oldest first. */
  listOpenRemovals(): Promise<Removal[]>
  /** A user of what is being deleted, with all its items here; undefined when none is left. */
  nextUserToRemove(removalId: string): Promise<{ user: BridgeUser; itemIds: number[] } | undefined>
  /** Counts an item as gone at Bridge, and removes it here with its accounts. */
  removeItem(removalId: string, itemId: number): Promise<void>
  /** Removes a user with what hangs on it; `atBridge`: gone there too. */
  removeUser(removalId: string, userId: string, atBridge: boolean): Promise<void>
  /** Removes events with their deliveries, at most `limit`. True when there may be more. */
  removeEvents(removalId: string, limit: number): Promise<boolean>
  /** Removes the rest and writes the receipt. False when something came in between: begin again. */
  finishRemoval(removalId: string, at: number): Promise<boolean>
  getRemoval(removalId: string): Promise<Removal>
}

/** The kinds of rows a tenant's export consists of. */
export const exportKinds = [
  'sites',
  'keys',
  'users',
  'requests',
  'items',
  'accounts',
  'refreshes',
  'renewals',
  'events',
  'deliveries',
  'attempts',
  'endpoints',
  'calls',
  'audit',
] as const
export type ExportKind = (typeof exportKinds)[number]

export interface ExportStore {
  /** Rows of a tenant, secrets and hashes left out, in the order of `key`, those behind `after`. Sealed values stay sealed. */
  listForExport(
    tenantId: string,
    kind: ExportKind,
    page: { after: string | number | null; limit: number },
  ): Promise<{ key: string | number; row: Record<string, unknown> }[]>
}

/** What is forgotten with age. */
export const retentionKinds = [
  'event-bodies',
  'responses',
  'calls',
  'events',
  'requests',
  'items',
  'audit',
  'removals',
] as const
export type RetentionKind = (typeof retentionKinds)[number]

export interface RetentionStore {
  /**
   * Forgets what is older than `before`, at most `limit`; returns how many. Event bodies and responses leave their rows;
   * events take their deliveries along. What is still at work stays: events nobody applied or whose delivery waits, open
   * requests and claims, requests of living items.
   */
  purge(kind: RetentionKind, before: number, limit: number): Promise<number>
}
