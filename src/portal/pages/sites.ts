import type { SiteState } from '../../db/ports/overview.ts'
import { html, seen, type Html, type Part } from '../../html/html.ts'
import type { Page } from '../../html/page.ts'
import { card, table, tag } from '../../console/pages/elements.ts'
import { wordsFor, type Words } from '../../console/pages/words.ts'
import type { SitesView } from '../facts.ts'
import { framed, siteAddress, type Frame } from './frame.ts'
import { portalTexts, type PortalTexts } from './texts.ts'

/** A tenant's sites, the worst first. */
export function sitesPage(frame: Frame, { tenant, now, rows, page, hasMore }: SitesView): Page {
  const text = portalTexts[frame.language]
  const words = wordsFor(frame.language, now)
  const link = (to: number, name: string) => html`<a href="${`/portal?page=${to}`}">${name}</a>`
  const body =
    rows.length === 0 && page === 1
      ? card(text.sites, html`<p>${text.noSites}</p>`)
      : html`<section class="card">
          <h2>${text.sites}</h2>
          ${table(
            text.sites,
            text.siteColumns,
            rows.map((row) => cells(text, words, row)),
          )}
          ${
            (page > 1 || hasMore) &&
            html`<p class="foot pages">
              ${page > 1 && link(page - 1, text.previous)} ${hasMore && link(page + 1, text.next)}
            </p>`
          }
        </section>`
  return framed(frame, seen(tenant), body)
}

const cells = (text: PortalTexts, words: Words, site: SiteState): Part[] => [
  html`<strong><a href="${siteAddress(site.name)}">${seen(site.name)}</a></strong>`,
  stateOf(text, words, site),
  words.number(site.items),
  words.ago(site.consentEndsAt),
  site.lastDelivery
    ? html`${words.ago(site.lastDelivery.at)}
        <small class="soft">${text.deliveries[site.lastDelivery.state]}</small>`
    : words.ago(null),
]

function stateOf({ siteStates: said }: PortalTexts, words: Words, site: SiteState): Html {
  const { asking, disabledAt, failingSince } = site
  const isSending = disabledAt === null && failingSince === null
  return html`${asking > 0 && tag('bad', said.asking(words.number(asking)))}
  ${disabledAt !== null && html`${tag('bad', said.disabled)} <small>${words.ago(disabledAt)}</small>`}
  ${
    disabledAt === null &&
    failingSince !== null &&
    html`${tag('warn', said.failing)} <small>${words.ago(failingSince)}</small>`
  }
  ${asking === 0 && isSending && tag('good', said.well)}`
}
