import { minuteMs } from '../../durations.ts'
import type { MailEnd } from './reminder-ways.ts'

/** How long a mail rests that the server did not take: who greylists takes it then. */
export const mailPauseMs = 15 * minuteMs

/** Mails about consents that end, to users of sites that want them and who did not stop them: none comes twice. */
export interface ReminderMailStore {
  /** Notes how the mail ended that was claimed at `at`; a refusal counts for its user until a mail is taken again. */
  settleMail(itemId: number, at: number, end: MailEnd): Promise<void>
  /** Whether a user of a site that is served stopped the mails; undefined when there is no such user. */
  readMailStop(userId: string): Promise<{ site: string; stoppedAt: number | null } | undefined>
  /** Null: the user wants them again. */
  setMailStop(userId: string, stoppedAt: number | null): Promise<void>
  /** Sites that want mails, and users whose last one was refused; those not served left out. */
  countMails(): Promise<{ sites: number; refused: number }>
}
