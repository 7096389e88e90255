import type { LimitName } from '../../errors.ts'
import type { AuditRow } from './audit.ts'
import type { Attempt, Delivery } from './deliveries.ts'
import type { StoredEvent } from './events.ts'
import type { Item } from './items.ts'
import type { ConnectRequest } from './requests.ts'
import type { Site } from './sites.ts'
import type { BridgeUser } from './users.ts'

/** One call of Bridge's API: the route with `{id}` for ids, never a query. */
export interface BridgeStep {
  call: string
  /** Null: no answer came. */
  status: number | null
  ms: number
}

/** Why a call was refused. */
export interface CallRefusal {
  code: string
  /** As the caller got it. */
  message: string
  /** What the message names: an id, a name, a limit's figure. */
  named: Record<string, string | number>
  /** The limit that was met, where there are several of that code. */
  limit: LimitName | null
}

/** One RPC call, as it is kept: ids, and no bank data. */
export interface CallRecord {
  id: string
  at: number
  method: string
  status: number
  excType: string | null
  /** Null for what went well, and for calls of older versions. */
  refusal: CallRefusal | null
  durationMs: number
  tenantId: string | null
  siteId: string | null
  apiKey: string | null
  request: string | null
  itemId: number | null
  bridge: BridgeStep[]
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

export interface HistoryStore {
  /** Stores calls in one commit; one stored before stays. */
  addCalls(calls: readonly CallRecord[]): Promise<void>
  /** By the id of a connect request, an event, a delivery or a call, or by Bridge's id of an item. */
  findTimeline(word: string): Promise<Timeline | undefined>
}
