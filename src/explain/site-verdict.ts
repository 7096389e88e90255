import type { Site } from '../db/ports/sites.ts'
import { isDelivered } from '../db/rules/endpoint-health.ts'
import type { Localized } from '../language.ts'
import { sinceThen } from '../terminal/durations.ts'
import { enableTenant, letWork, together } from './commands.ts'
import { troubleOfDeliveries, type Try } from './delivery-trouble.ts'
import { refusedLately } from './refused-lately.ts'
import type { Story } from './story.ts'
import type { Judge } from './verdict.ts'

/** A site: where its webhooks go, how that fares, and how its calls do. */
export const verdictOfSite: Judge = (story, now) => {
  const { site, tenant } = story
  if (!site || !tenant) {
    return { what: { en: 'There is no such site.', fr: 'Ce site n’existe pas.' } }
  }
  const name = {
    en: `Site ${site.name} of tenant ${tenant.name}`,
    fr: `Le site ${site.name} du client ${tenant.name}`,
  }
  if (site.removedAt !== null) {
    return {
      what: {
        en: `${name.en} is being deleted.`,
        fr: `${name.fr} est en cours de suppression.`,
      },
    }
  }
  if (tenant.disabledAt !== null) {
    const ago = sinceThen(tenant.disabledAt, now)
    return {
      what: {
        en: `${name.en} does not work: its tenant was disabled ${ago.en}.`,
        fr: `${name.fr} ne marche pas : son client a été désactivé ${ago.fr}.`,
      },
      remedy: letWork,
      commands: enableTenant(story),
    }
  }
  return together(
    { what: { en: `${name.en}:`, fr: `${name.fr} :` } },
    { what: howWebhooksFare(site, story, now) },
    troubleOfDeliveries(story, now),
    refusedLately(story, now),
  )
}

function howWebhooksFare(
  { webhookUrl }: Site,
  { endpoint, events }: Pick<Story, 'endpoint' | 'events'>,
  now: number,
): Localized {
  if (webhookUrl === null) {
    return {
      en: 'It has no webhook URL, so its events are only kept.',
      fr: 'Il n’a pas d’URL de webhook, donc ses événements sont seulement gardés.',
    }
  }
  const wait = events.filter(({ delivery }) => delivery?.state === 'pending').length
  const failingSince = endpoint?.failingSince ?? null
  const tries = events.flatMap(({ delivery }) => delivery?.tries ?? [])
  const last = tries.toSorted((a, b) => a.startedAt - b.startedAt).at(-1)
  if (wait === 0 && failingSince === null && last && isDelivered(last.status)) {
    return { en: 'Its webhooks are taken.', fr: 'Ses webhooks sont pris.' }
  }
  const ago = sinceThen(failingSince ?? now, now)
  const how =
    failingSince === null
      ? lastTrySaid(last)
      : {
          en: `Its webhooks began to fail ${ago.en}`,
          fr: `Ses webhooks ont commencé à échouer ${ago.fr}`,
        }
  if (wait === 0) return { en: `${how.en}.`, fr: `${how.fr}.` }
  const waits = waitSaid(wait, events.length)
  return { en: `${how.en}; ${waits.en}.`, fr: `${how.fr} ; ${waits.fr}.` }
}

/** Failures that an endpoint's new address, or an operator, wiped out still have their tries. */
function lastTrySaid(last: Try | undefined): Localized {
  if (!last) return { en: 'No webhook was tried yet', fr: 'Aucun webhook n’a encore été essayé' }
  const { status, error } = last
  return isDelivered(status)
    ? { en: 'The last try was taken', fr: 'Le dernier essai a été pris' }
    : {
        en: `The last try was not taken: ${status ?? error}`,
        fr: `Le dernier essai n’a pas été pris : ${status ?? error}`,
      }
}

function waitSaid(wait: number, of: number): Localized {
  if (of === 1) {
    return {
      en: 'its last event waits to be delivered',
      fr: 'son dernier événement attend d’être livré',
    }
  }
  return {
    en: `of its last ${of} events ${wait} ${wait === 1 ? 'waits' : 'wait'} to be delivered`,
    fr: `de ses ${of} derniers événements, ${wait} ${wait === 1 ? 'attend d’être livré' : 'attendent d’être livrés'}`,
  }
}
