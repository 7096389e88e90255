import { hourMs } from '../../durations.ts'
import { html, seen, type Html, type Part } from '../../html/html.ts'
import type { Page } from '../../html/page.ts'
import type { Language } from '../../language.ts'
import { eventStates } from '../../db/ports/history.ts'
import { stateOfEvent } from '../../db/rules/event-state.ts'
import { shortMethod } from '../../explain/call-verdict.ts'
import { periods, statusClasses, type CallList, type EventList } from '../facts/lists.ts'
import { doneLine, type Done } from './done.ts'
import { form, framed, type Frame } from './frame.ts'
import { card, linkTo, table, tag, toneOf } from './elements.ts'
import { wordsFor } from './words.ts'

const en = {
  events: 'Events',
  calls: 'Calls',
  site: 'Site',
  type: 'Type',
  method: 'Method',
  state: 'State',
  status: 'Answer',
  period: 'Since',
  any: 'any',
  filter: 'Show',
  none: 'There is nothing of that kind.',
  unknownSite: (name: string) => `There is no site named ${name}.`,
  states: {
    pending: 'on its way',
    delivered: 'delivered',
    dead: 'given up',
    kept: 'kept: no webhook URL',
    forgotten: 'not sent any more',
  },
  eventColumns: ['Event', 'Site', 'Came', 'State', 'Tries', 'Last answer', 'Next try'],
  callColumns: ['Call', 'Site', 'When', 'Answer', 'Took'],
  times: (count: string) => `${count} times alike`,
  first: 'the first',
  next: 'Older ones',
  again: 'Send all of these again',
  warn: 'All that the filter means, on other pages too, is sent again, the oldest first and up to 1,000 by one press; each keeps its webhook-id, so a site that has it may ignore it.',
  sure: 'Send them again',
  rest: 'Those are the oldest of what the filter means. There are more: each press sends up to 1,000.',
  restSure: 'Send the next ones',
}

const fr: typeof en = {
  events: 'Événements',
  calls: 'Appels',
  site: 'Site',
  type: 'Type',
  method: 'Méthode',
  state: 'État',
  status: 'Réponse',
  period: 'Depuis',
  any: 'peu importe',
  filter: 'Afficher',
  none: 'Il n’y a rien de ce genre.',
  unknownSite: (name) => `Aucun site ne s’appelle ${name}.`,
  states: {
    pending: 'en route',
    delivered: 'livré',
    dead: 'abandonné',
    kept: 'gardé : pas d’URL de webhook',
    forgotten: 'n’est plus envoyé',
  },
  eventColumns: ['Événement', 'Site', 'Reçu', 'État', 'Essais', 'Réponse', 'Prochain essai'],
  callColumns: ['Appel', 'Site', 'Quand', 'Réponse', 'Durée'],
  times: (count) => `${count} fois de même`,
  first: 'le premier',
  next: 'Plus anciens',
  again: 'Tout renvoyer',
  warn: 'Tout ce que désigne le filtre est renvoyé, pages suivantes comprises, les plus anciens d’abord et jusqu’à 1 000 par appui ; chacun garde son webhook-id, et un site qui l’a déjà peut l’ignorer.',
  sure: 'Renvoyer',
  rest: 'Ce sont les plus anciens de ce que désigne le filtre. Il y en a d’autres : chaque appui en renvoie jusqu’à 1 000.',
  restSure: 'Renvoyer les suivants',
}

const texts: Readonly<Record<Language, typeof en>> = { en, fr }
type Texts = typeof en

const input = (label: string, name: string, value: string): Html =>
  html`<label>${label} <input name="${name}" value="${value}" maxlength="140" /></label>`

const select = (
  label: string,
  name: string,
  chosen: string,
  options: readonly (readonly [value: string, text: string])[],
): Html =>
  html`<label
    >${label}
    <select name="${name}">
      ${options.map(([value, said]) =>
        value === chosen
          ? html`<option value="${value}" selected>${said}</option>`
          : html`<option value="${value}">${said}</option>`,
      )}
    </select></label
  >`

const filterForm = (text: Texts, action: string, fields: Part): Html =>
  html`<form class="filter" method="get" action="${action}">
    ${fields}
    <button>${text.filter}</button>
  </form>`

const periodOptions = (lasting: (ms: number) => string) =>
  periods.map((hours) => [String(hours), lasting(hours * hourMs)] as const)

const nextLink = (text: Texts, query: Readonly<Record<string, string | number>>): Html => {
  const given = Object.entries(query).filter(([, value]) => value !== '')
  const words = new URLSearchParams(given.map(([name, value]) => [name, `${value}`]))
  return html`<p class="foot"><a href="${`?${words.toString()}`}">${text.next}</a></p>`
}

