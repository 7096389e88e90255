import { html, type Html } from '../../html/html.ts'
import { detailList, prose } from '../../html/elements.ts'
import type { Json } from '../schema.ts'
import { fieldsOf } from './fields.ts'

/** A name that may be broken after its signs, and on a phone has to be. */
export const breakable = (name: string): Html =>
  html`<code>${name.split(/(?<=[/._])/).map((part) => html`${part}<wbr />`)}</code>`

/** The fields of a body, each with its type and what is said of it. */
export const fieldRows = (body: Json, components: Json): Html =>
  detailList(
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
