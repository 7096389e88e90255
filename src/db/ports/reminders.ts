import type { NewEvent } from './events.ts'
import type { Item, OwnedItem } from './items.ts'

/** What sites are told of their items. Items of removed sites and disabled tenants are left alone. */
export interface ReminderStore {
  /** Items whose status is not the one that was last looked at. */
  listUntoldStatuses(limit: number): Promise<OwnedItem[]>
  /**
   * Notes that the item's status was looked at and since when its site is asked for something, with the event that tells the
   * site. False when it changed meanwhile.
   */
  tellStatus(
    item: Pick<Item, 'id' | 'status' | 'toldStatus' | 'helpAskedAt'>,
    event: NewEvent | null,
  ): Promise<boolean>
  /** Items of which no success was heard, and whose site is to be told by now. */
  listStale(at: number, limit: number): Promise<OwnedItem[]>
  /** Tells the site, once until the next success. False when one came meanwhile, or it was told. */
  tellStale(item: Pick<Item, 'id' | 'staleDueAt'>, event: NewEvent): Promise<boolean>
  /** Items whose consent ends after one time and until another, and whose site was not reminded at `days` or later. */
  listRemindersDue(
    due: { endsAfter: number; endsUntil: number; days: number },
    limit: number,
  ): Promise<OwnedItem[]>
  /** Stores the reminder with its event. False when the consent was renewed or the reminder sent meanwhile. */
  remind(
    item: Pick<Item, 'id' | 'authenticationExpiresAt'>,
    days: number,
    event: NewEvent,
  ): Promise<boolean>
}
