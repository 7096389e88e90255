import { html, seen } from '../../html/html.ts'
import type { Page } from '../../html/page.ts'
import { detailList } from '../../html/elements.ts'
import { doneLine, type Done } from '../../console/pages/done.ts'
import { form } from '../../console/pages/frame.ts'
import { card, tag, toneOf } from '../../console/pages/elements.ts'
import { triesCard } from '../../console/pages/tries.ts'
import { wordsFor } from '../../console/pages/words.ts'
import { stateOfEvent } from '../../db/rules/event-state.ts'
import type { EventView } from '../facts.ts'
import { framed, siteAddress, type Frame } from './frame.ts'
import { portalTexts } from './texts.ts'

/** One event: how its delivery stands, each try with what the site answered, and a button that sends it again. */
export function eventPage(frame: Frame, { now, site, event, tries }: EventView, done?: Done): Page {
  const text = portalTexts[frame.language]
  const words = wordsFor(frame.language, now)
  const state = stateOfEvent(event)
  const dueAt = event.delivery?.nextTryAt ?? null
  const canSend = state !== 'pending' && site.webhookUrl !== null
  const again = form(
    frame,
    `/portal/event/${event.id}/replay`,
    html`<button class="quiet">${text.again}</button>`,
  )
  const body = html`${doneLine(frame.language, done)}
    ${card(
      text.facts,
      html`${detailList([
        [text.id, html`<code>${event.id}</code>`],
        [text.endpoint, tag(toneOf(state), text.deliveries[state])],
        [text.came, words.ago(event.receivedAt)],
        [text.due, dueAt !== null && words.ago(dueAt)],
        [text.site, seen(site.name)],
      ])}
      ${canSend && again}`,
    )}
    ${triesCard(frame.language, words, tries)}
    <p><a href="${siteAddress(site.name)}">${text.back}</a></p>`
  return framed(frame, seen(event.type), body)
}
