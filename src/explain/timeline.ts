import type { Localized } from '../language.ts'
import { lasting } from '../terminal/durations.ts'
import { triesSaid } from './event-verdict.ts'
import type { Story } from './story.ts'

/** One step of a story, or several of a kind. `at` is ISO 8601 in UTC, to the second. */
export interface Step {
  at: string
  text: Localized
  detail: string[]
}

const second = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** Puts all that is known in the order it happened, in words: ids and statuses, no link, no bank data. */
export const stepsOf = (story: Story): Step[] =>
  momentsOf(story, ({ event, tries }) => [event, ...tries]).map(({ at, what: text, detail }) => ({
    at: second(at),
    text,
    detail,
  }))

/** The same in short: an event with how it ended is one line, and so are many of a kind that follow each other. */
export function linesOf(story: Story): Step[] {
  const lines: { at: number; what: Localized; took: number[]; count: number }[] = []
  for (const { at, what: whole, tookMs } of momentsOf(story, ({ inShort }) => [inShort])) {
    const what = { en: short(whole.en), fr: short(whole.fr) }
    const last = lines.at(-1)
    const took = tookMs === undefined ? [] : [tookMs]
    if (last?.what.en === what.en) {
      last.count += 1
      last.took.push(...took)
    } else lines.push({ at, what, took, count: 1 })
  }
  return lines.map(({ at, what, took, count }) => ({
    at: second(at),
    text: {
      en: `${times(count)}${what.en}${took.length === 0 ? '' : `, ${rangeOf(took).en}`}`,
      fr: `${times(count)}${what.fr}${took.length === 0 ? '' : `, ${rangeOf(took).fr}`}`,
    },
    detail: [],
  }))
}

const times = (count: number): string => (count === 1 ? '' : `${count} × `)

const short = (what: string): string => what.replace(/^(call|appel) bank_api\.bridge\./, '$1 ')

function rangeOf(took: readonly number[]): Localized {
  const [least, most] = [Math.min(...took), Math.max(...took)]
  const [en, fr] = [lasting(least), lasting(least, 'fr')]
  return {
    en: en === lasting(most) ? en : `${en} to ${lasting(most)}`,
    fr: fr === lasting(most, 'fr') ? fr : `${fr} à ${lasting(most, 'fr')}`,
  }
}

interface Moment {
  at: number
  what: Localized
  detail: string[]
  tookMs?: number | undefined
}

type EventMoments = ReturnType<typeof ofEvent>

function momentsOf(story: Story, ofOne: (event: EventMoments) => Moment[]): Moment[] {
  return [
    ...story.requests.flatMap(ofRequest),
    ...story.items.flatMap(ofItem),
    ...story.calls.map(ofCall),
    ...story.events.flatMap((event) => ofOne(ofEvent(event))),
    ...story.audit.map(ofAudit),
  ]
    .flatMap(({ at, ...said }) => (at === null ? [] : [{ at, ...said }]))
    .toSorted((a, b) => a.at - b.at)
}

/** Null where it did not happen. */
const step = (at: number | null, en: string, fr: string, detail: string[] = []) => ({
  at,
  what: { en, fr },
  detail,
})

function ofRequest({ request }: Story['requests'][number]) {
  const { id, itemId, claimedItemId } = request
  const { managedItemId: managed } = request
  const [kind, french] =
    managed === null
      ? ['a new item', 'une nouvelle connexion']
      : [`item ${managed}`, `la connexion ${managed}`]
  const by =
    itemId === null && request.matchedAt !== null ? 'a correction left it' : 'a callback named'
  return [
    step(request.openedAt, `request ${id} opened for ${kind}`, `lien ${id} ouvert pour ${french}`, [
      `now ${request.state}${request.step === null ? '' : ` at step ${request.step}`}`,
      ...(request.callbacks > 0 ? [`callbacks not verified at once: ${request.callbacks}`] : []),
      ...(claimedItemId === null
        ? []
        : [`${by} item ${claimedItemId}; Bridge has yet to confirm it`]),
    ]),
    step(
      request.matchedAt,
      `request matched from Bridge's events`,
      'lien reconnu par les événements de Bridge',
    ),
    step(
      request.completedAt,
      `request completed with item ${itemId ?? '-'}`,
      `lien abouti avec la connexion ${itemId ?? '-'}`,
    ),
    step(request.state === 'expired' ? request.expiresAt : null, 'request expired', 'lien expiré'),
  ]
}

