import type { By, Scope } from '../scope.ts'
import type { ReminderWay } from './reminder-ways.ts'
import type { Tenant } from './tenants.ts'

/** What a site has unless told otherwise. */
export const usualTimeZone = 'Europe/Paris'

export interface Site {
  id: string
  tenantId: string
  name: string
  origin: string | null
  allowedOrigins: string[]
  webhookUrl: string | null
  timeZone: string
  remindBy: ReminderWay
  createdAt: number
  /** When its deletion began; such a site is only seen by the deletion. */
  removedAt: number | null
}

/** What may be changed of a site. */
export type SiteChange = Partial<
  Pick<Site, 'origin' | 'allowedOrigins' | 'webhookUrl' | 'timeZone' | 'remindBy'>
>

interface NewSite {
  id: string
  tenantId: string
  name: string
  /** Sealed with the site's id as associated data. */
  webhookSecret: Buffer
}

export interface SiteStore {
  /**
   * The site that `findSite` finds within the tenant, made when there is none. @throws SiteConflictError while it is being
   * deleted, AmbiguousNameError
   */
  ensureSite(site: NewSite, by: By): Promise<Site>
  /** The site of exactly that name, else of one that folds alike. @throws AmbiguousNameError */
  findSite(scope: Scope, name: string): Promise<Site | undefined>
  /** Whoever's it is. */
  readSite(siteId: string): Promise<{ site: Site; tenant: Tenant } | undefined>
  /** By name, at most `limit`; or those of an origin alone. */
  listSites(scope: Scope, limit?: number, origin?: string): Promise<Site[]>
  updateSite(siteId: string, change: SiteChange, by: By): Promise<Site>
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
