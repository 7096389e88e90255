import { keyState } from '../auth/api-keys.ts'
import { sinceThen } from '../terminal/durations.ts'
import { enableTenant, letWork, newKey, together } from './commands.ts'
import { refusedLately } from './refused-lately.ts'
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
