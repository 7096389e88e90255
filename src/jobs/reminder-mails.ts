import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { MailDue } from '../db/ports/reminder-mails.ts'
import type { Store } from '../db/store.ts'
import { dayMs } from '../durations.ts'
import type { Mailer, MailOutcome } from '../mail/mailer.ts'
import { reminderMail } from '../mail/reminder.ts'
import type { Keyring } from '../vault/keyring.ts'
import { userEmailPlace } from '../vault/user-email.ts'
import { windowsAt } from './consent-reminders.ts'
import { mailStopToken } from './mail-stop-token.ts'
import { graceMs, renewalToken } from './renewal-token.ts'

export interface ReminderMailDeps {
  store: Store
  keyring: Keyring
  clock: Clock
  publicUrl: string
  mailer: Mailer
  /** Aborted when this server stops: the next one goes on. */
  signal: AbortSignal
  log: { warn(event: object, text: string): void; info(event: object, text: string): void }
  observe: { reminderMailed(outcome: MailOutcome | 'no_address'): void }
}

const batch = 100

/** How long after its end a consent is still worth a mail: half of the time that its link works. */
const lateMs = graceMs / 2

/** As for webhooks, and one when the end has come. */
const windowsWithEnd = (now: number) => [
  ...windowsAt(now),
  { endsAfter: now - lateMs, endsUntil: now, days: 0 },
]

/**
 * One round of mails to people whose consents end, of the days of webhooks and at the end, once each. Nothing is claimed before
 * the server let us in, so that a server that is away costs no mail: then it rejects with a MailServerError. True when there may
 * be more.
 */
export async function mailReminders(deps: ReminderMailDeps): Promise<boolean> {
  const { store, clock, mailer, signal } = deps
  const at = clock.now()
  let isServerThere = false
  for (const window of windowsWithEnd(at)) {
    const due = await store.listMailsDue({ at, ...window }, batch)
    for (const one of due) {
      if (signal.aborted) return false
      if (!isServerThere) await mailer.check()
      isServerThere = true
      await mail(deps, one, window.days)
    }
    if (due.length === batch) return true
  }
  return false
}

async function mail(deps: ReminderMailDeps, due: MailDue, days: number): Promise<void> {
  const { store, clock, mailer, log, observe } = deps
  const { id } = due.item
  const at = clock.now()
  if (!(await store.claimMail(due.item, days, at))) return
  const to = addressOf(deps, due)
  if (to === undefined) {
    await store.settleMail(id, at, 'no_address')
    return observe.reminderMailed('no_address')
  }
  const { outcome, code } = await mailer.send(toMail(deps, due, { to, days, at }))
  if (outcome === 'deferred') await store.releaseMail(id, at)
  else await store.settleMail(id, at, outcome)
  observe.reminderMailed(outcome)
  const facts = { item: id, days, outcome, code }
  if (outcome === 'sent') log.info(facts, 'reminder mailed')
  else log.warn(facts, 'reminder not mailed')
}

/** The user's own; never the one that serves all who have none. */
function addressOf({ keyring }: ReminderMailDeps, { user, email }: MailDue): string | undefined {
  if (z.email().safeParse(user.name).success) return user.name
  return email === null ? undefined : keyring.open(email, userEmailPlace(user.id)).toString('utf8')
}

function toMail(
  { keyring, publicUrl }: ReminderMailDeps,
  { item, user, site, language }: MailDue,
  { to, days, at }: { to: string; days: number; at: number },
) {
  const end = item.authenticationExpiresAt
  if (end === null) throw new Error(`Item ${item.id} has no consent that could end`)
  const renewal = renewalToken(keyring, { itemId: item.id, consentEnd: end })
  return reminderMail({
    to,
    language: language ?? 'fr',
    bank: item.providerName ?? item.bank,
    site: site.name,
    timeZone: site.timeZone,
    consentEnd: end,
    goodUntil: end + graceMs,
    daysLeft: days === 0 ? 0 : Math.ceil((end - at) / dayMs),
    renewUrl: `${publicUrl}/renew/${renewal}`,
    stopUrl: `${publicUrl}/unsubscribe/${mailStopToken(keyring, user.id)}`,
  })
}
