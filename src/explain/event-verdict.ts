import type { ListedEvent } from '../db/ports/history.ts'
import { lastingSaid, sinceThen } from '../terminal/durations.ts'
import type { Localized } from '../language.ts'
import {
  enableEndpoint,
  enableTenant,
  letWork,
  nameWebhookUrl,
  replayOne,
  together,
} from './commands.ts'
import { hintOf, onceMended } from './delivery-trouble.ts'
import type { Story } from './story.ts'
import type { Judge, Verdict } from './verdict.ts'

/** Something that happened, and whether its site was told. */
export const verdictOfEvent: Judge = (story, now) => {
  const [event] = story.events
  if (!event) {
    return {
      what: {
        en: 'Nothing is known about this event any more.',
        fr: 'On ne sait plus rien de cet événement.',
      },
    }
  }
  const { type } = event
  if (event.handledAt === null) {
    const ago = sinceThen(event.receivedAt, now)
    const after = failuresSaid(event.failures)
    return {
      what: {
        en: `${type} came ${ago.en} and is not applied yet${after.en}.`,
        fr: `${type} est arrivé ${ago.fr} et n’est pas encore appliqué${after.fr}.`,
      },
      remedy: {
        en: 'It is tried again by itself. The log has the reason.',
        fr: 'Il est réessayé de lui-même. Le journal en donne la raison.',
      },
    }
  }
  const name = story.site?.name
  const what = {
    en: `${type} for ${name ?? 'a site that is gone'}`,
    fr: `${type} pour ${name ?? 'un site disparu'}`,
  }
  return together({ what }, howItWent(story, event, now))
}

function howItWent(story: Story, event: ListedEvent, now: number): Verdict {
  const { delivery, id, hasBody } = event
  if (!delivery)
    return hasBody ? kept(story, id) : { what: { en: `${notSent.en}.`, fr: `${notSent.fr}.` } }
  const { state, tries, dueAt, nextTryAt, settledAt } = delivery
  const last = tries.at(-1)
  if (state === 'delivered') {
    const after = lastingSaid((settledAt ?? event.receivedAt) - event.receivedAt)
    const took = lastingSaid(last?.durationMs ?? 0)
    return {
      what: {
        en: `was delivered ${after.en} after it came, on try ${tries.length}, which took ${took.en}.`,
        fr: `a été livré ${after.fr} après son arrivée, à l’essai ${tries.length}, qui a duré ${took.fr}.`,
      },
    }
  }
  const said = last
    ? {
        en: `the site's last answer: ${last.status ?? last.error}`,
        fr: `dernière réponse du site : ${last.status ?? last.error}`,
      }
    : { en: 'never tried', fr: 'jamais essayé' }
  if (!hasBody) {
    const tried = triesSaid(tries.length)
    return {
      what: {
        en: `was given up after ${tried.en}; ${said.en}. It ${notSent.en}.`,
        fr: `a été abandonné après ${tried.fr} ; ${said.fr}. Il ${notSent.fr}.`,
      },
    }
  }
  if (story.site?.webhookUrl === null && state === 'pending') {
    return {
      what: {
        en: `waits: the site has no webhook URL any more; ${said.en}.`,
        fr: `attend : le site n’a plus d’URL de webhook ; ${said.fr}.`,
      },
      remedy: { en: 'It is sent once there is one:', fr: 'Il est envoyé dès qu’il y en a une :' },
      commands: nameWebhookUrl(story),
    }
  }
  const hint = hintOf(story.site, last)
  if (story.endpoint?.disabledAt != null) {
    const ago = sinceThen(story.endpoint.disabledAt, now)
    return {
      what: {
        en: `is not sent: the endpoint was disabled ${ago.en}; ${said.en}.`,
        fr: `n’est pas envoyé : les webhooks du site ont été coupés ${ago.fr} ; ${said.fr}.`,
      },
      remedy: {
        en: `${hint?.en ?? 'Mend the receiver.'} Then:`,
        fr: `${hint?.fr ?? 'Réparez le récepteur.'} Ensuite :`,
      },
      commands: enableEndpoint(story),
    }
  }
  if (state === 'dead') {
    return {
      what: {
        en: `was given up after ${triesSaid(tries.length).en}; ${said.en}.`,
        fr: `a été abandonné après ${triesSaid(tries.length).fr} ; ${said.fr}.`,
      },
      remedy: onceMended(hint),
      commands: replayOne(id),
    }
  }
  if (dueAt === null) {
    return {
      what: {
        en: 'waits for an earlier event of the same connection.',
        fr: 'attend un événement antérieur de la même connexion.',
      },
    }
  }
  if (nextTryAt === null) return stopped(story, said, now)
  const ahead = sinceThen(nextTryAt, now)
  const when =
    nextTryAt <= now
      ? { en: 'is due now', fr: 'est à envoyer maintenant' }
      : { en: `is tried again ${ahead.en}`, fr: `est réessayé ${ahead.fr}` }
  const isNew = tries.length === 0
  return {
    what: {
      en: `${isNew ? 'waits: it ' : ''}${when.en}; ${said.en}.`,
      fr: `${isNew ? 'attend : il ' : ''}${when.fr} ; ${said.fr}.`,
    },
    remedy: hint,
  }
}

/** Of an event without a body. */
const notSent: Localized = {
  en: 'is not sent any more: its connection was deleted, or its body is past its time',
  fr: 'n’est plus envoyé : sa connexion a été supprimée, ou son corps a dépassé sa durée de conservation',
}

function kept(story: Story, id: string): Verdict {
  if (story.site?.webhookUrl != null) {
    return {
      what: {
        en: 'was kept: the site had no webhook URL then.',
        fr: 'a été gardé : le site n’avait pas d’URL de webhook alors.',
      },
      remedy: { en: 'Send it now:', fr: 'Envoyez-le maintenant :' },
      commands: replayOne(id),
    }
  }
  return {
    what: {
      en: 'was kept: the site has no webhook URL.',
      fr: 'a été gardé : le site n’a pas d’URL de webhook.',
    },
    remedy: {
      en: 'Name one, and send this again:',
      fr: 'Donnez-en une, et renvoyez ceci :',
    },
    commands: [...nameWebhookUrl(story), ...replayOne(id)],
  }
}

/** What is due and goes out to nobody, though its endpoint is enabled. */
function stopped(story: Story, said: Localized, now: number): Verdict {
  const disabledAt = story.tenant?.disabledAt ?? null
  if (disabledAt === null) {
    return {
      what: {
        en: `is not sent: the site is being deleted; ${said.en}.`,
        fr: `n’est pas envoyé : le site est en cours de suppression ; ${said.fr}.`,
      },
    }
  }
  const ago = sinceThen(disabledAt, now)
  return {
    what: {
      en: `is not sent: the tenant was disabled ${ago.en}; ${said.en}.`,
      fr: `n’est pas envoyé : le client a été désactivé ${ago.fr} ; ${said.fr}.`,
    },
    remedy: letWork,
    commands: enableTenant(story),
  }
}

function failuresSaid(count: number): Localized {
  if (count === 0) return { en: '', fr: '' }
  return count === 1
    ? { en: ', after 1 failure', fr: ', après 1 échec' }
    : { en: `, after ${count} failures`, fr: `, après ${count} échecs` }
}

export const triesSaid = (count: number): Localized =>
  count === 1 ? { en: '1 try', fr: '1 essai' } : { en: `${count} tries`, fr: `${count} essais` }
