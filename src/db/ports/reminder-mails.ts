import type { Language } from '../../language.ts'
import { minuteMs } from '../../durations.ts'
import type { Item, OwnedItem } from './items.ts'
import type { MailEnd } from './reminder-ways.ts'

/** How long a mail rests that the server did not take: who greylists takes it then. */
export const mailPauseMs = 15 * minuteMs

/** A user who is to be mailed about an item. */
export interface MailDue extends OwnedItem {
  /** Sealed for the user; null: none was given besides the name. */
  email: Buffer | null
  /** That a link call named; null: none did. */
  language: Language | null
}

/** Which consents are due at a time: that end after one and until another, and were not mailed about at `days` or later. */
export interface MailWindow {
  at: number
  endsAfter: number
  endsUntil: number
  days: number
}

/**
 * Mails about consents that end, to users of sites that want them and who did not stop them. A mail is claimed before it is
 * sent, by one of all who try, and never claimed again unless it was given back: none comes twice.
 */
export interface ReminderMailStore {
  /** Those whose consent ends first. */
  listMailsDue(due: MailWindow, limit: number): Promise<MailDue[]>
  /** False when the consent was renewed meanwhile, the mail claimed, or no longer wanted. */
  claimMail(
    item: Pick<Item, 'id' | 'authenticationExpiresAt'>,
    days: number,
    at: number,
  ): Promise<boolean>
  /** Notes how the mail ended that was claimed at `at`; a refusal counts for its user until a mail is taken again. */
  settleMail(itemId: number, at: number, end: MailEnd): Promise<void>
  /** Gives the mail back that was claimed at `at`, for the server did not take it: it is due again after a pause. */
  releaseMail(itemId: number, at: number): Promise<void>
  /** Whether a user of a site that is served stopped the mails; undefined when there is no such user. */
  readMailStop(userId: string): Promise<{ site: string; stoppedAt: number | null } | undefined>
  /** Null: the user wants them again. */
  setMailStop(userId: string, stoppedAt: number | null): Promise<void>
  /** Sites that want mails, and users whose last one was refused; those not served left out. */
  countMails(): Promise<{ sites: number; refused: number }>
}
