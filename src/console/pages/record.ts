import { html, seen, type Html } from '../../html/html.ts'
import type { Page } from '../../html/page.ts'
import { detailList } from '../../html/elements.ts'
import type { Subject } from '../../db/ports/history.ts'
import { bankOf } from '../../db/ports/items.ts'
import { consentMs } from '../../db/rules/consent-end.ts'
import { stateOfEvent } from '../../db/rules/event-state.ts'
import { isSuccess } from '../../http-exchange.ts'
import type { Language } from '../../language.ts'
import { shortMethod } from '../../explain/call-verdict.ts'
import { command } from '../../terminal/shell.ts'
import { alikeCalls } from '../facts/lists.ts'
import type { Meant, RecordView } from '../facts/record.ts'
import { life } from './charts.ts'
import { doneLine, type Done } from './done.ts'
import { framed, type Frame } from './frame.ts'
import { card, commandLine, linkTo, sentence, statusTag, table, tag, toneOf } from './elements.ts'
import { recordFacts } from './record-facts.ts'
import { recordTexts, type RecordTexts } from './record-texts.ts'
import { triesCard } from './tries.ts'
import { wordsFor, type Words } from './words.ts'

/** How many rows each list of a page has. */
const most = 15

/** One record: what became of it and what to do, what it is, and what happened, as `explain` tells it. */
export function recordPage(
  frame: Frame,
  record: RecordView,
  { acts, done }: { acts: readonly Html[]; done?: Done | undefined },
): Page {
  const text = recordTexts[frame.language]
  const words = wordsFor(frame.language, record.now)
  const { kind } = record.story.subject
  const isEvent = kind === 'event' || kind === 'delivery'
  const body = html`${doneLine(frame.language, done)} ${verdict(frame.language, record, acts)}
    <div class="grid">
      ${card(text.facts, detailList(recordFacts(text, words, record)))}
      ${picture(text, words, record)}
    </div>
    ${isEvent && triesCard(frame.language, words, record.tries)}
    ${kind === 'call' && atBridge(text, words, record)}
    ${(kind === 'user' || kind === 'site') && connections(text, words, record)}
    ${!isEvent && webhooks(text, words, record)} ${kind !== 'call' && calls(text, words, record)}
    ${kind !== 'request' && links(text, words, record)} ${story(frame.language, words, record)}`
  return framed(frame, titleOf(text, record), body)
}

function titleOf(
  text: RecordTexts,
  { story: { subject, site, user, events, calls } }: RecordView,
): string {
  const [event, call] = [events[0], calls[0]]
  const name = (
    {
      site: site?.name,
      user: user ? user.name || text.defaultUser : undefined,
      event: event?.type,
      delivery: event?.type,
      call: call && shortMethod(call.method, call.refusal?.code),
    } as Partial<Record<Subject['kind'], string>>
  )[subject.kind]
  return `${text.kinds[subject.kind]} ${seen(name ?? subject.id)}`
}

function verdict(language: Language, record: RecordView, acts: readonly Html[]): Html {
  const { what, remedy, commands = [] } = record.verdict
  return card(
    recordTexts[language].verdict,
    html`<p class="ink">${sentence(what[language])}</p>
      ${remedy && html`<p>${sentence(remedy[language])}</p>`} ${commands.map(commandLine)}
      ${acts.length > 0 && html`<div class="acts">${acts}</div>`}`,
  )
}

/** A connection's life over its consent, or an event's tries. */
function picture(text: RecordTexts, words: Words, { story: told, now }: RecordView): Html | null {
  const [held] = told.subject.kind === 'item' || told.subject.kind === 'account' ? told.items : []
  const end = held?.item.authenticationExpiresAt ?? null
  if (!held || end === null) return null
  const from = end - consentMs
  return card(
    text.life,
    life(text.lifeSaid(words.day(from), words.day(end)), {
      from,
      to: end,
      now,
      marks: told.events
        .filter(({ receivedAt }) => receivedAt >= from)
        .map((event) => ({ at: event.receivedAt, tone: toneOf(stateOfEvent(event)) })),
      ends: [words.day(from), words.day(end)],
    }),
  )
}

function atBridge(
  text: RecordTexts,
  words: Words,
  { story: { calls: all } }: RecordView,
): Html | null {
  const steps = all[0]?.bridge ?? []
  if (steps.length === 0) return null
  return card(
    text.atBridge,
    table(
      text.atBridge,
      text.bridgeColumns,
      steps
        .slice(0, 50)
        .map(({ call, status, ms }) => [
          call,
          tag(isSuccess(status) ? 'good' : 'bad', String(status ?? text.noAnswer)),
          words.lasting(ms),
        ]),
    ),
  )
}

