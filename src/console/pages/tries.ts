import { isDelivered } from '../../db/rules/endpoint-health.ts'
import { html, seen, type Html } from '../../html/html.ts'
import type { Language } from '../../language.ts'
import type { OpenTry } from '../../webhooks/relay/tries.ts'
import { card, table, tag } from './elements.ts'
import { recordTexts } from './record-texts.ts'
import type { Words } from './words.ts'

/** The tries of a delivery, and what the site answered to the last of them; null when there were none. */
export function triesCard(language: Language, words: Words, all: readonly OpenTry[]): Html | null {
  if (all.length === 0) return null
  const text = recordTexts[language]
  const slowest = Math.max(...all.map(({ durationMs }) => durationMs), 1)
  return card(
    text.tries,
    html`${table(
      text.tries,
      text.tryColumns,
      all.map(({ number, startedAt, durationMs, status, error }) => [
        words.number(number),
        words.ago(startedAt),
        html`${words.lasting(durationMs)} ${length(durationMs / slowest, isDelivered(status))}`,
        tag(isDelivered(status) ? 'good' : 'bad', String(status ?? seen(error ?? text.noAnswer))),
      ]),
    )}
    ${all
      .filter(({ response }) => response !== null && response !== '')
      .slice(-3)
      .map(
        ({ number, response }) =>
          html`<details>
            <summary>${text.answered} (${number})</summary>
            <pre><code>${response}</code></pre>
          </details>`,
      )}`,
  )
}

/** How long a try took beside the others. The number stands before it. */
const length = (part: number, good: boolean): Html =>
  html`<svg class="chart length" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
    <rect
      class="${good ? 'good' : 'bad'}"
      width="${Math.max(2, 100 * part).toFixed(0)}"
      height="6"
      rx="2"
    />
  </svg>`
