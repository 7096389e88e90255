import type { ListedEvent } from '../db/ports/history.ts'
import { fromNow, lasting } from '../terminal/durations.ts'
import { hintFor } from '../webhooks/relay/hints.ts'
import { enableEndpoint, nameWebhookUrl, replayDead, replayOne, together } from './commands.ts'
import type { Story } from './story.ts'
import type { Judge, Verdict } from './verdict.ts'

/** Something that happened, and whether its site was told. */
export const verdictOfEvent: Judge = (story, now) => {
  const [event] = story.events
  if (!event) return { what: 'Nothing is known about this event any more.' }
  if (event.handledAt === null) {
    return {
      what: `${event.type} came ${fromNow(event.receivedAt, now)} and is not applied yet, after ${event.failures} failures.`,
      remedy: 'It is tried again by itself. The log has the reason.',
    }
  }
  if (event.siteId === null) return { what: `${event.type} concerns no site of ours.` }
  const name = story.site?.name ?? 'a site that is gone'
  return together({ what: `${event.type} for ${name}` }, howItWent(story, event, now))
}

function howItWent(story: Story, event: ListedEvent, now: number): Verdict {
  const { delivery, id } = event
  if (!delivery) {
    return {
      what: 'was kept: the site had no webhook URL.',
      remedy: 'Name one, and send this again:',
      commands: [...nameWebhookUrl(story), ...replayOne(id)],
    }
  }
  const { state, tries, dueAt, settledAt } = delivery
  const last = tries.at(-1)
  if (state === 'delivered') {
    const after = lasting((settledAt ?? event.receivedAt) - event.receivedAt)
    return {
      what: `was delivered ${after} after it came, on try ${tries.length}, which took ${lasting(last?.durationMs ?? 0)}.`,
    }
  }
  const said = last ? `the site's last answer: ${last.status ?? last.error}` : 'never tried'
  const hint = hintOf(story.site, last)
  if (story.endpoint?.disabledAt != null) {
    const ago = fromNow(story.endpoint.disabledAt, now)
    return {
      what: `is not sent: the endpoint was disabled ${ago}; ${said}.`,
      remedy: `${hint ?? 'Mend the receiver.'} Then:`,
      commands: enableEndpoint(story),
    }
  }
  if (state === 'dead') {
    return {
      what: `was given up after ${tries.length} tries; ${said}.`,
      remedy: `${hint ?? 'Look into the log of the site.'} Once it is mended:`,
      commands: replayOne(id),
    }
  }
  if (dueAt === null) return { what: 'waits for an earlier event of the same connection.' }
  const rests = story.endpoint !== null && story.endpoint.holdUntil > now
  const due = Math.max(dueAt, rests ? (story.endpoint?.holdUntil ?? 0) : 0)
  const when = due <= now ? 'is due now' : `is tried again ${fromNow(due, now)}`
  return { what: `${tries.length === 0 ? 'waits: it ' : ''}${when}; ${said}.`, remedy: hint }
}

/** What the last answer of the receiver usually means. */
const hintOf = (site: Story['site'], last: Try | undefined): string | undefined =>
  last && (hintFor({ ...last, url: site?.webhookUrl ?? '', response: null }) ?? undefined)

type Try = NonNullable<ListedEvent['delivery']>['tries'][number]

/** What is wrong with the webhooks of a story; undefined when nothing is. */
export function troubleOfDeliveries(story: Story, now: number): Verdict | undefined {
  const { events, endpoint, site } = story
  const dead = events.filter(({ delivery }) => delivery?.state === 'dead')
  const disabledAt = endpoint?.disabledAt ?? null
  if (dead.length === 0 && disabledAt === null) return undefined
  const last = dead.at(-1)?.delivery?.tries.at(-1)
  const hint = hintOf(site, last)
  const off =
    disabledAt === null
      ? ''
      : ` The endpoint of ${site?.name} was disabled ${fromNow(disabledAt, now)}.`
  const count = dead.length === 1 ? '1 webhook was' : `${dead.length} webhooks were`
  const mend = hint ?? 'Look into the log of the site.'
  return {
    what: `${dead.length === 0 ? '' : `${count} given up; the last answer: ${last?.status ?? last?.error ?? 'none'}.`}${off}`.trim(),
    remedy: `${mend} Once it is mended:`,
    commands: disabledAt === null ? replayDead(story) : enableEndpoint(story),
  }
}
