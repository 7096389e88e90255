import { keyState } from '../auth/api-keys.ts'
import type { Site } from '../db/ports/sites.ts'
import { isDelivered } from '../db/rules/endpoint-health.ts'
import type { Said } from '../language.ts'
import { sinceThen } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import { enableTenant, letWork, newKey, together } from './commands.ts'
import { shortMethod } from './call-verdict.ts'
import { troubleOfDeliveries, type Try } from './event-verdict.ts'
import type { Story } from './story.ts'
import type { Judge, Verdict } from './verdict.ts'

/** A key: whether it opens the door, and how its calls fare. */
export const verdictOfKey: Judge = (story, now) => {
  const { key, tenant, site } = story
  if (!key || !tenant)
    return { what: { en: 'There is no such key.', fr: 'Cette clé n’existe pas.' } }
  const name = {
    en: `${key.label === null ? 'The key' : `The key “${key.label}”`} of ${site ? site.name : `all sites of ${tenant.name}`}`,
    fr: `${key.label === null ? 'La clé' : `La clé « ${key.label} »`} de ${site ? site.name : `tous les sites de ${tenant.name}`}`,
  }
  switch (keyState(key, tenant, now)) {
    case 'revoked': {
      const ago = sinceThen(key.revokedAt ?? now, now)
      const what = {
        en: `${name.en} was revoked ${ago.en}.`,
        fr: `${name.fr} a été révoquée ${ago.fr}.`,
      }
      return together({ what }, usedInVain(story, key.revokedAt ?? now))
    }
    case 'expired': {
      const ago = sinceThen(key.expiresAt ?? now, now)
      return {
        what: { en: `${name.en} expired ${ago.en}.`, fr: `${name.fr} a expiré ${ago.fr}.` },
        remedy: { en: 'A new one:', fr: 'Une nouvelle :' },
        commands: newKey(story),
      }
    }
    case 'disabled':
      return {
        what: {
          en: `${name.en} does not work: the tenant is disabled.`,
          fr: `${name.fr} ne marche pas : le client est désactivé.`,
        },
        remedy: letWork,
        commands: enableTenant(story),
      }
    case 'active':
  }
  const used = key.lastUsedAt === null ? undefined : sinceThen(key.lastUsedAt, now)
  const what = {
    en: `${name.en} is good and ${used ? `was last used ${used.en}` : 'was never used'}.`,
    fr: `${name.fr} est bonne et ${used ? `a servi ${used.fr}` : 'n’a jamais servi'}.`,
  }
  return together({ what }, refusedLately(story, now))
}

/** Who still calls with a key that is good no more. */
function usedInVain(story: Story, since: number): Verdict | undefined {
  const { length } = story.calls.filter(({ at, status }) => at >= since && status === 401)
  if (length === 0) return undefined
  return {
    what: {
      en: `Since then ${length === 1 ? '1 call has' : `${length} calls have`} been refused.`,
      fr: `Depuis, ${length === 1 ? '1 appel a été refusé' : `${length} appels ont été refusés`}.`,
    },
    remedy: {
      en: 'If the site is to work again, give it a new key:',
      fr: 'Si le site doit fonctionner de nouveau, donnez-lui une nouvelle clé :',
    },
    commands: newKey(story),
  }
}

/** What of the kept calls was refused. */
function refusedLately({ calls }: Story, now: number): Verdict | undefined {
  const refused = calls.filter(({ status }) => status >= 400)
  const last = refused.at(-1)
  const { length } = calls
  if (length === 0) return undefined
  if (!last) {
    return {
      what: {
        en: `${length === 1 ? 'Its last call' : `Its last ${length} calls`} went well.`,
        fr:
          length === 1
            ? 'Son dernier appel s’est bien passé.'
            : `Ses ${length} derniers appels se sont bien passés.`,
      },
    }
  }
  const why = `${shortMethod(last.method, last.refusal?.code)}, ${last.refusal?.code ?? last.excType ?? last.status}`
  const ago = sinceThen(last.at, now)
  const those =
    refused.length === 1
      ? { en: '1 was refused', fr: '1 a été refusé' }
      : {
          en: `${refused.length} were refused, the last one`,
          fr: `${refused.length} ont été refusés, le dernier`,
        }
  const said =
    length === 1
      ? { en: 'Its last call was refused', fr: 'Son dernier appel a été refusé' }
      : {
          en: `Of its last ${length} calls ${those.en}`,
          fr: `De ses ${length} derniers appels ${those.fr}`,
        }
  return {
    what: { en: `${said.en} ${ago.en}: ${why}.`, fr: `${said.fr} ${ago.fr} : ${why}.` },
    remedy: { en: 'That one:', fr: 'Celui-là :' },
    commands: [command`explain ${last.id}`],
  }
}

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
): Said {
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
function lastTrySaid(last: Try | undefined): Said {
  if (!last) return { en: 'No webhook was tried yet', fr: 'Aucun webhook n’a encore été essayé' }
  const { status, error } = last
  return isDelivered(status)
    ? { en: 'The last try was taken', fr: 'Le dernier essai a été pris' }
    : {
        en: `The last try was not taken: ${status ?? error}`,
        fr: `Le dernier essai n’a pas été pris : ${status ?? error}`,
      }
}

function waitSaid(wait: number, of: number): Said {
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
