import type { ListedEvent } from '../../db/ports/history.ts'
import { bankOf } from '../../db/ports/items.ts'
import { withoutQuery } from '../../connect/site-urls.ts'
import { html, seen, type Html, type Part } from '../../html/html.ts'
import { dayIn } from '../../html/notice.ts'
import type { Page } from '../../html/page.ts'
import { detailList } from '../../html/elements.ts'
import { doneLine, type Done } from '../../console/pages/done.ts'
import { form } from '../../console/pages/frame.ts'
import { card, table, tag, toneOf, type Tone } from '../../console/pages/elements.ts'
import { wordsFor, type Words } from '../../console/pages/words.ts'
import { stateOfEvent } from '../../db/rules/event-state.ts'
import type { ConnectionState, ConnectionView, SiteView } from '../facts.ts'
import { framed, siteAddress, type Frame } from './frame.ts'
import { portalTexts, type PortalTexts } from './texts.ts'

/** A site's connections, what is sent to it, and its events; what needs attention has a button. */
export function sitePage(frame: Frame, view: SiteView, done?: Done): Page {
  const text = portalTexts[frame.language]
  const words = wordsFor(frame.language, view.now)
  const body = html`${doneLine(frame.language, done)} ${connections(frame, text, words, view)}
  ${webhooks(frame, text, words, view)} ${events(text, words, view)}`
  return framed(frame, seen(view.site.name), body)
}

function connections(frame: Frame, text: PortalTexts, words: Words, view: SiteView): Html {
  const { rows, page, hasMore } = view.connections
  if (rows.length === 0 && page === 1)
    return card(text.connections, html`<p>${text.noConnections}</p>`)
  const link = (to: number, name: string) =>
    html`<a href="${siteAddress(view.site.name, { page: String(to) })}">${name}</a>`
  return card(
    text.connections,
    html`${table(
      text.connections,
      text.connectionColumns,
      rows.map((row) => connectionCells(frame, text, words, { row, site: view.site })),
    )}
    ${
      (page > 1 || hasMore) &&
      html`<p class="foot pages">
        ${page > 1 && link(page - 1, text.previous)} ${hasMore && link(page + 1, text.next)}
      </p>`
    }`,
  )
}

const tones: Readonly<Record<ConnectionState, Tone>> = {
  works: 'good',
  ending: 'warn',
  ended: 'bad',
  sca: 'bad',
  edit: 'bad',
  connect: 'bad',
  wait: 'main',
  missing: 'warn',
  never: 'none',
}

function connectionCells(
  { language }: Frame,
  text: PortalTexts,
  words: Words,
  { row: { item, user, state, renewal }, site }: { row: ConnectionView } & Pick<SiteView, 'site'>,
): Part[] {
  const [said, hint] = text.states[state]
  const { authenticationExpiresAt: end, status, statusCodeInfo } = item
  return [
    html`<strong>${seen(bankOf(item) ?? text.unnamedBank)}</strong>
      <small class="soft">${seen(user)}</small> <small class="soft">${item.id}</small>`,
    html`${tag(tones[state], said)}
    ${
      status !== 0 &&
      html`<small class="soft">${status} ${statusCodeInfo !== null && seen(statusCodeInfo)}</small>`
    }`,
    words.ago(item.lastSuccessAt),
    end === null
      ? words.ago(null)
      : html`${dayIn(language, site.timeZone, end)} <small class="soft">${words.ago(end)}</small>`,
    state !== 'works' && toDo(text, { hint, state, renewal }),
  ]
}

function toDo(
  text: PortalTexts,
  { hint, state, renewal }: Pick<ConnectionView, 'state' | 'renewal'> & { hint: string },
): Html {
  const isConsent = state === 'ended' || state === 'ending'
  if (renewal !== undefined)
    return html`<a class="button" href="${renewal}">${isConsent ? text.renew : text.confirm}</a>
      <small class="soft">${hint}</small>`
  const needsSite = isConsent || state === 'sca' || state === 'edit'
  return html`${hint} ${needsSite && text.inSite}`
}

function webhooks(frame: Frame, text: PortalTexts, words: Words, { site, endpoint }: SiteView) {
  if (site.webhookUrl === null) return card(text.webhooks, html`<p>${text.noUrl}</p>`)
  const { disabledAt, failingSince } = endpoint
  const state =
    disabledAt !== null
      ? html`${tag('bad', text.endpoints.disabled)} ${words.ago(disabledAt)}`
      : failingSince !== null
        ? html`${tag('warn', text.endpoints.failing)} ${words.ago(failingSince)}`
        : tag('good', text.endpoints.well)
  const test = html`<input type="hidden" name="site" value="${site.name}" />
    <button class="quiet">${text.test}</button>`
  return card(
    text.webhooks,
    html`${detailList([
      [text.address, seen(withoutQuery(site.webhookUrl))],
      [text.endpoint, state],
    ])}
    ${disabledAt !== null && html`<p>${text.disabledHint}</p>`} ${form(frame, '/portal/test', test)}`,
  )
}

function events(text: PortalTexts, words: Words, view: SiteView): Html {
  const { site, events: rows, banks, after, next } = view
  const link = (more: { after?: string }, name: string) =>
    html`<a href="${siteAddress(site.name, more)}">${name}</a>`
  return card(
    text.events,
    html`${
      rows.length === 0
        ? html`<p>${text.noEvents}</p>`
        : table(
            text.events,
            text.eventColumns,
            rows.map((row) => eventCells(text, words, row, banks)),
          )
    }
    ${
      (after !== '' || next !== '') &&
      html`<p class="foot pages">
        ${after !== '' && link({}, text.newer)} ${next !== '' && link({ after: next }, text.older)}
      </p>`
    }`,
  )
}

function eventCells(
  text: PortalTexts,
  words: Words,
  event: ListedEvent,
  banks: SiteView['banks'],
): Part[] {
  const { itemId } = event
  const bank = itemId === null ? undefined : banks.get(itemId)
  const state = stateOfEvent(event)
  const { tries = [], nextTryAt = null } = event.delivery ?? {}
  const { status = null, error = null } = tries.at(-1) ?? {}
  return [
    html`<a href="${`/portal/event/${event.id}`}">${seen(event.type)}</a> ${
        itemId !== null &&
        html`<small class="soft">${bank !== undefined && seen(bank)} ${itemId}</small>`
      }`,
    words.ago(event.receivedAt),
    tag(toneOf(state), text.deliveries[state]),
    words.number(tries.length),
    status ?? (error === null ? words.ago(null) : seen(error)),
    nextTryAt !== null && words.ago(nextTryAt),
  ]
}