function connections(
  text: RecordTexts,
  words: Words,
  { connections: all, now }: RecordView,
): Html | null {
  if (all.length === 0) return null
  return card(
    text.connections,
    table(
      text.connections,
      text.connectionColumns,
      all
        .slice(0, most)
        .map(({ item, user }) => [
          html`${linkTo('item', String(item.id), String(item.id))}
            <small class="soft">${seen(bankOf(item) ?? '')}</small>`,
          linkTo('user', user.id, seen(user.name || text.defaultUser)),
          statusTag(item.status, item.statusCodeInfo),
          words.ago(item.lastSuccessAt),
          item.authenticationExpiresAt !== null && item.authenticationExpiresAt <= now
            ? html`${tag('bad', '!')} ${words.ago(item.authenticationExpiresAt)}`
            : words.ago(item.authenticationExpiresAt),
        ]),
    ),
  )
}

function webhooks(text: RecordTexts, words: Words, { story: { events } }: RecordView): Html | null {
  if (events.length === 0) return null
  return card(
    text.webhooks,
    table(
      text.webhooks,
      text.webhookColumns,
      events
        .slice(-most)
        .toReversed()
        .map((event) => {
          const { id, type, receivedAt, delivery } = event
          const state = stateOfEvent(event)
          return [
            linkTo('event', id, seen(type)),
            words.ago(receivedAt),
            tag(toneOf(state), text.states[state]),
            words.number(delivery?.tries.length ?? 0),
          ]
        }),
    ),
  )
}

function calls(
  text: RecordTexts,
  words: Words,
  { story: { calls: all } }: RecordView,
): Html | null {
  if (all.length === 0) return null
  return card(
    text.calls,
    table(
      text.calls,
      text.callColumns,
      alikeCalls(all.toReversed())
        .slice(0, most)
        .map(({ newest: { id, method, at, status, refusal, durationMs }, count }) => [
          html`${linkTo('call', id, seen(shortMethod(method, refusal?.code)))}
          ${count > 1 && html`<small class="soft">${text.times(words.number(count))}</small>`}`,
          words.ago(at),
          html`${tag(status < 400 ? 'good' : 'bad', String(status))} ${refusal?.code}`,
          words.lasting(durationMs),
        ]),
    ),
  )
}

function links(text: RecordTexts, words: Words, { story: { requests } }: RecordView): Html | null {
  if (requests.length === 0) return null
  return card(
    text.links,
    table(
      text.links,
      text.linkColumns,
      requests
        .slice(-most)
        .toReversed()
        .map(({ request: { id, openedAt, state, itemId } }) => [
          linkTo('request', id, id.slice(0, 8)),
          words.ago(openedAt),
          tag(toneOf(state), text.linkStates[state]),
          itemId === null ? words.ago(null) : linkTo('item', String(itemId), String(itemId)),
        ]),
    ),
  )
}

function story(
  language: Language,
  words: Words,
  { steps, older, story: { subject } }: RecordView,
): Html {
  const text = recordTexts[language]
  return card(
    text.story,
    html`<ol class="steps">
        ${steps.map(
          ({ at, text: said }) =>
            html`<li>
              <time datetime="${at}">${at.slice(0, 19).replace('T', ' ')}</time>
              ${sentence(said[language])}
            </li>`,
        )}
      </ol>
      ${
        older > 0 &&
        html`<p>${text.older(words.number(older))}</p>
          ${commandLine(command`explain ${subject.id} --all`)}`
      }`,
  )
}

/** What a word may mean, where that is not one record. */
export function searchPage(frame: Frame, word: string, meant: readonly Meant[]): Page {
  const text = recordTexts[frame.language]
  const body =
    meant.length === 0
      ? html`<section class="card">
          <p class="ink">${text.none(seen(word))}</p>
          <p>${text.hint}</p>
        </section>`
      : card(
          text.several(seen(word)),
          html`<ul>
            ${meant.map(
              (one) =>
                html`<li>
                  ${text.kinds[one.subject.kind]}
                  ${linkTo(one.subject.kind, one.subject.id, seen(nameIn(text, one)))}
                  <span class="soft"
                    >${[one.site, one.tenant]
                      .filter((name) => name !== null)
                      .map(seen)
                      .join(', ')}</span
                  >
                </li>`,
            )}
          </ul>`,
        )
  return framed({ ...frame, sought: word }, text.search, body)
}

const nameIn = (text: RecordTexts, { subject, user, site, bank }: Meant): string =>
  ({ user: user || text.defaultUser, site, bank } as Partial<Record<string, string | null>>)[
    subject.kind
  ] ?? subject.id
