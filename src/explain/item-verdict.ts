import { nextStep, type NextStep } from '../connect/item-status.ts'
import type { HeldItem } from '../db/ports/history.ts'
import type { MailEnd } from '../db/ports/reminder-ways.ts'
import { dayMs } from '../durations.ts'
import { fromNow, lasting } from '../terminal/durations.ts'
import { together } from './commands.ts'
import { troubleOfDeliveries } from './event-verdict.ts'
import type { Story } from './story.ts'
import type { Judge, Verdict } from './verdict.ts'

const nextTexts: Record<NextStep, string | undefined> = {
  none: undefined,
  wait: 'Nobody need do anything: Bridge tries again once or twice a day.',
  connect: 'Its user must connect the bank again: get_bridge_connect_link.',
  sca: 'Its user must confirm at the bank: get_sca_authentication_link.',
  edit: 'Its user must correct what the bank asks for: get_bridge_edit_link.',
}

/** A bank connection: how it stands and what it asks of its user; or what became of it. */
export const verdictOfItem: Judge = (story, now) => {
  const [held] = story.items
  if (!held) return aboutMissing(story, now)
  return together(
    { what: `Item ${held.item.id} ${ownerOf(held)}` },
    howItStands(held, now),
    howItWasMailed(held, now),
    troubleOfDeliveries(story, now),
  )
}

const mailTexts: Record<MailEnd, string> = {
  sent: 'was mailed',
  refused: 'was not mailed: the mail server refuses the address',
  unsure: 'may have been mailed: the connection to the mail server was lost',
  no_address: 'was not mailed: there is no address',
}

/** The last mail to its user, while it is about the consent that is. */
function howItWasMailed({ item }: HeldItem, now: number): Verdict | undefined {
  const { mailedAt, mailedDays, mailEnd, goneAt, authenticationExpiresAt: end } = item
  if (mailedAt === null || mailedDays === null || goneAt !== null) return undefined
  if (end !== null && end - mailedAt > (mailedDays + 1) * dayMs) return undefined
  const what =
    mailEnd === null ? 'is being mailed, or was when the server died' : mailTexts[mailEnd]
  const which =
    mailedDays === 0 ? 'The reminder of its end' : `The reminder of ${mailedDays} d before its end`
  return { what: `${which} ${what} (${fromNow(mailedAt, now)}).` }
}

const ownerOf = ({ item, user, site }: HeldItem): string => {
  const bank = item.bank ?? item.providerName
  return `${bank === null ? '' : `(${bank}) `}of ${user.name === '' ? '' : `${user.name} on `}${site.name}`
}

/** The item alone, as the end of a sentence. */
function howItStands({ item }: HeldItem, now: number): Verdict {
  const { status, statusCodeInfo, goneAt, unreachableAt, authenticationExpiresAt: end } = item
  if (goneAt !== null) {
    return {
      what: `went at Bridge ${fromNow(goneAt, now)}.`,
      remedy: nextTexts.connect,
    }
  }
  if (end !== null && end <= now) {
    return {
      what: `has no consent any more: it ended ${fromNow(end, now)}.`,
      remedy: nextTexts.sca,
    }
  }
  if (unreachableAt !== null) {
    return {
      what: `was not found by Bridge ${fromNow(unreachableAt, now)}, which may pass by itself.`,
      remedy: 'If it lasts for days, its user connects the bank again.',
    }
  }
  const next = nextStep(status)
  if (next !== 'none') {
    return {
      what: `has status ${status}${statusCodeInfo ? ` (${statusCodeInfo})` : ''}.`,
      remedy: nextTexts[next],
    }
  }
  const fresh =
    item.lastSuccessAt === null ? '' : `, read from the bank ${fromNow(item.lastSuccessAt, now)}`
  const consent = end === null ? '' : `; its consent ends ${fromNow(end, now)}`
  return { what: `works${fresh}${consent}.` }
}

function aboutMissing({ subject, audit, calls }: Story, now: number): Verdict {
  const deleted = audit.findLast(({ action }) => action === 'item.deleted')
  if (deleted) {
    return {
      what: `Item ${subject.id} was deleted ${fromNow(deleted.at, now)} by ${deleted.actor}.`,
      remedy: nextTexts.connect,
    }
  }
  const asked = calls.at(-1)
  const by = asked ? ` It was asked for by ${asked.site ?? asked.tenant ?? 'a key'}.` : ''
  return { what: `Item ${subject.id} is held by nobody here.${by}` }
}

/** A link: whether somebody came back with a bank. */
export const verdictOfRequest: Judge = (story, now) => {
  const [owned] = story.requests
  if (!owned) return { what: 'Nothing is known about this request any more.' }
  const { request, user, site } = owned
  const whose = `of ${user.name === '' ? '' : `${user.name} on `}${site.name}`
  const again = 'The user asks for a new link and goes through it.'
  switch (request.state) {
    case 'completed': {
      const took = lasting((request.completedAt ?? request.openedAt) - request.openedAt)
      return together(
        { what: `The link ${whose} was completed after ${took}.` },
        story.items.length > 0 ? verdictOfItem(story, now) : undefined,
      )
    }
    case 'failed':
      return {
        what: `The visit of the link ${whose} ended without a bank${request.step === null ? '' : `, at step ${request.step}`}; it may still be completed until it expires, ${fromNow(request.expiresAt, now)}.`,
        remedy: again,
      }
    case 'expired':
      return { what: `Nobody completed the link ${whose} in time.`, remedy: again }
    case 'pending':
  }
  if (request.claimedItemId !== null) {
    return {
      what: `A browser came back to the link ${whose} with item ${request.claimedItemId}, which Bridge has yet to confirm.`,
      remedy:
        'Nobody need do anything: it is asked again. `bank-api doctor` tells whether Bridge answers.',
    }
  }
  return {
    what: `Nobody has come back from the bank yet with the link ${whose}; it is good until then: ${fromNow(request.expiresAt, now)}.`,
  }
}

/** A user: how many connections there are, and which need something. */
export const verdictOfUser: Judge = (story, now) => {
  const { user, site, items } = story
  const name = user?.name ? `User ${user.name}` : 'The default user'
  const ailing = items
    .map((held) => ({ held, stands: howItStands(held, now) }))
    .filter(({ stands }) => stands.remedy !== undefined)
  const count = items.length === 1 ? '1 connection' : `${items.length} connections`
  const [first] = ailing
  const well = items.length > 0 && !first ? ', and all work' : ''
  return together(
    { what: `${name} of ${site?.name ?? 'a site that is gone'} has ${count}${well}.` },
    first && { what: `Item ${first.held.item.id}` },
    first?.stands,
    ailing.length > 1 ? { what: `${ailing.length - 1} more need something.` } : undefined,
    troubleOfDeliveries(story, now),
  )
}
