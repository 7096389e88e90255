import { nextStep, type NextStep } from '../connect/item-status.ts'
import type { MailEnd } from '../db/ports/reminder-ways.ts'
import { bankOf } from '../db/ports/items.ts'
import { dayMs } from '../durations.ts'
import type { Localized } from '../language.ts'
import { sinceThen } from '../terminal/durations.ts'
import { together } from './commands.ts'
import { troubleOfDeliveries } from './delivery-trouble.ts'
import type { HeldItem, Story } from './story.ts'
import type { Judge, Verdict } from './verdict.ts'

const nextTexts: Record<NextStep, Localized | undefined> = {
  none: undefined,
  wait: {
    en: 'Nobody need do anything: Bridge tries again once or twice a day.',
    fr: 'Personne n’a rien à faire : Bridge réessaie une à deux fois par jour.',
  },
  connect: {
    en: 'Its user must connect the bank again: get_bridge_connect_link.',
    fr: 'Son utilisateur doit reconnecter la banque : get_bridge_connect_link.',
  },
  sca: {
    en: 'Its user must confirm at the bank: get_sca_authentication_link.',
    fr: 'Son utilisateur doit confirmer à la banque : get_sca_authentication_link.',
  },
  edit: {
    en: 'Its user must correct what the bank asks for: get_bridge_edit_link.',
    fr: 'Son utilisateur doit corriger ce que la banque demande : get_bridge_edit_link.',
  },
}

/** A bank connection: how it stands and what it asks of its user; or what became of it. */
export const verdictOfItem: Judge = (story, now) => {
  const [held] = story.items
  if (!held) return aboutMissing(story, now)
  return together(
    { what: ownerOf(held) },
    howItStands(held, now),
    howItWasMailed(held, now),
    troubleOfDeliveries(story, now),
  )
}

const mailTexts: Record<MailEnd, Localized> = {
  sent: { en: 'was mailed', fr: 'a été envoyé' },
  refused: {
    en: 'was not mailed: the mail server refuses the address',
    fr: 'n’a pas été envoyé : le serveur de messagerie refuse l’adresse',
  },
  unsure: {
    en: 'may have been mailed: the connection to the mail server was lost',
    fr: 'a peut-être été envoyé : la connexion au serveur de messagerie s’est perdue',
  },
  no_address: {
    en: 'was not mailed: there is no address',
    fr: 'n’a pas été envoyé : il n’y a pas d’adresse',
  },
}

const mailing: Localized = {
  en: 'is being mailed, or was when the server died',
  fr: 'est en cours d’envoi, ou l’était quand le serveur s’est arrêté',
}

/** The last mail to its user, while it is about the consent that is. */
function howItWasMailed({ item }: HeldItem, now: number): Verdict | undefined {
  const { mailedAt, mailedDays, mailEnd, goneAt, authenticationExpiresAt: end } = item
  if (mailedAt === null || mailedDays === null || goneAt !== null) return undefined
  if (end !== null && end - mailedAt > (mailedDays + 1) * dayMs) return undefined
  const how = mailEnd === null ? mailing : mailTexts[mailEnd]
  const ago = sinceThen(mailedAt, now)
  const isAtEnd = mailedDays === 0
  return {
    what: {
      en: `The reminder of ${isAtEnd ? '' : `${mailedDays} d before `}its end ${how.en} (${ago.en}).`,
      fr: `Le rappel ${isAtEnd ? 'de sa fin' : `${mailedDays} j avant sa fin`} ${how.fr} (${ago.fr}).`,
    },
  }
}

const ownerOf = ({ item, user, site }: HeldItem): Localized => {
  const bank = bankOf(item)
  const name = `${item.id}${bank === null ? '' : ` (${bank})`}`
  return {
    en: `Item ${name} of ${user.name === '' ? '' : `${user.name} on `}${site.name}`,
    fr: `La connexion ${name} de ${user.name === '' ? '' : `${user.name} sur `}${site.name}`,
  }
}

/** The item alone, as the end of a sentence. */
export function howItStands({ item }: HeldItem, now: number): Verdict {
  const { status, statusCodeInfo, goneAt, unreachableAt, authenticationExpiresAt: end } = item
  if (goneAt !== null) {
    const ago = sinceThen(goneAt, now)
    return {
      what: { en: `went at Bridge ${ago.en}.`, fr: `a disparu chez Bridge ${ago.fr}.` },
      remedy: nextTexts.connect,
    }
  }
  if (end !== null && end <= now) {
    const ago = sinceThen(end, now)
    return {
      what: {
        en: `has no consent any more: it ended ${ago.en}.`,
        fr: `n’a plus de consentement : il a pris fin ${ago.fr}.`,
      },
      remedy: nextTexts.sca,
    }
  }
  if (unreachableAt !== null) {
    const ago = sinceThen(unreachableAt, now)
    return {
      what: {
        en: `was not found by Bridge ${ago.en}, which may pass by itself.`,
        fr: `n’a pas été trouvée par Bridge ${ago.fr}, ce qui peut se résoudre de soi-même.`,
      },
      remedy: {
        en: 'If it lasts for days, its user connects the bank again.',
        fr: 'Si cela dure des jours, son utilisateur reconnecte la banque.',
      },
    }
  }
  const next = nextStep(status)
  if (next !== 'none') {
    const named = `${status}${statusCodeInfo ? ` (${statusCodeInfo})` : ''}`
    return {
      what: { en: `has status ${named}.`, fr: `a le statut ${named}.` },
      remedy: nextTexts[next],
    }
  }
  const read = item.lastSuccessAt === null ? undefined : sinceThen(item.lastSuccessAt, now)
  const ends = end === null ? undefined : sinceThen(end, now)
  return {
    what: {
      en: `works${read ? `, read from the bank ${read.en}` : ''}${ends ? `; its consent ends ${ends.en}` : ''}.`,
      fr: `marche${read ? `, lue à la banque ${read.fr}` : ''}${ends ? ` ; son consentement prend fin ${ends.fr}` : ''}.`,
    },
  }
}

function aboutMissing({ subject, audit, calls }: Story, now: number): Verdict {
  const deleted = audit.findLast(({ action }) => action === 'item.deleted')
  if (deleted) {
    const ago = sinceThen(deleted.at, now)
    return {
      what: {
        en: `Item ${subject.id} was deleted ${ago.en} by ${deleted.actor}.`,
        fr: `La connexion ${subject.id} a été supprimée ${ago.fr} par ${deleted.actor}.`,
      },
      remedy: nextTexts.connect,
    }
  }
  const asked = calls.at(-1)
  const by = asked?.site ?? asked?.tenant
  return {
    what: {
      en: `Item ${subject.id} is held by nobody here.${asked ? ` It was asked for by ${by ?? 'a key'}.` : ''}`,
      fr: `La connexion ${subject.id} n’est à personne ici.${asked ? ` Elle a été demandée par ${by ?? 'une clé'}.` : ''}`,
    },
  }
}
