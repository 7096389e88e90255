import { keyState } from '../auth/api-keys.ts'
import type { ListedCall } from '../db/ports/history.ts'
import { lastingSaid, sinceThen } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import type { Code } from '../texts/say.ts'
import { explained } from '../texts/explained.ts'
import { explainedInFrench } from '../texts/explained-in-french.ts'
import type { Localized } from '../language.ts'
import { enableTenant, letWork, moveSite, newKey, together } from './commands.ts'
import { limitTexts } from './limit-texts.ts'
import type { Story } from './story.ts'
import type { Judge, Verdict } from './verdict.ts'

/** A call that went well, one that was refused and why, or a browser that came back. */
export const verdictOfCall: Judge = (story, now) => {
  const [call] = story.calls
  if (!call) {
    return {
      what: {
        en: 'Nothing is known about this call any more.',
        fr: 'On ne sait plus rien de cet appel.',
      },
    }
  }
  const method = shortMethod(call.method, call.refusal?.code)
  if (call.status < 400) {
    const took = tookWith(call)
    return {
      what: {
        en: `${method} was answered with ${call.status} in ${took.en}.`,
        fr: `${method} a reçu la réponse ${call.status} en ${took.fr}.`,
      },
    }
  }
  const { refusal } = call
  const said = refusal ? `${call.status} ${refusal.code}` : `${call.status} ${call.excType ?? ''}`
  return together(
    {
      what: {
        en: `${method} was refused with ${said.trim()}.`,
        fr: `${method} a été refusé avec ${said.trim()}.`,
      },
    },
    whyRefused(story, call, now),
  )
}

/** What a call asked for, in brief. What is no method is shown as it was asked for: without its prefix it would pass for one. */
export const shortMethod = (method: string, code?: string | null): string =>
  code === 'method_unknown' ? `/api/method/${method}` : method.replace(/^bank_api\.bridge\./, '')

