import { dayMs, hourMs, minuteMs } from '../../durations.ts'
import { consentMs, sameEndMs } from '../../db/rules/consent-end.ts'
import { CommandError } from '../command-error.ts'
import type { Heard, Stage } from './stage.ts'

export interface TriggerOptions {
  status: '1010' | '402' | '429'
  days: '30' | '14' | '7' | '3' | '1'
}

/** One thing that happens at a bank some day, made to happen now. */
interface Trigger {
  about: string
  /** Makes it happen, and waits until the site's feed has the event of that name. */
  run(stage: Stage, options: TriggerOptions): Promise<Heard>
  /** What a site does once it heard of it. */
  next: string
}

/** A year of nobody looking: more than any gap that an item may be used to. */
const longestGapMs = 365 * dayMs

/** By the name of the event that comes of it. */
export const triggers: Readonly<Record<string, Trigger>> = {
  'item.refreshed': {
    about: 'the bank is read, as once or twice a day',
    async run({ bank, hear, item }) {
      await bank.refresh((await item()).id)
      return hear('item.refreshed')
    },
    next: 'read get_bank_transactions with the since of its last read',
  },
  'item.action_required': {
    about: 'the bank wants its user: --status 1010, 402 or 429',
    async run(stage, { status }) {
      const { id, toldStatus } = await stage.item()
      // What was told is not told again.
      if (toldStatus === Number(status)) await repair(stage)
      await stage.bank.refresh(id, status)
      return stage.hear('item.action_required')
    },
    next: 'ask for the link that `next` names, sca or edit, open it, and log in as `success`',
  },
  'item.repaired': {
    about: 'a connection that wanted its user works again',
    async run(stage) {
      const { id, helpAskedAt } = await stage.item()
      if (helpAskedAt === null) {
        await stage.bank.refresh(id, '1010')
        await stage.hear('item.action_required')
      }
      return repair(stage)
    },
    next: 'take the banner away that item.action_required put there',
  },
  'item.stale': {
    about: 'the bank is down for longer than usual; moves the clock',
    async run(stage) {
      const { bank, hear, item } = stage
      const { id } = await item()
      await bank.refresh(id, 'success')
      await hear('item.refreshed')
      await bank.refresh(id, '1003')
      await hear('item.refreshed')
      const { staleDueAt } = await item()
      if (staleDueAt === null) throw new CommandError(`Item ${id} has no rhythm yet: refresh it`)
      const ahead = staleDueAt - (await bank.now()) + minuteMs
      await bank.advance(Math.min(Math.max(ahead, 0), longestGapMs))
      return hear('item.stale')
    },
    next: 'say beside the figures how old they are: data_as_of',
  },
  'consent.expiring': {
    about: "the user's consent nears its end: --days 30, 14, 7, 3 or 1",
    async run({ bank, hear, item }, { days }) {
      const { id, authenticationExpiresAt } = await item()
      const inMs = Number(days) * dayMs - minuteMs
      const ahead = (authenticationExpiresAt ?? 0) - (await bank.now())
      // The same end is told once: the second time it is another one.
      const isTold = Math.abs(ahead - inMs) <= sameEndMs
      await bank.endConsent(id, isTold ? inMs - sameEndMs - hourMs / 2 : inMs)
      await bank.refresh(id)
      return hear('consent.expiring')
    },
    next: 'show renew_url to the user: it leads through the bank and back to the site',
  },
  'account.replaced': {
    about: 'the user deletes the connection and connects anew',
    async run({ bridge, connectAgain, hear, item, owned, readAccounts }) {
      const { id } = await item()
      await readAccounts(id)
      await bridge.items.delete(owned.user.userUuid ?? '', id)
      await hear('item.deleted')
      const made = await connectAgain()
      await readAccounts(made)
      return hear('account.replaced', made)
    },
    next: 'move its mapping to the new account_id, and book only what is later than data_until',
  },
  'item.deleted': {
    about: 'the user deletes the connection at Bridge',
    async run({ bridge, hear, item, owned }) {
      await bridge.items.delete(owned.user.userUuid ?? '', (await item()).id)
      return hear('item.deleted')
    },
    next: 'forget the connection: every method answers 404 for it',
  },
}

/** The user was there and the bank is content. */
async function repair({ bank, hear, item }: Stage): Promise<Heard> {
  const { id, authenticationExpiresAt } = await item()
  // Without a consent no refresh succeeds.
  if ((authenticationExpiresAt ?? Infinity) <= (await bank.now())) {
    await bank.endConsent(id, consentMs)
  }
  await bank.refresh(id, 'success')
  return hear('item.repaired')
}