function ofItem({ item }: Story['items'][number]) {
  const status = `${item.status} ${item.statusCodeInfo ?? ''}`.trim()
  return [
    step(item.createdAt, `item ${item.id} stored`, `connexion ${item.id} enregistrée`),
    step(
      item.updatedAt,
      `item last updated: status ${status}`,
      `dernière actualisation de la connexion : statut ${status}`,
    ),
    step(
      item.unreachableAt,
      'item not found at Bridge (404)',
      'connexion introuvable chez Bridge (404)',
    ),
    step(item.goneAt, 'item gone at Bridge', 'connexion disparue chez Bridge'),
  ]
}

function ofCall(call: Story['calls'][number]) {
  const why = call.refusal?.code ?? call.excType
  const end = why === null ? String(call.status) : `${call.status} ${why}`
  return {
    ...step(call.at, `call ${call.method}: ${end}`, `appel ${call.method} : ${end}`, [
      `${call.id}, ${call.durationMs} ms`,
      ...(call.refusal ? [call.refusal.message] : []),
      ...call.bridge.map(
        ({ call: bridge, status, ms }) => `Bridge ${bridge}: ${status ?? 'no answer'}, ${ms} ms`,
      ),
    ]),
    tookMs: call.durationMs,
  }
}

/** An event with its tries one by one, and all of it in a line. */
function ofEvent({
  id,
  type,
  receivedAt,
  handledAt,
  failures,
  hasBody,
  delivery,
}: Story['events'][number]): { event: Moment; tries: Moment[]; inShort: Moment } {
  const tries = (delivery?.tries ?? []).map(({ number, startedAt, durationMs, status, error }) => ({
    at: startedAt,
    what: {
      en: `try ${number} to deliver ${type}: ${status ?? error ?? 'no answer'}`,
      fr: `essai ${number} de livrer ${type} : ${status ?? error ?? 'pas de réponse'}`,
    },
    detail: [`${delivery?.id}, ${durationMs} ms`],
  }))
  const detail = [
    id,
    handledAt === null ? `not handled yet, failures: ${failures}` : `handled ${second(handledAt)}`,
    ...(delivery
      ? ofDelivery(delivery)
      : [
          `no delivery: ${hasBody ? 'the site had no webhook URL' : 'its connection was deleted, or its body is past its time'}`,
        ]),
  ]
  const event = { at: receivedAt, what: { en: `event ${type}`, fr: `événement ${type}` }, detail }
  const last = delivery?.tries.at(-1)
  const undelivered = hasBody
    ? { en: 'kept', fr: 'gardé' }
    : { en: 'is not sent any more', fr: 'n’est plus envoyé' }
  const ended = delivery ? endOf(delivery) : undelivered
  const what = { en: `${type} ${ended.en}`, fr: `${type} ${ended.fr}` }
  return {
    event,
    tries,
    inShort: { at: receivedAt, what, detail, tookMs: last?.durationMs },
  }
}

type Delivery = NonNullable<Story['events'][number]['delivery']>

function endOf({ state, tries }: Delivery): Localized {
  const last = tries.at(-1)
  const { length } = tries
  if (state === 'delivered') {
    return length > 1
      ? { en: `delivered on try ${length}`, fr: `livré à l’essai ${length}` }
      : { en: 'delivered', fr: 'livré' }
  }
  if (!last && state === 'pending') {
    return { en: 'waits, not tried yet', fr: 'attend, pas encore essayé' }
  }
  const tried = triesSaid(length)
  const answer = last ? ` (${last.status ?? last.error})` : ''
  return state === 'dead'
    ? { en: `given up after ${tried.en}${answer}`, fr: `abandonné après ${tried.fr}${answer}` }
    : { en: `waits after ${tried.en}${answer}`, fr: `attend après ${tried.fr}${answer}` }
}

const ofAudit = ({ at, action, actor, count }: Story['audit'][number]) =>
  step(
    at,
    `audit ${action} by ${actor}${count > 1 ? `, ${count} times` : ''}`,
    `audit ${action} par ${actor}${count > 1 ? `, ${count} fois` : ''}`,
  )

function ofDelivery({ id, state, dueAt, settledAt }: Delivery): string[] {
  if (state !== 'pending')
    return [`delivery ${id}: ${state}${settledAt === null ? '' : ` ${second(settledAt)}`}`]
  const next = dueAt === null ? 'waits for an earlier one of this item' : `due ${second(dueAt)}`
  return [`delivery ${id}: pending, ${next}`]
}