/** What `shortMethod` made, or somebody wrote, as the name it is kept under. */
export const wholeMethod = (name: string): string => {
  const asked = name.replace(/^\/api\/method\//, '')
  const isWhole = asked !== name || /[./]/.test(name) || bareMethods.has(name)
  return isWhole ? asked : `bank_api.bridge.${name}`
}

/** Names that are whole without a dot: Frappe's, and what a call without a good key is kept as. */
const bareMethods = new Set(['ping', 'unknown'])

function tookWith({ durationMs, bridge }: ListedCall): Localized {
  const took = lastingSaid(durationMs)
  if (bridge.length === 0) return took
  const atBridge = lastingSaid(bridge.reduce((sum, { ms }) => sum + ms, 0))
  return {
    en: `${took.en}, ${atBridge.en} of it at Bridge`,
    fr: `${took.fr}, dont ${atBridge.fr} chez Bridge`,
  }
}

function whyRefused(story: Story, call: ListedCall, now: number): Verdict {
  const { refusal } = call
  if (!refusal) {
    return {
      what: {
        en: 'It was kept by an older version, which did not note why.',
        fr: 'Une version plus ancienne l’a gardé, sans noter pourquoi.',
      },
    }
  }
  const known: Verdict | undefined = explainers[refusal.code as Code]?.(story, call, now)
  if (known) return known
  if (refusal.limit) {
    const { met, remedy } = limitTexts[refusal.limit]
    return { what: met, remedy }
  }
  return together(explanationOf(refusal.code), failedAtBridge(call))
}

function explanationOf(code: string): Verdict {
  const [english, french] = [explained[code as Code], explainedInFrench[code as Code]]
  if (!english || !french) {
    return {
      what: {
        en: 'This version does not know that code.',
        fr: 'Cette version ne connaît pas ce code.',
      },
    }
  }
  return {
    what: { en: english.means, fr: french.means },
    remedy: { en: english.remedy, fr: french.remedy },
  }
}

/** Which of Bridge's answers it was. */
function failedAtBridge({ bridge }: ListedCall): Verdict | undefined {
  const failed = bridge.findLast(({ status }) => status === null || status >= 400)
  return (
    failed && {
      what: {
        en: `Asked was ${failed.call}: ${failed.status ?? 'no answer'}.`,
        fr: `La requête envoyée à Bridge était ${failed.call} : ${failed.status ?? 'pas de réponse'}.`,
      },
    }
  )
}

/** What we know beyond the code. */
const explainers: Partial<Record<Code, (story: Story, call: ListedCall, now: number) => Verdict>> =
  {
    credentials_invalid: aboutKey,
    item_not_found: aboutNamed,
    account_not_found: aboutNamed,
    connect_request_not_found: aboutNamed,
    user_not_found: aboutNamed,
    site_not_found: aboutNamed,
    address_not_allowed: (story, { refusal }) => {
      const asked = refusal?.named['asked']
      const name = asked === undefined ? '' : ` (${asked})`
      return {
        what: {
          en: `It named an address that is none of ${story.site?.name ?? 'the site'}'s${name}, which is at ${story.site?.origin ?? 'no address yet'}.`,
          fr: `Il a nommé une adresse${name} qui n’est pas à ${story.site?.name ?? 'ce site'}, dont l’adresse est ${story.site?.origin ?? 'encore inconnue'}.`,
        },
        remedy: {
          en: 'If the site has moved, say where it is now:',
          fr: 'Si le site a déménagé, dites où il est maintenant :',
        },
        commands: moveSite(story, asked),
      }
    },
  }

function aboutKey(story: Story, call: ListedCall, now: number): Verdict {
  const { key, tenant, site } = story
  if (!key || !tenant) {
    return { what: { en: 'The key is not here any more.', fr: 'La clé n’est plus ici.' } }
  }
  const whose = {
    en: `The key of ${site?.name ?? `tenant ${tenant.name}`}`,
    fr: `La clé de ${site?.name ?? `tout le client ${tenant.name}`}`,
  }
  switch (keyState(key, tenant, call.at)) {
    case 'revoked': {
      const ago = sinceThen(key.revokedAt ?? call.at, now)
      return {
        what: {
          en: `${whose.en} was revoked ${ago.en}.`,
          fr: `${whose.fr} a été révoquée ${ago.fr}.`,
        },
        remedy: {
          en: 'If the site is to work again, give it a new key:',
          fr: 'Si le site doit fonctionner de nouveau, donnez-lui une nouvelle clé :',
        },
        commands: newKey(story),
      }
    }
    case 'expired': {
      const ago = sinceThen(key.expiresAt ?? call.at, now)
      return {
        what: { en: `${whose.en} expired ${ago.en}.`, fr: `${whose.fr} a expiré ${ago.fr}.` },
        remedy: { en: 'Give the site a new key:', fr: 'Donnez au site une nouvelle clé :' },
        commands: newKey(story),
      }
    }
    case 'disabled':
      return {
        what: {
          en: `Tenant ${tenant.name} is disabled, so none of its keys works.`,
          fr: `Le client ${tenant.name} est désactivé, donc aucune de ses clés ne marche.`,
        },
        remedy: letWork,
        commands: enableTenant(story),
      }
    case 'active':
  }
  if (site && site.removedAt !== null) {
    return {
      what: {
        en: `Site ${site.name} is being deleted.`,
        fr: `Le site ${site.name} est en cours de suppression.`,
      },
    }
  }
  const made = key.rotatedAt === null ? undefined : sinceThen(key.rotatedAt, now)
  return {
    what: made
      ? {
          en: `${whose.en} is good, but it has a new secret, made ${made.en}, and the one given is not it.`,
          fr: `${whose.fr} est bonne, mais elle a un nouveau secret, créé ${made.fr}, et celui donné est un autre.`,
        }
      : {
          en: `${whose.en} is good, but its secret is another than the one given.`,
          fr: `${whose.fr} est bonne, mais son secret n’est pas celui donné.`,
        },
    remedy: {
      en: 'Compare with what was printed when the secret was made, or make a new one:',
      fr: 'Comparez avec ce qui a été affiché à la création du secret, ou créez-en un nouveau :',
    },
    commands: [command`key rotate ${key.apiKey}`],
  }
}

/** Whose that is which the caller was told is not there: what we may not tell it. */
function aboutNamed({ named, key, tenant }: Story, { refusal }: ListedCall, now: number): Verdict {
  const [one] = named
  const general = explanationOf(refusal?.code ?? '')
  if (!one || !tenant) {
    return {
      what: {
        en: 'There is none of that name or number here.',
        fr: 'Rien ici ne porte ce nom ou ce numéro.',
      },
      remedy: general.remedy,
    }
  }
  const owner = {
    en: `${one.user ? `${one.user} on ` : ''}${one.site.name} of tenant ${one.tenant}`,
    fr: `${one.user ? `${one.user} sur ` : ''}${one.site.name} du client ${one.tenant}`,
  }
  const isSeen =
    one.site.tenantId === key?.tenantId && (key.siteId === null || key.siteId === one.site.id)
  if (!isSeen) {
    return {
      what: {
        en: `${one.what.en} belongs to ${owner.en}, which this key does not see; the caller was not told.`,
        fr: `${one.what.fr} est à ${owner.fr}, que cette clé ne voit pas ; l’appelant ne l’a pas su.`,
      },
      remedy:
        one.site.tenantId === key?.tenantId
          ? {
              en: `Call with a key of ${one.site.name}, or with one of the whole tenant.`,
              fr: `Appelez avec une clé de ${one.site.name}, ou avec une de tout le client.`,
            }
          : {
              en: 'Each tenant sees its own. Was a number copied from elsewhere?',
              fr: 'Chaque client voit ce qui est à lui. Un numéro a-t-il été copié d’ailleurs ?',
            },
    }
  }
  if (one.goneAt !== null) {
    const ago = sinceThen(one.goneAt, now)
    return {
      what: {
        en: `${one.what.en} of ${owner.en} went ${ago.en}.`,
        fr: `${one.what.fr} de ${owner.fr} a disparu ${ago.fr}.`,
      },
      remedy: general.remedy,
    }
  }
  return {
    what: {
      en: `${one.what.en} belongs to ${owner.en}: it came after the call, or the call named another user or site.`,
      fr: `${one.what.fr} est à ${owner.fr} : c’est venu après l’appel, ou l’appel nommait un autre utilisateur ou site.`,
    },
    remedy: {
      en: 'Leave `user` and `site` out, or give those of the answer that named it.',
      fr: 'Ne donnez ni `user` ni `site`, ou ceux de la réponse qui l’a nommé.',
    },
  }
}
