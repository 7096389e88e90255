import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Connection } from '../db/ports/items.ts'
import { mailClaimed, mailGivenBack } from '../db/rules/item-notes.ts'
import type { Store } from '../db/store.ts'
import { dayMs } from '../durations.ts'
import type { Mailer, MailOutcome } from '../mail/mailer.ts'
import { reminderMail } from '../mail/reminder.ts'
import type { Keyring } from '../vault/keyring.ts'
import { emailRow } from '../vault/sealed-rows.ts'
import type { Log } from '../logger.ts'
import { windowsAt } from './consent-reminders.ts'
import { mailStopToken } from '../vault/mail-stop-token.ts'
import { graceMs, renewalToken } from '../connect/renewal-token.ts'

interface ReminderMailDeps {
  store: Store
  keyring: Keyring
  clock: Clock
  publicUrl: string
  mailer: Mailer
  /** Aborted when this server stops: the next one goes on. */
  signal: AbortSignal
  log: Pick<Log, 'info' | 'warn'>
  observe: { reminderMailed(outcome: MailOutcome | 'no_address'): void }
}

const batch = 100

/** How long after its end a consent is still worth a mail: half of the time that its link works. */
const lateMs = graceMs / 2

/** As for webhooks, and one when the end has come. */
const windowsWithEnd = (now: number) => [
  ...windowsAt(now),
  { endsFrom: now - lateMs + 1, endsUntil: now, days: 0 },
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
  for (const { days, ...window } of windowsWithEnd(at)) {
    const wanted = { ...window, notMailed: { days, at } }
    const due = await store.listConnections(wanted, { by: 'authenticationExpiresAt', limit: batch })
    for (const { item } of due) {
      if (signal.aborted) return false
      if (!isServerThere) await mailer.check()
      isServerThere = true
      // Since the list was read it may have been stopped, or renewed.
      const [one] = await store.listConnections({ ...wanted, id: item.id })
      if (one) await mail(deps, one, days)
    }
    if (due.length === batch) return true
  }
  return false
}

async function mail(deps: ReminderMailDeps, due: Connection, days: number): Promise<void> {
  const { store, clock, mailer, log, observe } = deps
  const { id } = due.item
  const at = clock.now()
  if (!(await store.noteItem(id, mailClaimed(due.item, days, at)))) return
  const to = addressOf(deps, due)
  if (to === undefined) {
    await store.settleMail(id, at, 'no_address')
    return observe.reminderMailed('no_address')
  }
  const { outcome, code } = await mailer.send(toMail(deps, due, { to, days, at }))
  if (outcome === 'deferred') await store.noteItem(id, mailGivenBack(at))
  else await store.settleMail(id, at, outcome)
  observe.reminderMailed(outcome)
  const facts = { item: id, days, outcome, code }
  if (outcome === 'sent') log.info(facts, 'reminder mailed')
  else log.warn(facts, 'reminder not mailed')
}

/** The user's own; never the one that serves all who have none. */
function addressOf({ keyring }: ReminderMailDeps, { user }: Connection): string | undefined {
  const { name, email } = user
  if (z.email().safeParse(name).success) return name
  return email === null ? undefined : keyring.open(email, emailRow(user.id)).toString('utf8')
}

function toMail(
  { keyring, publicUrl }: ReminderMailDeps,
  { item, user, site }: Connection,
  { to, days, at }: { to: string; days: number; at: number },
) {
  const end = item.authenticationExpiresAt
  if (end === null) throw new Error(`Item ${item.id} has no consent that could end`)
  const renewal = renewalToken(keyring, { itemId: item.id, consentEnd: end })
  return reminderMail({
    to,
    language: user.language ?? 'fr',
    // Bridge's name first: a site may call a bank whatever it likes, and this mail is ours.
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
