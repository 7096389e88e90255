import { withoutQuery } from '../../connect/site-urls.ts'
import { html, seen, type Part } from '../../html/html.ts'
import type { Subject } from '../../db/ports/history.ts'
import { bankOf } from '../../db/ports/items.ts'
import { stateOfEvent } from '../../db/rules/event-state.ts'
import { overFrom } from '../../db/rules/request-claim.ts'
import type { RecordView } from '../facts/record.ts'
import { linkTo, statusTag, tag, toneOf } from './elements.ts'
import type { RecordTexts } from './record-texts.ts'
import type { Words } from './words.ts'

type Row = readonly [string, Part]

/** What a record is, a row each: of its own first, then whose it is. */
export const recordFacts = (text: RecordTexts, words: Words, record: RecordView): Row[] => [
  ...own[record.story.subject.kind](text, words, record),
  ...ownerFacts(text, record),
]

function ownerFacts({ names, defaultUser }: RecordTexts, { story }: RecordView): Row[] {
  const { subject, site, tenant, user, key } = story
  return [
    [
      names.user,
      user && subject.kind !== 'user' && linkTo('user', user.id, seen(user.name || defaultUser)),
    ],
    [names.site, site && subject.kind !== 'site' && linkTo('site', site.id, seen(site.name))],
    [names.tenant, tenant && seen(tenant.name)],
    [names.key, key && subject.kind !== 'key' && linkTo('key', key.apiKey, key.apiKey)],
    [names.label, key?.label && seen(key.label)],
  ]
}

const time = (words: Words, at: number | null | undefined): Part => at != null && words.ago(at)

function itemFacts({ names }: RecordTexts, words: Words, { story: { items } }: RecordView): Row[] {
  const [held] = items
  if (!held) return []
  const { item, accounts } = held
  const bank = bankOf(item)
  return [
    [names.item, String(item.id)],
    [names.bank, bank !== null && seen(bank)],
    [names.status, statusTag(item.status, item.statusCodeInfo)],
    [names.consent, time(words, item.authenticationExpiresAt)],
    [names.read, time(words, item.lastSuccessAt)],
    [names.accounts, words.number(accounts.length)],
    [names.stored, words.ago(item.createdAt)],
    [names.gone, time(words, item.goneAt)],
  ]
}

function requestFacts(
  { names, linkStates }: RecordTexts,
  words: Words,
  { story }: RecordView,
): Row[] {
  const request = story.requests.at(-1)?.request
  if (!request) return []
  const { id, state, step, bank, openedAt, completedAt, itemId } = request
  return [
    [names.request, html`<code>${id}</code>`],
    [names.state, html`${tag(toneOf(state), linkStates[state])} ${step && seen(step)}`],
    [names.bank, bank !== null && seen(bank)],
    [names.opened, words.ago(openedAt)],
    [names.expires, state === 'pending' && time(words, overFrom(request))],
    [names.completed, time(words, completedAt)],
    [names.item, itemId !== null && linkTo('item', String(itemId), String(itemId))],
  ]
}

function eventFacts(text: RecordTexts, words: Words, { story: { events } }: RecordView): Row[] {
  const { names, states } = text
  const [event] = events
  if (!event) return []
  const { delivery, itemId } = event
  const state = stateOfEvent(event)
  return [
    [names.event, html`<code>${event.id}</code>`],
    [names.state, tag(toneOf(state), states[state])],
    [names.came, words.ago(event.receivedAt)],
    [names.applied, time(words, event.handledAt)],
    [names.due, state === 'pending' && time(words, delivery?.dueAt)],
    [names.item, itemId !== null && linkTo('item', String(itemId), String(itemId))],
  ]
}

function callFacts({ names }: RecordTexts, words: Words, { story: { calls } }: RecordView): Row[] {
  const [call] = calls
  if (!call) return []
  const { status, refusal, excType, request, itemId } = call
  return [
    [names.call, html`<code>${call.id}</code>`],
    [
      names.status,
      html`${tag(status < 400 ? 'good' : 'bad', String(status))} ${refusal?.code ?? excType}`,
    ],
    [names.message, refusal && seen(refusal.message)],
    [names.asked, refusal?.named['asked'] !== undefined && seen(String(refusal.named['asked']))],
    [names.at, words.ago(call.at)],
    [names.took, words.lasting(call.durationMs)],
    [names.request, request !== null && linkTo('request', request, request.slice(0, 8))],
    [names.item, itemId !== null && linkTo('item', String(itemId), String(itemId))],
  ]
}

function siteFacts({ names }: RecordTexts, words: Words, { story }: RecordView): Row[] {
  const { site, endpoint } = story
  if (!site) return []
  return [
    [names.origin, site.origin !== null && seen(site.origin)],
    [names.webhookUrl, site.webhookUrl !== null && seen(withoutQuery(site.webhookUrl))],
    [
      names.disabled,
      endpoint?.disabledAt != null && html`${tag('bad', '!')} ${words.ago(endpoint.disabledAt)}`,
    ],
    [
      names.failing,
      endpoint?.failingSince != null &&
        html`${tag('warn', '!')} ${words.ago(endpoint.failingSince)}`,
    ],
    [names.gone, time(words, site.removedAt)],
  ]
}

function keyFacts({ names }: RecordTexts, words: Words, { story: { key } }: RecordView): Row[] {
  if (!key) return []
  return [
    [names.key, html`<code>${key.apiKey}</code>`],
    [names.created, words.ago(key.createdAt)],
    [names.used, time(words, key.lastUsedAt)],
    [names.expires, time(words, key.expiresAt)],
    [names.revoked, time(words, key.revokedAt)],
  ]
}

const own: Record<Subject['kind'], (text: RecordTexts, words: Words, record: RecordView) => Row[]> =
  {
    item: itemFacts,
    account: itemFacts,
    request: requestFacts,
    event: eventFacts,
    delivery: eventFacts,
    call: callFacts,
    site: siteFacts,
    key: keyFacts,
    user: ({ names }, _words, { story }) => [[names.uuid, story.user?.userUuid ?? null]],
  }