/** Events of sites: which, how they stand, and a way to send them again. */
export function eventsPage(
  frame: Frame,
  list: EventList,
  { done, rest }: { done?: Done | undefined; rest?: Rest | undefined } = {},
): Page {
  const text = texts[frame.language]
  const words = wordsFor(frame.language, list.now)
  const { query, rows, next } = list
  const stateOptions = [
    ['', text.any] as const,
    ...eventStates.map((one) => [one, text.states[one]] as const),
  ]
  const body = html`${doneLine(frame.language, done)}
  ${
    rest &&
    html`<section class="card">
      <p>${text.rest}</p>
      ${sendForm(frame, query, text.restSure, rest)}
    </section>`
  }
  ${card(
    text.filter,
    filterForm(text, '/console/events', [
      input(text.site, 'site', query.site),
      input(text.type, 'type', query.type),
      select(text.state, 'state', query.state, stateOptions),
      select(text.period, 'hours', String(query.hours), periodOptions(words.lasting)),
    ]),
  )}
  ${missing(text, list)}
  ${
    rows.length > 0 &&
    html`<section class="card">
      ${table(
        text.events,
        text.eventColumns,
        rows.map((event) => {
          const { id, type, site, tenant, receivedAt, delivery } = event
          const state = stateOfEvent(event)
          const last = delivery?.tries.at(-1)
          return [
            linkTo('event', id, seen(type)),
            html`${seen(site)} <small class="soft">${seen(tenant)}</small>`,
            words.ago(receivedAt),
            tag(toneOf(state), text.states[state]),
            words.number(delivery?.tries.length ?? 0),
            last?.status ?? (last?.error == null ? words.ago(null) : seen(last.error)),
            words.ago(delivery?.nextTryAt ?? null),
          ]
        }),
      )}
      ${next !== '' && nextLink(text, { ...query, after: next })}
    </section>`
  }
  ${rows.length > 0 && query.state !== 'forgotten' && replayForm(frame, text, query)}`
  return framed(frame, text.events, body)
}

const replayForm = (frame: Frame, text: Texts, query: EventList['query']): Html =>
  html`<section class="card">
    <details>
      <summary>${text.again}</summary>
      <p>${text.warn}</p>
      ${sendForm(frame, query, text.sure)}
    </details>
  </section>`

/** Where the rest of what is sent again begins, and until when it came. */
interface Rest {
  from: string
  until: number
}

function sendForm(frame: Frame, query: EventList['query'], said: string, rest?: Rest): Html {
  const { site, type, state, hours } = query
  return form(
    frame,
    '/console/events/replay',
    html`${Object.entries({ site, type, state, hours, ...rest }).map(
        ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
      )}<button>${said}</button>`,
  )
}

/** What callers asked, and how it ended. */
export function callsPage(frame: Frame, list: CallList): Page {
  const text = texts[frame.language]
  const words = wordsFor(frame.language, list.now)
  const { query, rows, next } = list
  const statusOptions = [
    ['', text.any] as const,
    ...statusClasses.map((one) => [one, `${one}xx`] as const),
  ]
  const body = html`${card(
    text.filter,
    filterForm(text, '/console/calls', [
      input(text.site, 'site', query.site),
      input(text.method, 'method', query.method),
      select(text.status, 'status', query.status, statusOptions),
      select(text.period, 'hours', String(query.hours), periodOptions(words.lasting)),
    ]),
  )}
  ${missing(text, list)}
  ${
    rows.length > 0 &&
    html`<section class="card">
      ${table(
        text.calls,
        text.callColumns,
        rows.map(({ newest: row, oldest, count }) => [
          html`${linkTo('call', row.id, seen(shortMethod(row.method, row.refusal?.code)))}
          ${count > 1 && html`<small class="soft">${text.times(words.number(count))}</small>`}`,
          html`${seen(row.site ?? '')} <small class="soft">${seen(row.tenant ?? '')}</small>`,
          html`${words.ago(row.at)}
          ${count > 1 && html`<small class="soft">${text.first} ${words.ago(oldest.at)}</small>`}`,
          html`${tag(row.status < 400 ? 'good' : 'bad', String(row.status))} ${row.refusal?.code}`,
          words.lasting(row.durationMs),
        ]),
      )}
      ${next !== '' && nextLink(text, { ...query, before: next })}
    </section>`
  }`
  return framed(frame, text.calls, body)
}

function missing(text: Texts, { isSiteKnown, query, rows }: EventList | CallList): Html | null {
  if (!isSiteKnown) return html`<p class="ink">${text.unknownSite(seen(query.site))}</p>`
  return rows.length === 0 ? html`<p class="ink">${text.none}</p>` : null
}
