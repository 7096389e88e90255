import { html, type Html } from '../../html/html.ts'
import type { Json } from '../schema.ts'
import { fieldsOf } from './fields.ts'

/** A text of the document, where code stands between backticks. */
export const prose = (text = ''): Html[] =>
  text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))

/** A name that may be broken after its signs, and on a phone has to be. */
export const breakable = (name: string): Html =>
  html`<code>${name.split(/(?<=[/._])/).map((part) => html`${part}<wbr />`)}</code>`

/** Rows of a name and what it is. */
export const rows = (all: readonly (readonly [name: Html, is: Html | Html[]])[]): Html =>
  html`<dl class="rows">
    ${all.map(
      ([name, is]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${is}</dd>
        </div>`,
    )}
  </dl>`

/** The fields of a body, each with its type and what is said of it. */
export const fieldRows = (body: Json, components: Json): Html =>
  rows(
    fieldsOf(body, components).map(({ path, type, description }) => [
      breakable(path),
      html`<code class="type">${type}</code> ${prose(description)}`,
    ]),
  )

/** What is opened by a click, under a name that addresses lead to and the search finds. */
export const entry = (id: string, name: Html, summary: string, body: Html): Html =>
  html`<details class="entry" id="${id}">
    <summary>
      <h3>${name}</h3>
      <span>${prose(summary)}</span>
    </summary>
    ${body}
  </details>`

/** More than most readers want at once. */
export const fold = (name: string, body: Html): Html =>
  html`<details>
    <summary>${name}</summary>
    ${body}
  </details>`

export const json = (value: unknown): Html =>
  html`<pre tabindex="0">${JSON.stringify(value, null, 2)}</pre>`
