import type {
  Attempt,
  AuditRow,
  BridgeUser,
  ConnectRequest,
  Delivery,
  EndpointHealth,
  Item,
  ServerLife,
  Site,
  StoredEvent,
} from './store.ts'

/** One call of Bridge's API: the route with `{id}` for ids, never a query. */
export interface BridgeStep {
  call: string
  /** Null: no answer came. */
  status: number | null
  ms: number
}

/** One RPC call, as it is kept: ids, and no bank data. */
export interface CallRecord {
  id: string
  at: number
  method: string
  status: number
  excType: string | null
  durationMs: number
  tenantId: string | null
  siteId: string | null
  apiKey: string | null
  request: string | null
  itemId: number | null
  bridge: BridgeStep[]
}

/** What the installation looks like at a moment, in numbers. */
export interface Figures {
  deliveries: { pending: number; delivered: number; dead: number }
  /** When the delivery that is due for the longest became due; null: none is due. */
  oldestDueAt: number | null
  unhandledEvents: number
  /** Sites that get webhooks, by how their endpoint fares. */
  endpoints: { healthy: number; failing: number; disabled: number }
  /** When consents end, of items that live. */
  consentsEndAt: number[]
  tenants: number
  sites: number
  items: number
}

/** Where a site's webhooks go and how that went. */
export interface EndpointReport {
  site: Pick<Site, 'id' | 'name' | 'tenantId'> & { tenant: string; webhookUrl: string }
  health: Pick<EndpointHealth, 'failingSince' | 'disabledAt' | 'disabledReason'>
  allowedTargets: string[]
  lastDeliveredAt: number | null
}

export type TimelineDelivery = Pick<
  Delivery,
  'id' | 'state' | 'createdAt' | 'dueAt' | 'settledAt' | 'attempts'
> & { tries: Omit<Attempt, 'response'>[] }

/** All that is known about one connect request, item, event or call. */
export interface Timeline {
  site: Pick<Site, 'name'> | null
  user: Pick<BridgeUser, 'name'> | null
  requests: ConnectRequest[]
  item: Item | null
  /** Of the item, or those that the request ended in; the newest hundred, oldest first. */
  events: (Omit<StoredEvent, 'body'> & {
    handledAt: number | null
    delivery: TimelineDelivery | null
  })[]
  calls: CallRecord[]
  audit: AuditRow[]
}

/** What an operator needs that no caller does: figures, stories, signs of life. */
export interface OperateStore {
  /** Writes, durably, and rejects when that is impossible. @throws StoreBusyError */
  probeWrite(at: number): Promise<void>
  readFigures(at: number): Promise<Figures>
  /** The server that holds the database, and when it last said so. */
  readServer(): Promise<(ServerLife & { seenAt: number }) | undefined>
  /** Stores calls in one commit; one stored before stays. */
  addCalls(calls: readonly CallRecord[]): Promise<void>
  /** By the id of a connect request, an event, a delivery or a call, or by Bridge's id of an item. */
  findTimeline(word: string): Promise<Timeline | undefined>
  listEndpoints(): Promise<EndpointReport[]>
  /** When Bridge's last webhook was stored, of those until then. */
  lastWebhookAt(until: number): Promise<number | null>
  /** Keys that end before, and are still good. */
  listExpiringKeys(
    now: number,
    before: number,
  ): Promise<{ apiKey: string; tenant: string; label: string | null; expiresAt: number }[]>
  /**
   * Keys that are still good and may be asked for a link without an address: of whose users one has none as its name, nor
   * another that was given, or there is no user yet.
   */
  listKeysWithoutAddress(now: number): Promise<{ apiKey: string; tenant: string }[]>
  /** Whose a Bridge user is. */
  findUuidOwner(
    userUuid: string,
  ): Promise<{ tenant: string; site: string; user: string; userId: string } | undefined>
}
