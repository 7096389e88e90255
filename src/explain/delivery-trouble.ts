import type { ListedEvent } from '../db/ports/history.ts'
import type { Localized } from '../language.ts'
import { sinceThen } from '../terminal/durations.ts'
import { hintFor } from '../webhooks/relay/hints.ts'
import { enableEndpoint, replayDead, together } from './commands.ts'
import type { Story } from './story.ts'
import type { Verdict } from './verdict.ts'

export type Try = NonNullable<ListedEvent['delivery']>['tries'][number]

/** What is wrong with the webhooks of a story; undefined when nothing is. */
export function troubleOfDeliveries(story: Story, now: number): Verdict | undefined {
  const { events, endpoint, site } = story
  const dead = events.filter(({ delivery, hasBody }) => delivery?.state === 'dead' && hasBody)
  const disabledAt = endpoint?.disabledAt ?? null
  if (dead.length === 0 && disabledAt === null) return undefined
  const last = dead.at(-1)?.delivery?.tries.at(-1)
  const hint = hintOf(site, last)
  const ago = sinceThen(disabledAt ?? now, now)
  const answer = last?.status ?? last?.error
  const many = dead.length > 1
  return {
    ...together(
      dead.length === 0
        ? undefined
        : {
            what: {
              en: `${many ? `${dead.length} webhooks were` : '1 webhook was'} given up; the last answer: ${answer ?? 'none'}.`,
              fr: `${many ? `${dead.length} webhooks ont été abandonnés` : '1 webhook a été abandonné'} ; dernière réponse : ${answer ?? 'aucune'}.`,
            },
          },
      disabledAt === null
        ? undefined
        : {
            what: {
              en: `The endpoint of ${site?.name} was disabled ${ago.en}.`,
              fr: `Les webhooks de ${site?.name} ont été coupés ${ago.fr}.`,
            },
          },
    ),
    remedy: onceMended(hint),
    commands: disabledAt === null ? replayDead(story) : enableEndpoint(story),
  }
}

/** What the last answer of the receiver usually means. */
export const hintOf = (site: Story['site'], last: Try | undefined): Localized | undefined =>
  last && (hintFor({ ...last, url: site?.webhookUrl ?? '', response: null }) ?? undefined)

export const onceMended = (hint: Localized | undefined): Localized => ({
  en: `${hint?.en ?? 'Look into the log of the site.'} Once it is mended:`,
  fr: `${hint?.fr ?? 'Regardez le journal du site.'} Une fois réparé :`,
})
