import type { InstanceStore } from './ports/instance.ts'
import type { MemberStore } from './ports/members.ts'
import type { TenantStore } from './ports/tenants.ts'
import type { SiteStore } from './ports/sites.ts'
import type { KeyStore } from './ports/keys.ts'
import type { AuditStore } from './ports/audit.ts'
import type { UsageStore } from './ports/usage.ts'
import type { UserStore } from './ports/users.ts'
import type { RequestStore } from './ports/requests.ts'
import type { ItemStore } from './ports/items.ts'
import type { AccountStore } from './ports/accounts.ts'
import type { AlertStore } from './ports/alerts.ts'
import type { SessionStore } from './ports/sessions.ts'
import type { AllowanceStore } from './ports/allowances.ts'
import type { EventStore } from './ports/events.ts'
import type { DeliveryStore } from './ports/deliveries.ts'
import type { EndpointStore } from './ports/endpoints.ts'
import type { OverviewStore } from './ports/overview.ts'
import type { QuotaStore } from './ports/quota.ts'
import type { ReminderMailStore } from './ports/reminder-mails.ts'
import type { SealedStore } from './ports/sealed.ts'
import type { RemovalStore } from './ports/removals.ts'
import type { ExportStore } from './ports/exports.ts'
import type { RetentionStore } from './ports/retention.ts'
import type { FeedStore } from './ports/feed.ts'
import type { FigureStore } from './ports/figures.ts'
import type { HistoryStore } from './ports/history.ts'

/**
 * The port to storage: named, atomic, asynchronous operations. Each is one transaction inside and awaits nothing but the
 * database. Reads on behalf of a caller take its scope first: there is no way to ask for a row without saying whose.
 * Times are epoch milliseconds.
 */
export interface Store
  extends
    InstanceStore,
    MemberStore,
    TenantStore,
    SiteStore,
    KeyStore,
    AuditStore,
    UsageStore,
    UserStore,
    RequestStore,
    ItemStore,
    AccountStore,
    AlertStore,
    SessionStore,
    AllowanceStore,
    EventStore,
    DeliveryStore,
    EndpointStore,
    ReminderMailStore,
    SealedStore,
    RemovalStore,
    ExportStore,
    RetentionStore,
    FeedStore,
    FigureStore,
    OverviewStore,
    HistoryStore {
  /** Where one server has the database, and Bridge's quota, for itself: undefined. */
  quota?: QuotaStore
  /** Waits for what is under way. */
  close(): Promise<void>
}
